// The progress line: stage, place in the queue, seconds left; and what screen readers are told.
const box = element.querySelector(".nf-status");
const find = (name) => box.querySelector(`.nf-${name}`);
const SILENCE = 15_000; // milliseconds without news after which the server is looked for
let left = null; // seconds
let heard = 0; // when the last news came

function show() {
  const { state = "idle", line = "", fraction = null, seconds = null } = props.value ?? {};
  heard = Date.now();
  left = seconds;
  put(state, line);
  find("bar").firstElementChild.style.width = `${100 * (fraction ?? 0)}%`;
  find("note").textContent = "";
}

function put(state, line) {
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
  find("seconds").textContent = busy ? `about ${Math.max(1, Math.round(left))} s left` : "";
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
