// Keeps prompt and settings for a reload, and takes a link out of the address once the prompt is
// the visitor's own.
hear("draft", (values) => {
  if (!lasting) return;
  try {
    sessionStorage.setItem("ninefold.draft", JSON.stringify(values));
  } catch {
    return; // forbidden, or no room: the address stays, so that a reload finds something
  }
  const query = new URLSearchParams(location.search);
  if (!query.has("prompt") && !query.has("seed")) return;
  const [prompt] = values; // empty until the link has arrived
  if (prompt === "" || prompt === query.get("prompt")) return;
  const kept = new URLSearchParams([...query].filter(([name]) => name.startsWith("__")));
  history.replaceState(history.state, "", location.pathname + (kept.size ? `?${kept}` : ""));
});
// The last letters typed before a reload: gradio may not have told of them yet.
addEventListener("pagehide", () => {
  const typed = document.querySelector("#prompt textarea")?.value;
  if (!lasting || typed === undefined) return;
  try {
    const values = JSON.parse(sessionStorage.getItem("ninefold.draft"));
    if (!Array.isArray(values) || values[0] === typed) return;
    sessionStorage.setItem("ninefold.draft", JSON.stringify([typed, ...values.slice(1)]));
  } catch {
    return; // forbidden, or no draft that can be read: there is nothing to bring up to date
  }
});
