// What every part of the page shares: making elements, talking to the other parts and the server.
// Gradio runs each part's scripts as one function that is given `element`, `props`, `trigger`,
// `server` and `watch`.
const page = element.closest(".gradio-container") ?? document.body;
// The element of a page that embeds this one as a component; null in a tab or a frame of our own.
const embedding = element.closest("gradio-app[src]");

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
  let reply;
  try {
    reply = await server[name](asked);
  } catch {
    say("The server did not answer. Nothing is lost; try it again in a moment.");
    return null;
  }
  if (reply?.error) {
    say(reply.error);
    return null;
  }
  return reply?.answer ?? null;
}

function address() {
  if (embedding) return new URL(embedding.getAttribute("src"), location).href;
  return location.origin + location.pathname;
}

function link(query) {
  return `${address()}?${query}`;
}

async function save(name, uri) {
  const blob = await (await fetch(uri)).blob();
  const url = URL.createObjectURL(blob);
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

// Frames of other origins may not write to the clipboard; the text is then there to be copied.
async function copy(text, what, beside) {
  try {
    await navigator.clipboard.writeText(text);
    say(`${what} copied.`);
  } catch {
    const field = h("input", { class: "nf-field", readonly: true, "aria-label": what });
    field.value = text;
    beside.after(field);
    field.select();
    say(`${what} selected: copy it from the field.`);
  }
}
