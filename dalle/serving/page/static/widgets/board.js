// The pictures: each run is a sheet that fills while it is drawn, then tiles, one of which may be
// large. A new run stands above the earlier ones, which are never overwritten.
const root = element.querySelector(".nf-board");
const empty = root.firstElementChild; // where the first pictures will be
const sections = new Map(); // a run's key -> { run, node, tiles, at, over }
const LOOKS = { waiting, preview, done, failed, example, meanwhile, original, remembered };

function inOrder() {
  const after = (one, other) => one.node.compareDocumentPosition(other.node) & Node.DOCUMENT_POSITION_FOLLOWING;
  return [...sections.values()].sort((one, other) => (after(one, other) ? -1 : 1));
}

function show() {
  const { runs = [], more = false } = props.value ?? {};
  const keys = new Set(runs.map((run) => run.key));
  const begins = runs.some(({ key }) => !sections.has(key));
  for (const [key, entry] of sections) {
    if (keys.has(key)) continue;
    if (entry.run.state === "meanwhile" || (begins && !more && isPassing(entry))) forget(key);
    else if (begins && !more) entry.node.classList.add("nf-earlier");
  }
  let above = null;
  for (const run of runs) {
    if (sections.get(run.key)?.run.stamp !== run.stamp) put(run, above);
    above = sections.get(run.key).node;
    above.classList.toggle("nf-alone", runs.length === 1 && !more);
  }
}

// What is no result, or ended without one, makes room for the next run.
function isPassing({ run, over }) {
  return over || ["failed", "example", "remembered"].includes(run.state);
}

function put(run, above = null) {
  veil(run);
  const old = sections.get(run.key);
  if (old?.run.state === "preview" && run.state === "preview") {
    cutOut(old.node.querySelector(".nf-growing"), run.preview);
    old.run = run;
    return;
  }
  const before = old?.run.state === "preview" ? placesOf(old.node) : [];
  const entry = render(run);
  if (old?.node.classList.contains("nf-alone")) entry.node.classList.add("nf-alone");
  if (old) old.node.replaceWith(entry.node);
  else if (above) above.after(entry.node);
  else root.prepend(entry.node);
  if (!old && ["waiting", "original"].includes(run.state) && !above) lookAtResult(entry);
  if (run.state !== "done") return;
  if (before.length) moveFromPreviews(entry, before);
  forgetTheSame(entry);
  if (run.tiles.length === 1) enlarge(entry, 0);
  if (old && run.query) send("drawn", { prompt: run.prompt, query: run.query, tiles: run.tiles });
  keepAll();
}

function render(run) {
  const entry = { run, tiles: run.tiles ?? [], at: null, over: false };
  entry.node = h("section", { class: "nf-run", "data-state": run.state, "aria-label": titleOf(run) });
  entry.node.append(...LOOKS[run.state](entry));
  sections.set(run.key, entry);
  empty.remove();
  return entry;
}

// The same link draws the same pictures, so that one run of them is enough.
function forgetTheSame({ run }) {
  const whole = (other) => other.state === "done" && other.alone === undefined;
  for (const [key, { run: other }] of sections)
    if (key !== run.key && run.query && whole(run) && whole(other) && other.query === run.query) forget(key);
}

function forget(key) {
  sections.get(key).node.remove();
  sections.delete(key);
}

// On a phone the pictures are below the fold, and the keyboard covers them. On a wide screen they
// are above it where an earlier picture was gone on with.
function lookAtResult({ node }) {
  if (!lasting) return;
  if (matchMedia("(min-width: 1000px)").matches) {
    if (node.getBoundingClientRect().top < 0) node.scrollIntoView({ block: "start" });
    return;
  }
  if (document.activeElement?.matches("textarea, input")) document.activeElement.blur();
  page.querySelector("#status").scrollIntoView({ block: "start" });
}

const recalled = recallRuns().then((runs) => {
  for (const run of runs.filter(({ key }) => !sections.has(key))) {
    const { node, tiles } = render(run);
    root.append(node);
    if (node !== root.firstElementChild) node.classList.add("nf-earlier");
    else node.classList.add("nf-alone");
    if (tiles.length === 1) enlarge(sections.get(run.key), 0);
  }
});

