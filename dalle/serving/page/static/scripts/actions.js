// What can be done with all pictures of a run; a compact frame has a link to the whole page instead.
function action(words, click, more = "") {
  return h("button", { type: "button", class: `nf-action ${more}`, click }, words);
}

function actionsForAll(entry) {
  const { run } = entry;
  const fetchFile = async (kind) => {
    const file = await ask("pack", { kind, name: run.name, address: address() });
    if (file) save(file.name, file.uri);
  };
  const more = h(
    "div",
    { class: "nf-actions" },
    action(t("One picture"), () => fetchFile("sheet")),
    action(t("HTML for a blog"), () => fetchFile("figure")),
    run.query && !run.source ? action(t("Copy a riddle"), (event) => copy(riddleOf(run), t("Riddle"), event.target)) : null,
    run.query ? action(t("Use these settings"), () => useSettings(run)) : null,
  );
  const linked = [
    action(t("Copy link"), (event) => copy(linkOf(run), t("Link"), event.target)),
    h("a", { class: "nf-whole", href: linkOf(run), target: "_blank", rel: "noopener" }, t("Open the whole page")),
  ];
  return h(
    "div",
    { class: "nf-all" },
    h(
      "div",
      { class: "nf-actions nf-main-actions" },
      action(t("Share"), (event) => share(run, event.target), "nf-share"),
      action(t("Download all"), () => fetchFile("zip")),
      ...(run.query ? linked : [h("p", { class: "nf-small" }, t("A link can't hold your own picture; the file says how this was made."))]),
    ),
    h("details", { class: "nf-more-actions" }, h("summary", null, t("More")), more, rankForm(entry)),
  );
}

function rankForm(entry) {
  const { run } = entry;
  const field = h("input", { class: "nf-field", type: "text", value: run.prompt });
  const button = h("button", { class: "nf-action" }, t("Sort"));
  const submit = async (event) => {
    event.preventDefault();
    button.disabled = true;
    say(t("Sorting …"));
    const ranked = await ask("rank_again", { name: run.name, text: field.value });
    button.disabled = false;
    if (!ranked) return;
    put({ ...ranked, key: run.key }, false);
    say(t(ranked.summary));
  };
  return h("form", { class: "nf-rank", submit }, h("label", null, t("Sort these by other words"), field), button);
}

// Gradio does not tell where the server is away.
function useSettings({ query }) {
  trigger("restore", { query, source: "result" });
  send("lost");
}
