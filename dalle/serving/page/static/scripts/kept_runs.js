// The runs of this tab, kept by the browser so that a reload loses nothing; no server has them.
const MOST_RUNS = 10;
const KEPT_FOR = 86_400_000; // milliseconds, after which another tab's runs are deleted
const compact = new URLSearchParams(location.search).get("compact") === "1";
// Several frames in one page would share one memory.
const lasting = !compact;

function tabName() {
  const name = sessionStorage.getItem("ninefold.tab") ?? crypto.getRandomValues(new Uint32Array(2)).join("-");
  sessionStorage.setItem("ninefold.tab", name);
  return name;
}

function settle(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

let database = null; // opened once

function openDatabase() {
  database ??= (async () => {
    const request = indexedDB.open("ninefold", 2);
    request.onupgradeneeded = () => {
      for (const name of ["runs", "stars"])
        if (!request.result.objectStoreNames.contains(name)) request.result.createObjectStore(name);
    };
    return settle(request);
  })();
  return database;
}

async function openRuns() {
  return (await openDatabase()).transaction("runs", "readwrite").objectStore("runs");
}

function toDataUri(blob) {
  return new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.readAsDataURL(blob);
  });
}

// The pictures themselves, out of the browser's cache: the server forgets them.
async function withPictures(run) {
  const tiles = await Promise.all(
    (run.tiles ?? []).map(async (tile) => {
      if (!tile.src || tile.src.startsWith("data:")) return tile;
      const answer = await fetch(tile.src, { cache: "force-cache" });
      return answer.ok ? { ...tile, src: await toDataUri(await answer.blob()) } : tile;
    }),
  );
  return { ...run, tiles };
}

// Browsers may forbid it, and there may be no room: then the page only forgets on a reload.
async function keepRuns(runs) {
  if (!lasting) return;
  try {
    const tab = tabName();
    const whole = await Promise.all(runs.slice(0, MOST_RUNS).map(withPictures));
    const store = await openRuns();
    await settle(store.put({ when: Date.now(), runs: whole }, tab));
  } catch (error) {
    console.info("The browser keeps no pictures:", error);
  }
}

async function recallRuns() {
  if (!lasting) return [];
  try {
    const tab = tabName();
    const store = await openRuns();
    const kept = await settle(store.get(tab));
    deleteOld(store);
    return kept?.runs ?? [];
  } catch (error) {
    console.info("The browser keeps no pictures:", error);
    return [];
  }
}

function deleteOld(store) {
  store.openCursor().onsuccess = ({ target: { result: cursor } }) => {
    if (!cursor) return;
    if (Date.now() - cursor.value.when > KEPT_FOR) cursor.delete();
    cursor.continue();
  };
}

async function forgetRuns() {
  try {
    const store = await openRuns();
    await settle(store.clear());
  } catch (error) {
    console.info("The browser keeps no pictures:", error);
  }
}
