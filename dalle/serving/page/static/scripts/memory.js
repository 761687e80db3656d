// The browser's own memory of what was drawn; no server has it.
const KEY = "ninefold.history";
const MOST = 30;
const SIDE = 80; // pixels of a thumbnail

function recall() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY));
    return Array.isArray(kept) ? kept.filter(isSound) : [];
  } catch {
    return []; // damaged, or forbidden in a frame of another page
  }
}

// Other pages of this address may write there too, and so may older ones of ours.
function isSound(entry) {
  const { prompt, query, sheet } = entry ?? {};
  const whole = !sheet || (typeof sheet.uri === "string" && Number.isInteger(sheet.count));
  return typeof prompt === "string" && typeof query === "string" && whole;
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
