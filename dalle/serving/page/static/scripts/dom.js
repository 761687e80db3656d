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

// Sentences in the browser's language, each looked for in the table that launch() was given. There
// "#" is a number, and "*" are words of a prompt or a name; `said` are those of a script's sentence.
const tables = window.gradio_config?.i18n_translations ?? {};
const words = new Map(Object.entries(tables[navigator.language] ?? tables[navigator.language.split("-")[0]] ?? {}));
const byLength = (one, other) => other.length - one.length; // the one that says most comes first
const patterns = [...words.keys()].filter((key) => key.includes("*")).sort(byLength).map((key) => [readerOf(key), key]);
const NUMBER = /[\d.]*\d/g;

function t(text, ...said) {
  if (said.length) return fillIn(words.get(text) ?? text, [], said);
  const one = (sentence) => withNumbers(sentence) ?? withWords(sentence) ?? sentence;
  return withNumbers(text) ?? text.split(/(?<=\.) /).map(one).join(" ");
}

function withNumbers(sentence) {
  if (words.has(sentence)) return words.get(sentence);
  const template = words.get(sentence.replace(NUMBER, "#"));
  return template && fillIn(template, sentence.match(NUMBER));
}

function withWords(sentence) {
  for (const [reader, key] of patterns) {
    const found = sentence.match(reader)?.slice(1);
    const of = (mark) => found.filter((_, at) => key.match(/[#*]/g)[at] === mark);
    if (found) return fillIn(words.get(key), of("#"), of("*"));
  }
}

function readerOf(key) {
  const escaped = key.replace(/[.?+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("*", "(.+)").replaceAll("#", "([\\d.]*\\d)")}$`, "s");
}

function fillIn(template, numbers, said = []) {
  const left = { "#": [...numbers], "*": [...said] };
  return template.replace(/[#*]/g, (mark) => left[mark].shift());
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
  else if (reply.error) say(t(reply.error));
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
