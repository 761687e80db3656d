// One picture in place of the grid, the others as a strip below it, and what can be done with it.
function largeView(entry) {
  return h("figure", { class: "nf-large", hidden: true });
}

function enlarge(entry, at) {
  const { node, run } = entry;
  entry.at = at;
  node.classList.add("nf-open");
  const tile = entry.tiles[at];
  const figure = node.querySelector(".nf-large");
  figure.replaceChildren(...largeParts(entry, tile));
  figure.hidden = false;
  mark(entry);
  send("picked", { key: run.key, tile });
}

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
  const facts = `Score ${tile.score}, seed ${tile.seed}, candidate ${tile.candidate}`;
  const actions = h("div", { class: "nf-actions" });
  if (tile.src)
    actions.append(act("Download PNG", () => save(tile.file, tile.src)));
  actions.append(
    act("Copy link", (event) => copy(link(tile.query), "Link", event.target)),
    act("Make it again", () => trigger("again", { query: tile.query, name: run.name })),
  );
  if (props.reports) actions.append(act("Report", () => actions.after(reportForm(run, tile))));
  if (entry.tiles.length > 1) actions.append(act("Back to all", () => shrink(entry)));
  const verdict = run.verdict ? h("p", { class: "nf-summary" }, run.verdict) : null;
  return [largePicture(tile), h("figcaption", null, facts), verdict, actions].filter(Boolean);
}

// Blurred until the visitor asks for it; not there at all when the server keeps it back.
function largePicture(tile) {
  if (!tile.src) return h("p", { class: "nf-kept-back" }, tile.reason);
  const image = h("img", { src: tile.src, alt: tile.alt, "data-look": tile.look });
  if (tile.look !== "blurred") return image;
  const reveal = () => {
    image.dataset.look = "shown";
    cover.remove();
  };
  const cover = h("button", { type: "button", class: "nf-action", click: reveal }, "Show it");
  return h("div", { class: "nf-covered" }, image, h("p", null, tile.reason), cover);
}

function reportForm(run, tile) {
  const field = h("input", { class: "nf-field", type: "text", required: true });
  const submit = async (event) => {
    event.preventDefault();
    const asked = { name: run.name, candidate: tile.candidate, reason: field.value };
    const thanks = await ask("report", asked);
    if (!thanks) return;
    form.remove();
    say(thanks);
  };
  const form = h(
    "form",
    { class: "nf-rank", submit },
    h("label", null, "What is wrong with this picture?", field),
    h("button", { class: "nf-action" }, "Send the report"),
  );
  return form;
}
