// A link that hides its prompt, and the guessing of it.
const SMALL = new Set(["a", "an", "the", "of", "on", "in", "with", "and", "or", "at", "to", "by", "is", "it", "for"]);

function riddleOf(run) {
  const bytes = new TextEncoder().encode(run.link ?? run.query);
  const text = btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_");
  return link(`riddle=${text.replace(/=+$/, "")}`);
}

// The query of a riddle; empty where it is damaged.
function unveil(text) {
  try {
    const letters = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(letters, (letter) => letter.charCodeAt(0)));
  } catch {
    return "";
  }
}

function tellingWords(text) {
  return new Set((text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).filter((word) => !SMALL.has(word)));
}

// What a riddle's pictures are called until they are guessed.
function veil(run) {
  if (!run.riddle || run.answer) return;
  run.answer = run.prompt;
  run.prompt = t("A riddle");
  run.heard = null;
  run.notes = [];
  for (const tile of run.tiles ?? []) tile.alt = `${t("Picture")} ${tile.place}`;
}

function guessForm({ run }) {
  if (!run.answer) return null;
  const field = h("input", { class: "nf-field", type: "text", autocomplete: "off" });
  const verdict = h("p", { class: "nf-guess", role: "status" });
  const reveal = () => {
    verdict.textContent = `${t("It was:")} ${run.answer}`;
    fill(run.answer);
  };
  const submit = (event) => {
    event.preventDefault();
    const wanted = tellingWords(run.answer);
    const found = [...tellingWords(field.value)].filter((word) => wanted.has(word)).length;
    if (found === wanted.size) reveal();
    else verdict.textContent = `${found} / ${wanted.size} ${t("words")}`;
  };
  return h(
    "form",
    { class: "nf-rank nf-riddle", submit },
    h("label", null, t("What was the prompt?"), field),
    h("button", { class: "nf-action nf-share" }, t("Guess")),
    h("button", { type: "button", class: "nf-action", click: reveal }, t("Tell me")),
    verdict,
  );
}
