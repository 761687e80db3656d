// What every part of the page shares: making elements, talking to the other parts and the server.
// Gradio runs each part's scripts as one function that is given `element`, `props`, `trigger`,
// `server` and `watch`.
const page = element.closest(".gradio-container") ?? document.body;

function h(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value !== null && value !== undefined && value !== false)
      node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(2).filter((child) => child !== null && child !== undefined));
  return node;
}

// A sentence in the browser's language; numbers are "#" in the tables that launch() was given.
const tables = window.gradio_config?.i18n_translations ?? {};
const words = tables[navigator.language] ?? tables[navigator.language.split("-")[0]] ?? {};

function t(sentence) {
  if (sentence in words) return words[sentence];
  const numbers = sentence.match(/[\d.]*\d/g) ?? [];
  const template = words[sentence.replace(/[\d.]*\d/g, "#")];
  return template ? template.replaceAll("#", () => numbers.shift()) : sentence;
}

function send(name, detail) {
  page.dispatchEvent(new CustomEvent(`ninefold:${name}`, { detail }));
}

function hear(name, listener) {
  page.addEventListener(`ninefold:${name}`, (event) => listener(event.detail));
}

// A sentence beside the status line, which stays as it is.
function say(line) {
  send("note", line);
}

// What a Python function answers; null, after a sentence on the page, when it cannot.
async function ask(name, asked) {
  let reply = null;
  try {
    reply = await server[name](asked);
  } catch {
    // Told below: gradio itself catches most faults and answers undefined.
  }
  if (!reply) say(t("The server did not answer. Nothing is lost; try it again in a moment."));
  else if (reply.error) say(reply.error);
  return reply?.answer ?? null;
}

// A file's content, for a Python function.
async function inBase64(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let letters = "";
  for (let at = 0; at < bytes.length; at += 0x8000)
    letters += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(letters);
}

function address() {
  return location.origin + location.pathname;
}

function link(query) {
  return `${address()}?${query}`;
}

async function save(name, uri) {
  const answer = await fetch(uri).catch(() => null);
  if (!answer?.ok) return say(t("The server no longer has this picture; draw it again."));
  const blob = await answer.blob();
  const url = URL.createObjectURL(blob);
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

// Frames of other origins may not write to the clipboard; the text is then there to be copied.
async function copy(text, what, beside) {
  try {
    await navigator.clipboard.writeText(text);
    say(t("Copied."));
  } catch {
    const field = h("input", { class: "nf-field", readonly: true, "aria-label": what });
    field.value = text;
    beside.after(field);
    field.select();
    say(t("Copy it from the field."));
  }
}
