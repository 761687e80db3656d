// The browser's own memory of what was drawn; no server has it.
const KEY = "ninefold.history";
const MOST = 30;
const SIDE = 80; // pixels of a thumbnail

function recall() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? [];
  } catch {
    return []; // damaged, or forbidden in a frame of another page
  }
}

// Whether it could be kept: browsers may forbid it, and there may be no room.
function memorise(entries) {
  try {
    localStorage.setItem(KEY, JSON.stringify(entries));
  } catch {
    return false;
  }
  send("history");
  return true;
}
