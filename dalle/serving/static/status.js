// The progress line: stage, place in the queue, seconds left; and what screen readers are told.
const box = element.querySelector(".nf-status");
const find = (name) => box.querySelector(`.nf-${name}`);
const SILENCE = 15_000; // milliseconds without news after which the server is looked for
let left = null; // seconds
let heard = 0; // when the last news came
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
}

// Not all in the same moment, or they would all be refused again.
function waitAndRetry(line, retry) {
  tries += 1;
  refused = retry;
  left = Math.ceil(Math.max(SHORTEST, retry.seconds) * (1 + Math.random() / 2));
  put("busy", line);
  // Heard once, not every second.
  speak(`${line} in about ${left} seconds.`);
}

function askAgain() {
  const asked = refused;
  refused = left = null;
  heard = Date.now();
  if (asked.query) trigger("again", asked);
  else trigger("retry", asked);
}

function put(state, line) {
  if (state !== "busy") tries = 0;
  box.dataset.state = state;
  find("words").textContent = line;
  count();
  // Percentages are for the eye: the ear is told when something else happens.
  speak(line.replace(/: \d+%$/, ""));
  send("state", state);
}

function speak(line) {
  const spoken = find("spoken");
  if (spoken.textContent !== line) spoken.textContent = line;
}

function count() {
  const busy = box.dataset.state === "busy" && left !== null;
  const about = `about ${Math.max(1, Math.round(left))} s left`;
  const until = `in ${left}\u00a0s (try ${tries} of ${MOST_TRIES}).`;
  find("seconds").textContent = busy ? (refused ? until : about) : "";
}

async function lookForServer() {
  try {
    await fetch(address(), { method: "HEAD", cache: "no-store" });
    heard = Date.now();
  } catch {
    put("failed", "The connection to the server was lost. Your prompt is kept; press Generate to try again.");
  }
}

setInterval(() => {
  if (refused && left <= 1) return askAgain();
  if (left !== null && left > 1) left -= 1;
  count();
  if (box.dataset.state === "busy" && Date.now() - heard > SILENCE) lookForServer();
}, 1000);

hear("note", (line) => {
  find("note").textContent = line;
  speak(line);
});
hear("lost", () => {
  if (box.dataset.state === "busy") lookForServer();
});
watch("value", show);
show();
