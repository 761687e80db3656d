// What goes on with a picture: four buttons, each with a small form that opens below them.
const WAYS = { vary: t("More like this"), edit: t("Edit"), extend: t("Extend"), enlarge: t("Larger") };
const FORMS = { vary: varyForm, edit: editForm, extend: extendForm, enlarge: enlargeForm };
const STRENGTHS = [0.15, 0.35, 0.55, 0.75, 0.95];
const STRENGTH_WORDS = [t("nearly the same"), t("alike"), t("in between"), t("freer"), t("the same idea")];
const SIDES = { left: t("← Left"), right: t("Right →"), up: t("↑ Up"), down: t("↓ Down") };
const LONGEST = 8; // times the shorter side
const MOST_LARGE = 8_000_000; // pixels

// `of` tells the server which picture: { name, candidate } of a result, or { picture } of one's own.
function goingOn(of, picture) {
  const place = h("div", { class: "nf-way", hidden: true });
  const wish = (kind, more) => {
    send("asked");
    sentFrom = place;
    place.querySelector(".nf-error")?.remove();
    trigger("alter", { wish: { kind, ...of, ...more } });
  };
  const toggle = (kind) => () => {
    const opens = place.dataset.kind !== kind || place.hidden;
    place.dataset.kind = kind;
    place.hidden = !opens;
    place.replaceChildren(...(opens ? [FORMS[kind](picture, (more) => wish(kind, more))] : []));
    for (const [other, button] of Object.entries(buttons))
      button.setAttribute("aria-expanded", opens && other === kind);
    if (!opens) return;
    place.querySelector("canvas, input, button").focus({ preventScroll: true });
    place.scrollIntoView({ block: "nearest" }); // it opens below the picture, which may fill the window
  };
  const buttons = Object.fromEntries(
    Object.entries(WAYS).map(([kind, words]) => [
      kind,
      h("button", { type: "button", class: "nf-action", "aria-expanded": "false", click: toggle(kind) }, words),
    ]),
  );
  return h("div", { class: "nf-going" }, h("div", { class: "nf-ways" }, Object.values(buttons)), place);
}

// Why nothing is drawn is told in the form that asked for it, and in the status line only without one.
let sentFrom = null;
hear("failed", (failure) => {
  openLatest(); // the form may be in it
  if (!sentFrom?.offsetParent) return;
  failure.told = true;
  const line = h("p", { class: "nf-error" }, failure.line);
  sentFrom.append(line);
  line.scrollIntoView({ block: "nearest" });
});
hear("state", (state) => {
  if (state !== "busy") sentFrom = null;
});

function wishForm(submit, ...parts) {
  return h(
    "form",
    {
      class: "nf-wish",
      submit: (event) => {
        event.preventDefault();
        submit();
      },
    },
    ...parts,
  );
}

function promptField(prompt, words = t("What shall I draw?")) {
  const field = h("input", { class: "nf-field", type: "text", maxlength: 2000, value: prompt });
  return [field, h("label", null, words, field)];
}

function drawButton() {
  return h("button", { class: "nf-action nf-draw" }, t("Draw nine"));
}

function varyForm({ prompt }, wish) {
  const range = h("input", { type: "range", min: 0, max: STRENGTHS.length - 1, step: 1, value: 2 });
  const told = h("output", null, STRENGTH_WORDS[2]);
  range.addEventListener("input", () => (told.textContent = STRENGTH_WORDS[range.value]));
  const label = h("label", null, h("span", null, t("How much may change?"), " ", told), range);
  const [field, prompts] = promptField(prompt);
  const submit = () => wish({ strength: STRENGTHS[range.value], prompt: field.value });
  return wishForm(submit, label, prompts, drawButton());
}

function editForm(picture, wish) {
  const [field, prompts] = promptField(picture.prompt, t("What should be there instead?"));
  const [columns, rows] = picture.cells;
  const button = drawButton();
  const told = h("p", { class: "nf-small", role: "status" }, HINT);
  const paint = painter(picture, (count) => {
    const all = columns * rows;
    button.disabled = count === 0 || count === all;
    told.textContent = count === all ? t("Leave a part unpainted, or draw a new picture.") : count ? t(`${count} of ${all} parts change; every other stays as it is.`) : HINT;
  });
  const clear = h("button", { type: "button", class: "nf-action", click: paint.clear }, t("Clear"));
  paint.draw();
  const submit = () => wish({ grid: [rows, columns], cells: paint.painted(), prompt: field.value });
  return wishForm(submit, paint.node, told, prompts, h("div", { class: "nf-ways" }, button, clear));
}

