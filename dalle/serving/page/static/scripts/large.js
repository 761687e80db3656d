// One picture in place of the grid, the others as a strip below it, and what can be done with it.
function largeView(entry) {
  // It takes the focus, so that screen readers say what has opened.
  return h("figure", { class: "nf-large", role: "group", tabindex: "-1", hidden: true });
}

function enlarge(entry, at) {
  const { node, run } = entry;
  const opens = entry.at === null;
  entry.at = at;
  node.classList.add("nf-open");
  node.classList.remove("nf-earlier");
  const tile = entry.tiles[at];
  const figure = node.querySelector(".nf-large");
  figure.replaceChildren(...largeParts(entry, tile));
  figure.hidden = false;
  figure.setAttribute("aria-label", `${t(`Picture ${at + 1} of ${entry.tiles.length}`)}: ${titleOf(run)}`);
  mark(entry);
  send("picked", { key: run.key, tile });
  if (entry.tiles.length === 1) return; // nobody opened it
  figure.focus({ preventScroll: true });
  if (!opens) return;
  figure.scrollIntoView({ block: "nearest" });
  if (lasting && !isOpenInHistory()) history.pushState({ ...history.state, ninefold: "open" }, "");
}

// The browser's Back closes a picture; in a frame it would be the history of the page around.
function isOpenInHistory() {
  return history.state?.ninefold === "open";
}

function leave(entry) {
  if (lasting && isOpenInHistory()) history.back();
  else shrink(entry);
}

window.addEventListener("popstate", () => {
  for (const entry of sections.values())
    if (entry.at !== null && entry.tiles.length > 1) shrink(entry);
});

function shrink(entry) {
  const at = entry.at;
  entry.at = null;
  entry.node.classList.remove("nf-open");
  entry.node.querySelector(".nf-large").hidden = true;
  mark(entry);
  buttons(entry)[at].focus();
}

function buttons(entry) {
  return [...entry.node.querySelectorAll(".nf-tile")];
}

function mark(entry) {
  buttons(entry).forEach((button, at) => button.setAttribute("aria-pressed", at === entry.at));
}

function largeParts(entry, tile) {
  const { run } = entry;
  const act = (words, click) => h("button", { type: "button", class: "nf-action", click }, words);
  const actions = h("div", { class: "nf-actions" });
  const openReport = (event) => {
    event.target.disabled = true;
    actions.append(reportForm(run, tile));
  };
  if (tile.src)
    actions.append(act(t("Download PNG"), () => save(tile.file, tile.png)));
  if (tile.src) actions.append(starButton(run, tile));
  // What began with a visitor's own picture is in no link.
  if (tile.query)
    actions.append(
      act(t("Copy picture link"), (event) => copy(run.source ? link(tile.query) : `${linkOf(run)}&candidate=${tile.candidate}`, t("Link"), event.target)),
      act(t("Make it again"), () => {
        send("asked");
        trigger("again", { query: tile.query, name: run.name });
      }),
    );
  if (Object.keys(props.categories ?? {}).length) actions.append(act(t("Report"), openReport));
  if (entry.tiles.length > 1) actions.append(act(t("Back to all"), () => leave(entry)));
  const verdict = run.verdict ? h("p", { class: "nf-summary" }, t(run.verdict)) : null;
  const goes = tile.src && run.cells ? goingOn({ name: run.name, candidate: tile.candidate }, { ...run, ...tile }) : null;
  const picture = largePicture(run, tile);
  if (tile.src && run.source?.kind === "tile") actions.prepend(repeatButton(picture));
  return [picture, goes, verdict, actions, details(entry, tile)].filter(Boolean);
}

// Numbers that only matter to someone who draws a picture again.
function details({ tiles }, tile) {
  const scores = tiles.map(({ score }) => score).filter((score) => score !== null);
  const [low, high] = [Math.min(...scores), Math.max(...scores)];
  const row = (term, text) => h("div", null, h("dt", null, term), h("dd", null, text));
  const match = h("meter", { min: low, max: high, value: tile.score, "aria-label": t("Match with the prompt, among these pictures") });
  const rows = [row(t("Seed"), `${tile.seed}`), row(t("Candidate"), `${tile.candidate}`)];
  if (tile.score !== null && low < high) rows.unshift(row(t("Match"), match));
  return h("details", { class: "nf-details" }, h("summary", null, t("Details")), h("dl", { class: "nf-facts" }, rows));
}

// Blurred until the visitor asks for it; not there at all when the server keeps it back.
function largePicture(run, tile) {
  if (!tile.src) return h("p", { class: "nf-kept-back" }, t(tile.reason));
  const image = h("img", { src: tile.src, alt: t(tile.alt), "data-look": tile.look });
  if (tile.look !== "blur") return image;
  const reveal = async () => {
    const src = await ask("reveal", { name: run.name, candidate: tile.candidate });
    if (!src) return;
    image.src = src;
    image.dataset.look = "show";
    button.remove();
  };
  const button = h("button", { type: "button", class: "nf-action", click: reveal }, t("Show it"));
  return h("div", { class: "nf-covered" }, image, h("p", { class: "nf-small" }, t(tile.reason)), button);
}

// Only what is ticked leaves the visitor's screen.
function reportForm(run, tile) {
  const options = Object.entries(props.categories).map(([value, words]) => h("option", { value }, t(words)));
  const category = h("select", { class: "nf-field" }, options);
  const note = h("input", { class: "nf-field", type: "text", maxlength: 500 });
  const tick = (words) => {
    const box = h("input", { type: "checkbox" });
    return [box, h("label", { class: "nf-tick" }, box, words)];
  };
  const [withPrompt, promptLabel] = tick(t("Send the prompt too"));
  const [withPicture, pictureLabel] = tick(t("Send the picture too"));
  const submit = async (event) => {
    event.preventDefault();
    const thanks = await ask("report", {
      name: run.name,
      candidate: tile.candidate,
      category: category.value,
      note: note.value,
      with_prompt: withPrompt.checked,
      with_picture: withPicture.checked,
    });
    if (!thanks) return;
    form.remove();
    say(t(thanks));
  };
  const form = h(
    "form",
    { class: "nf-report", submit },
    h("label", null, t("What is wrong with this picture?"), category),
    h("label", null, t("In your words, if you like"), note),
    promptLabel,
    pictureLabel,
    h("button", { class: "nf-action" }, t("Send the report")),
  );
  return form;
}