async function keepAll() {
  await recalled;
  const entries = inOrder().filter(({ run }) => run.state === "done");
  entries.slice(MOST_RUNS).forEach(({ run }) => forget(run.key));
  await keepRuns(entries.map(({ run }) => run));
}

function titleOf({ prompt, source }) {
  return prompt || t(source?.words ?? "");
}

function heading(run) {
  return h("h2", { class: "nf-prompt" }, titleOf(run));
}

function waiting({ run }) {
  const squares = Array.from({ length: 9 }, () => h("li"));
  return [heading(run), h("ul", { class: "nf-tiles nf-blank", "aria-hidden": true }, squares)];
}

// The pictures of one sheet, each cut out of it, where the finished ones will be.
function preview({ run }) {
  const squares = Array.from({ length: run.preview.count }, () => h("li"));
  const list = h("ul", { class: "nf-tiles nf-growing", role: "img", "aria-label": t("Being drawn") }, squares);
  shape(list, run.preview.width, run.preview.height);
  cutOut(list, run.preview);
  return [heading(run), sourceLine(run), list].filter(Boolean);
}

function cutOut(list, { uri, width, height, gap, count }) {
  const columns = Math.ceil(Math.sqrt(count));
  const rows = Math.ceil(count / columns);
  const share = (at, side, many) => (100 * (gap + at * (side + gap))) / (many * (side + gap) + gap - side);
  [...list.children].forEach((square, at) => {
    const x = share(at % columns, width, columns);
    const y = share(Math.floor(at / columns), height, rows);
    square.style.background = `url(${uri}) ${x}% ${y}% / ${(100 * (columns * (width + gap) + gap)) / width}%`;
  });
}

// Out of the browser's history: small, and there at once.
function remembered({ run }) {
  const squares = Array.from({ length: run.preview.count }, () => h("li"));
  const list = h("ul", { class: "nf-tiles nf-growing", role: "img", "aria-label": run.prompt }, squares);
  cutOut(list, run.preview);
  const redraw = () => trigger("restore", { query: run.query, source: "history" });
  return [heading(run), list, h("div", { class: "nf-actions" }, action(t("Draw these again"), redraw, "nf-share"))];
}

function failed({ run }) {
  return [heading(run), h("p", { class: "nf-error" }, t(run.error))];
}

function example({ run }) {
  const alt = t("Nine pictures of: *, drawn by AI", run.prompt);
  return [h("img", { class: sheetClass(run), src: run.sheet, alt }), h("p", { class: "nf-small" }, t(run.note))];
}

// Somebody else's pictures, or an example: told apart from the visitor's own before anything else.
function meanwhile({ run }) {
  return [h("p", { class: "nf-borrowed" }, t(run.note)), h("img", { class: sheetClass(run), src: run.sheet, alt: t(run.alt) })];
}

function sheetClass({ gaps }) {
  return gaps ? "nf-sheet nf-gaps" : "nf-sheet";
}

function done(entry) {
  const { run } = entry;
  const items = entry.tiles.map((tile, at) => tileItem(entry, tile, at));
  const summary = h("p", { class: "nf-summary" }, t(run.summary ?? ""), " ");
  if (run.rejected) summary.append(restButton(entry));
  const notes = (run.notes ?? []).map((note) => h("p", { class: "nf-small" }, t(note)));
  const list = shape(h("ol", { class: "nf-tiles" }, items), ...(run.size ?? [1, 1]));
  const parts = [heading(run), sourceLine(run), heardLine(run), largeView(entry), list];
  if (run.heard?.suggestions?.length) parts[4] = h("details", { class: "nf-more-actions" }, h("summary", null, t("Show what came out")), list);
  parts.push(guessForm(entry), run.name ? actionsForAll(entry) : null, run.summary ? summary : null, ...notes);
  return parts.filter(Boolean);
}

// What was drawn for the words of the prompt, and which were not heard.
const MOST_WORDS = 4;

