// The keyboard: Esc stops or goes back, 1 to 9 pick a tile, arrows move.
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
let state = "idle";
hear("state", (now) => (state = now));

function current() {
  const entries = inOrder().filter((entry) => entry.tiles.length);
  return entries.find(({ node }) => node.contains(document.activeElement)) ?? entries[0];
}

function escape() {
  const open = current();
  if (state === "busy") page.querySelector("#stop")?.click();
  else if (open?.at !== null && open?.tiles.length > 1) leave(open);
}

function pick(entry, at) {
  if (at >= entry.tiles.length) return;
  enlarge(entry, at);
  entry.node.scrollIntoView({ block: "nearest" });
}

function move(entry, [across, down]) {
  const all = buttons(entry);
  const focused = all.indexOf(document.activeElement);
  const columns = getComputedStyle(entry.node.querySelector(".nf-tiles")).gridTemplateColumns;
  const step = across + down * columns.split(" ").length;
  const from = entry.at ?? focused;
  const to = from + step;
  if (to < 0 || to >= all.length) return;
  if (entry.at !== null) enlarge(entry, to);
  all[to].focus();
}

function press(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (event.key === "Escape") return escape();
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const entry = current();
  if (!entry) return;
  if (/^[1-9]$/.test(event.key)) return pick(entry, Number(event.key) - 1);
  const inside = entry.node.querySelector(".nf-tiles")?.contains(document.activeElement);
  if (event.key in STEPS && (inside || entry.at !== null)) {
    event.preventDefault();
    move(entry, STEPS[event.key]);
  }
}
document.addEventListener("keydown", press);
