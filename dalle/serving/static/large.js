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
  const facts = [`Score ${tile.score},`, `seed ${tile.seed},`, `candidate ${tile.candidate}`];
  const actions = h("div", { class: "nf-actions" });
  const openReport = (event) => {
    event.target.disabled = true;
    actions.append(reportForm(run, tile));
  };
  if (tile.src)
    actions.append(act("Download PNG", () => save(tile.file, tile.src)));
  actions.append(
    act("Copy link", (event) => copy(link(tile.query), "Link", event.target)),
    act("Make it again", () => trigger("again", { query: tile.query, name: run.name })),
  );
  if (Object.keys(props.categories ?? {}).length) actions.append(act("Report", openReport));
  if (entry.tiles.length > 1) actions.append(act("Back to all", () => shrink(entry)));
  const verdict = run.verdict ? h("p", { class: "nf-summary" }, run.verdict) : null;
  return [largePicture(run, tile), h("figcaption", null, facts.map((fact) => [h("span", null, fact), " "])), verdict, actions].filter(Boolean);
}

// Blurred until the visitor asks for it; not there at all when the server keeps it back.
function largePicture(run, tile) {
  if (!tile.src) return h("p", { class: "nf-kept-back" }, tile.reason);
  const image = h("img", { src: tile.src, alt: tile.alt, "data-look": tile.look });
  if (tile.look !== "blur") return image;
  const reveal = async () => {
    const src = await ask("reveal", { name: run.name, candidate: tile.candidate });
    if (!src) return;
    image.src = src;
    image.dataset.look = "show";
    button.remove();
  };
  const button = h("button", { type: "button", class: "nf-action", click: reveal }, "Show it");
  return h("div", { class: "nf-covered" }, image, h("p", { class: "nf-small" }, tile.reason), button);
}

// Only what is ticked leaves the visitor's screen.
function reportForm(run, tile) {
  const options = Object.entries(props.categories).map(([value, words]) => h("option", { value }, words));
  const category = h("select", { class: "nf-field" }, options);
  const note = h("input", { class: "nf-field", type: "text", maxlength: 500 });
  const tick = (words) => {
    const box = h("input", { type: "checkbox" });
    return [box, h("label", { class: "nf-tick" }, box, words)];
  };
  const [withPrompt, promptLabel] = tick("send the prompt too");
  const [withPicture, pictureLabel] = tick("send the picture too");
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
    say(thanks);
  };
  const form = h(
    "form",
    { class: "nf-report", submit },
    h("label", null, "What is wrong with this picture?", category),
    h("label", null, "In your words, if you like", note),
    promptLabel,
    pictureLabel,
    h("button", { class: "nf-action" }, "Send the report"),
  );
  return form;
}