function heardLine({ heard, prompt }) {
  const { drawn_as: drawnAs = {}, unheard = [], suggestions = [], apart = [], left_out: leftOut = [] } = heard ?? {};
  const some = Object.entries(drawnAs).slice(0, MOST_WORDS);
  const few = (words) => words.slice(0, MOST_WORDS).join(", ");
  const told = some.map(([said, drawn]) => t("*: drawn as *.", said, drawn));
  const others = unheard.length > MOST_WORDS ? `, +${unheard.length - MOST_WORDS}` : "";
  if (suggestions.length) told.push(t("This model knows nothing in this prompt. Try one of these:"));
  else if (unheard.length) told.push(t("Not known, so not drawn: *.", few(unheard) + others));
  if (apart.length) told.push(t("The things stand side by side, since this model can't draw: *.", few(apart)));
  if (leftOut.length) told.push(t("Left out: *.", few(leftOut)));
  if (!told.length) return null;
  const chips = suggestions.map((prompt) => h("button", { type: "button", class: "nf-action", "data-prompt": prompt }, prompt));
  const rest = without(prompt, unheard);
  const redraw = () => (fill(rest), generate());
  if (unheard.length && !chips.length && rest) chips.push(h("button", { type: "button", class: "nf-action", click: redraw }, t("Draw without it")));
  return h("div", { class: "nf-heard" }, h("p", null, told.join(" ")), chips.length ? h("div", { class: "nf-chips" }, chips) : null);
}

// The prompt without some words, and without the small word that would be left dangling before them.
function without(prompt, words) {
  const escaped = words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const dangling = "(?:\\b(?:in|at|on|of|by|with|from|to|and|the|a|an)\\s+)*";
  const found = new RegExp(`${dangling}(?<![\\p{L}\\p{N}])(?:${escaped.join("|")})(?![\\p{L}\\p{N}])`, "giu");
  return prompt.replace(found, " ").replace(/\s+/g, " ").replace(/ ,/g, ",").replace(/^[\s,]+|[\s,]+$/g, "");
}

function tileItem(entry, tile, at) {
  const button = h(
    "button",
    {
      type: "button",
      class: "nf-tile",
      "data-look": tile.look,
      "data-seed": tile.seed,
      "data-candidate": tile.candidate,
      "aria-pressed": "false",
      "aria-label": t(`Picture ${tile.place}`),
      click: () => enlarge(entry, at),
    },
    tile.src ? h("img", { src: tile.src, alt: "" }) : h("span", { class: "nf-small" }, t(tile.reason)),
  );
  return h("li", null, button);
}

function restButton(entry) {
  const { run } = entry;
  const button = h("button", { type: "button", class: "nf-link" }, t(`Show the other ${run.rejected}`));
  button.addEventListener("click", async () => {
    const rest = await ask("rejected", { name: run.name });
    if (!rest) return;
    const first = entry.tiles.length;
    entry.tiles = [...entry.tiles, ...rest];
    const items = rest.map((tile, index) => tileItem(entry, tile, first + index));
    entry.node.querySelector(".nf-tiles").append(...items);
    button.remove();
    say(t(`${rest.length} more.`));
  });
  return button;
}

hear("state", (state) => {
  if (state === "busy") return;
  // Nothing comes for these any more; a run that still goes on is put anew by its next frame.
  for (const [key, entry] of sections) {
    if (entry.run.state === "waiting") forget(key);
    if (entry.run.state === "preview") entry.over = true;
  }
  openLatest();
});

// Where nothing came of a run, the one before it is whole again.
function openLatest() {
  const entries = inOrder();
  const last = entries.find(({ run }) => run.state === "done");
  const small = ({ node, run }) => node.classList.contains("nf-earlier") || run.state === "waiting";
  if (entries.every(small)) last?.node.classList.remove("nf-earlier");
}

// A picture of the history or of the favourites is brought into sight, or put on the board.
hear("look", ({ run }) => {
  const there = inOrder().find((entry) => entry.run.state === "done" && entry.run.query === run.query);
  for (const [key, entry] of sections)
    if (isPassing(entry)) forget(key);
    else entry.node.classList.add("nf-earlier");
  if (!there) put(run);
  const { node } = there ?? sections.get(run.key);
  node.classList.remove("nf-earlier");
  node.classList.add("nf-alone");
  node.scrollIntoView({ block: "start" });
});

hear("forget", () => {
  for (const [key, { run }] of sections) if (run.state === "done") forget(key);
});

page.addEventListener("click", (event) => {
  const prompt = event.target.closest?.("[data-prompt]")?.dataset.prompt;
  if (prompt) trigger("restore", { query: `${new URLSearchParams({ prompt })}`, source: "chip" });
});
watch("value", show);
show();
