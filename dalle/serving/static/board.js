// The pictures: a sheet that fills while it is drawn, then the tiles, one of which may be large.
const root = element.querySelector(".nf-board");
const sections = new Map(); // a run's key -> { run, node, tiles, at }
const LOOKS = { waiting, preview, done, failed, example, meanwhile };

function show() {
  const { runs = [], more = false } = props.value ?? {};
  const keys = new Set(runs.map((run) => run.key));
  for (const [key, { run }] of sections)
    if (!keys.has(key) && (!more || run.state === "meanwhile")) forget(key);
  for (const run of runs) if (sections.get(run.key)?.run.stamp !== run.stamp) put(run, more);
}

function put(run, first) {
  const old = sections.get(run.key);
  if (old?.run.state === "preview" && run.state === "preview") {
    cutOut(old.node.querySelector(".nf-growing"), run.preview);
    old.run = run;
    return;
  }
  const entry = { run, tiles: run.tiles ?? [], at: null };
  entry.node = h("section", { class: "nf-run", "data-state": run.state, "aria-label": run.prompt });
  entry.node.append(...LOOKS[run.state](entry));
  if (old) old.node.replaceWith(entry.node);
  else if (first) root.prepend(entry.node);
  else root.append(entry.node);
  sections.set(run.key, entry);
  if (run.state !== "done") return;
  if (run.tiles.length === 1) enlarge(entry, 0);
  if (old) send("drawn", { prompt: run.prompt, query: run.query, tile: run.tiles[0] });
}

function forget(key) {
  sections.get(key).node.remove();
  sections.delete(key);
}

function heading(run) {
  return h("h2", { class: "nf-prompt" }, run.prompt);
}

function waiting({ run }) {
  const squares = Array.from({ length: 9 }, () => h("li"));
  return [heading(run), h("ul", { class: "nf-tiles nf-blank", "aria-hidden": true }, squares)];
}

// The pictures of one sheet, each cut out of it, where the finished ones will be.
function preview({ run }) {
  const squares = Array.from({ length: run.preview.count }, () => h("li"));
  const list = h("ul", { class: "nf-tiles nf-growing", role: "img", "aria-label": "Being drawn" }, squares);
  cutOut(list, run.preview);
  return [heading(run), list];
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

function failed({ run }) {
  return [heading(run), h("p", { class: "nf-error" }, run.error)];
}

function example({ run }) {
  const alt = `Nine pictures of: ${run.prompt}, drawn by AI`;
  return [h("img", { class: "nf-sheet", src: run.sheet, alt }), h("p", { class: "nf-small" }, run.note)];
}

// Somebody else's pictures, or an example: told apart from the visitor's own before anything else.
function meanwhile({ run }) {
  return [h("p", { class: "nf-borrowed" }, run.note), h("img", { class: "nf-sheet", src: run.sheet, alt: run.alt })];
}

function done(entry) {
  const { run } = entry;
  const parts = [
    heading(run),
    h("p", { class: "nf-summary" }, run.summary, " "),
    largeView(entry),
    h("ol", { class: "nf-tiles" }, entry.tiles.map((tile, at) => tileItem(entry, tile, at))),
  ];
  if (run.rejected) parts[1].append(restButton(entry));
  for (const note of run.notes ?? []) parts.push(h("p", { class: "nf-small" }, note));
  if (run.name) parts.push(actionsForAll(entry), rankForm(entry));
  return parts;
}

function tileItem(entry, tile, at) {
  const facts = `score ${tile.score}, seed ${tile.seed}, candidate ${tile.candidate}`;
  const button = h(
    "button",
    {
      type: "button",
      class: "nf-tile",
      "data-look": tile.look,
      "aria-pressed": "false",
      "aria-label": `Picture ${tile.place}, ${facts}`,
      click: () => enlarge(entry, at),
    },
    tile.src ? h("img", { src: tile.src, alt: tile.alt }) : h("span", { class: "nf-small" }, tile.reason),
  );
  const caption = h(
    "p",
    { class: "nf-caption" },
    h("b", null, tile.score),
    h("span", null, ` no. ${tile.candidate}`),
    h("span", { class: "nf-seed" }, ` seed ${tile.seed}`),
  );
  return h("li", null, button, caption);
}

function restButton(entry) {
  const { run } = entry;
  const button = h("button", { type: "button", class: "nf-link" }, `Show the other ${run.rejected}`);
  button.addEventListener("click", async () => {
    const rest = await ask("rejected", { name: run.name });
    if (!rest) return;
    const first = entry.tiles.length;
    entry.tiles = [...entry.tiles, ...rest];
    const items = rest.map((tile, index) => tileItem(entry, tile, first + index));
    entry.node.querySelector(".nf-tiles").append(...items);
    button.remove();
    say(`${rest.length} more pictures are shown, which were not kept.`);
  });
  return button;
}

function actionsForAll({ run }) {
  const act = (words, click) => h("button", { type: "button", class: "nf-action", click }, words);
  const fetchFile = async (kind) => {
    const file = await ask("pack", { kind, name: run.name, address: address() });
    if (file) save(file.name, file.uri);
  };
  return h(
    "div",
    { class: "nf-actions" },
    act("Zip of all", () => fetchFile("zip")),
    act("Sheet", () => fetchFile("sheet")),
    act("Figure for a blog", () => fetchFile("figure")),
    act("Copy link", (event) => copy(link(`${run.query}&run=1`), "Link", event.target)),
    act("Use these settings", () => trigger("restore", { query: run.query, source: "result" })),
  );
}

function rankForm(entry) {
  const { run } = entry;
  const field = h("input", { class: "nf-field", type: "text", value: run.prompt });
  const button = h("button", { class: "nf-action" }, "Rank again");
  const submit = async (event) => {
    event.preventDefault();
    button.disabled = true;
    say("Ranking …");
    const ranked = await ask("rank_again", { name: run.name, text: field.value });
    button.disabled = false;
    if (!ranked) return;
    put({ ...ranked, key: run.key }, false);
    say(ranked.summary);
  };
  return h(
    "form",
    { class: "nf-rank", submit },
    h("label", null, "Rank by another text, without drawing again", field),
    button,
  );
}

hear("state", (state) => {
  if (state === "busy") return;
  // Nothing comes for these any more.
  for (const [key, { run }] of sections) if (run.state === "waiting") forget(key);
});
watch("value", show);
show();
