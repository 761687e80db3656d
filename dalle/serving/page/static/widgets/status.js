// The progress line: stage, place in the queue, seconds left; and what screen readers are told.
const box = element.querySelector(".nf-status");
const find = (name) => box.querySelector(`.nf-${name}`);
const READY = "Ready when you are."; // for ears alone: the page shows that nothing goes on
const SILENCE = 2000; // milliseconds without news after which the server is looked for
let left = null; // seconds
let heard = 0; // when the last news came
const title = document.title;
const MOST_TRIES = 5; // by itself, where the server has no room
const SHORTEST = 2; // seconds before one
let tries = 0;
let refused = null; // what is asked for again when `left` has gone by

function show() {
  const { state = "idle", line = "", fraction = null, seconds = null } = props.value ?? {};
  const { retry = null } = props.value ?? {};
  heard = Date.now();
  left = seconds;
  refused = null;
  if (state !== "refused") put(state, line);
  else if (tries < MOST_TRIES) waitAndRetry(line, retry);
  else put("failed", "Still too many people are waiting. Your prompt is kept; press Generate to try again later.");
  find("bar").firstElementChild.style.width = `${100 * (fraction ?? 0)}%`;
  find("note").textContent = "";
  requestAnimationFrame(compare); // a new prompt may have come along
}

// Not all in the same moment, or they would all be refused again.
function waitAndRetry(line, retry) {
  tries += 1;
  refused = retry;
  left = Math.ceil(Math.max(SHORTEST, retry.seconds) * (1 + Math.random() / 2));
  put("busy", line);
  // Heard once, not every second.
  speak(inWords(`${line} in about ${left} seconds.`));
}

function askAgain() {
  const asked = refused;
  refused = left = null;
  heard = Date.now();
  if (asked.wish) send("alter", asked.wish);
  else if (asked.open) send("open", asked.open);
  else if (asked.query) trigger("again", asked);
  else trigger("retry", asked);
}

function put(state, line) {
  if (state !== "busy") tries = 0;
  const failure = { line: inWords(line), told: false };
  if (state === "failed") send("failed", failure); // a form may tell it where it was pressed
  box.dataset.state = failure.told ? "idle" : state;
  // A visitor in another tab sees when it is done.
  if (window.self === window.top) document.title = state === "busy" ? `… ${title}` : title;
  box.toggleAttribute("data-quiet", line === READY);
  find("words").textContent = failure.told ? "" : failure.line;
  count();
  // Percentages are for the eye: the ear is told when something else happens.
  speak(inWords(line.replace(/: \d+%$/, "")));
  send("state", state);
}

// Of several prompts the line begins with the number of one.
function inWords(line) {
  const [, where, rest] = line.match(/^(Prompt \d+ of \d+): (.*)$/s) ?? [];
  return where ? `${t(where)}: ${t(rest)}` : t(line);
}

function speak(line) {
  const spoken = find("spoken");
  if (spoken.textContent !== line) spoken.textContent = line;
}

function count() {
  const busy = box.dataset.state === "busy" && left !== null;
  const about = t(`about ${Math.max(1, Math.round(left))} s left`);
  const until = t(`in ${left} s (try ${tries} of ${MOST_TRIES}).`);
  find("seconds").textContent = busy ? (refused ? until : about) : "";
}

// What a visitor asked for is answered soon, or the server is looked for: where it is away, gradio
// gives up without an event.
function expectNews() {
  lastAsked = promptNow();
  compare();
  refused = left = null;
  heard = Date.now();
  put("busy", "Starting …");
}

page.addEventListener("click", ({ target }) => target.closest?.("#generate") && expectNews(), true);
page.addEventListener(
  "keydown",
  ({ target, key, shiftKey, isComposing }) => {
    if (key === "Enter" && !shiftKey && !isComposing && target.closest?.("#prompt")) expectNews();
  },
  true,
);
hear("asked", expectNews);

// The prompt that was asked for last: its pictures tell what was heard, and nothing else tells it
// a second time.
let lastAsked = null;

function promptNow() {
  return page.querySelector("#prompt textarea")?.value.trim() ?? "";
}

function compare() {
  page.classList.toggle("nf-asked", lastAsked !== null && lastAsked === promptNow());
}

page.addEventListener("input", ({ target }) => target.closest?.("#prompt") && compare());
hear("drawn", (drawn) => {
  lastAsked = drawn.prompt.trim();
  compare();
});

let looking = false;

async function lookForServer() {
  if (looking) return;
  looking = true;
  try {
    await fetch(address(), { method: "HEAD", cache: "no-store" });
    heard = Date.now();
  } catch {
    refused = left = null;
    put("failed", "The connection to the server was lost. Your prompt is kept; press Generate to try again.");
  }
  looking = false;
}

setInterval(() => {
  if (refused && left <= 1) return askAgain();
  if (left !== null && left > 1) left -= 1;
  count();
  if (box.dataset.state === "busy" && Date.now() - heard > SILENCE) lookForServer();
}, 1000);

const READ = 8000; // milliseconds that a note stays
let noteTimer = null;
hear("note", (line) => {
  find("note").textContent = line;
  clearTimeout(noteTimer);
  noteTimer = setTimeout(() => (find("note").textContent = ""), READ);
  speak(line);
});
hear("lost", lookForServer);
watch("value", show);
show();