function extendForm({ prompt, size: [width, height] }, wish) {
  const possible = width === height ? Object.keys(SIDES) : width > height ? ["left", "right"] : ["up", "down"];
  if (Math.max(width, height) / Math.min(width, height) > LONGEST - 0.5)
    return h("p", { class: "nf-small" }, t("This picture is as long as it may become."));
  const [field, prompts] = promptField(prompt, t("What should be there?"));
  const buttons = possible.map((side) =>
    h("button", { type: "button", class: "nf-action", click: () => wish({ side, prompt: field.value }) }, SIDES[side]),
  );
  const groups = [h("div", { class: "nf-ways", role: "group", "aria-label": t("Where it grows") }, buttons)];
  if (width === height) {
    const repeat = () => wish({ kind: "tile", prompt: field.value });
    groups.push(h("button", { type: "button", class: "nf-action", click: repeat }, t("A tile that repeats")));
  }
  return wishForm(() => {}, prompts, ...groups);
}

// A tile four times, as a wall would show it.
function repeatButton(picture) {
  const copies = h("div", { class: "nf-repeated" }, Array.from({ length: 4 }, () => picture.cloneNode(true)));
  const click = () => {
    const alone = picture.isConnected;
    if (alone) picture.replaceWith(copies);
    else copies.replaceWith(picture);
    button.setAttribute("aria-pressed", alone);
  };
  const button = h("button", { type: "button", class: "nf-action", "aria-pressed": "false", click }, t("See it repeated"));
  return button;
}

function enlargeForm({ size: [width, height] }, wish) {
  const buttons = [2, 4]
    .filter((times) => width * height * times ** 2 <= MOST_LARGE)
    .map((times) =>
      h("button", { type: "button", class: "nf-action", click: () => wish({ times }) }, t(`${times} times: ${times * width} × ${times * height}`)),
    );
  if (!buttons.length) return h("p", { class: "nf-small" }, t("This picture is as large as it may become."));
  return h("div", { class: "nf-ways" }, buttons);
}

// A visitor's own picture, and beside it what the model reads in it.
function original({ run }) {
  const square = run.size[0] === run.size[1];
  const figure = (src, words) => h("figure", null, h("img", { src, alt: words }), h("figcaption", null, words));
  const read = square ? t("As the model reads it") : t("Its middle, as the model reads it");
  const pair = h("div", { class: "nf-pair" }, figure(run.src, t("Your picture")), run.read ? figure(run.read, read) : null);
  const notes = (run.notes ?? []).map((note) => h("p", { class: "nf-small" }, t(note)));
  const use = () => {
    fill(run.suggested);
    promptBox().focus();
  };
  const words = run.suggested
    ? h("p", { class: "nf-small" }, t("Words to start from:"), " ", h("button", { type: "button", class: "nf-action", click: use }, run.suggested))
    : null;
  const picture = { src: run.src, alt: t("Your picture"), prompt: "", size: run.size, cells: run.cells };
  return [h("h2", { class: "nf-prompt" }, t("Your picture")), pair, ...notes, words, run.read ? goingOn({ picture: run.picture }, picture) : null].filter(Boolean);
}

// Where a run comes from: a step back is one click.
function sourceLine({ source }) {
  if (!source) return null;
  const image = h("img", { src: source.src, alt: "" });
  return h("button", { type: "button", class: "nf-source", click: () => stepBack(source) }, image, h("span", null, `${t(source.words)} – ${t("Go back to it")}`));
}

function stepBack(source) {
  const same = ({ run }) => (source.picture ? run.picture === source.picture : run.name && run.name === source.name);
  const entry = [...sections.values()].find(same);
  if (entry) {
    entry.node.classList.remove("nf-earlier");
    const at = entry.tiles.findIndex(({ candidate }) => candidate === source.candidate);
    if (at >= 0) enlarge(entry, at);
    entry.node.scrollIntoView({ block: "start" });
  } else if (source.query) trigger("again", { query: source.query, name: "" });
  else say(t("This page no longer has that picture; choose it once more."));
}

function shape(list, width, height) {
  list.style.setProperty("--nf-ratio", `${width} / ${height}`);
  list.classList.toggle("nf-wide", width / height >= 2);
  return list;
}

hear("alter", (wish) => trigger("alter", { wish }));
