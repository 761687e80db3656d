// What was drawn, remembered by the browser alone.
const KEY = "ninefold.history";
const MOST = 30;
const SIDE = 72; // pixels of a thumbnail
const list = element.querySelector(".nf-past");
const clear = element.querySelector(".nf-clear");

function load() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? [];
  } catch {
    return []; // damaged, or forbidden in a frame of another page
  }
}

function store(entries) {
  try {
    localStorage.setItem(KEY, JSON.stringify(entries));
  } catch {
    list.replaceChildren(h("li", null, "This browser keeps nothing for this page."));
  }
}

function render() {
  const entries = load();
  clear.hidden = entries.length === 0;
  const items = entries.map(({ prompt, query, thumb }) => {
    const click = () => trigger("restore", { query, source: "history" });
    const image = thumb ? h("img", { src: thumb, alt: "", width: SIDE, height: SIDE }) : null;
    return h("li", null, h("button", { type: "button", class: "nf-memory", click }, image, h("span", null, prompt)));
  });
  list.replaceChildren(...(items.length ? items : [h("li", { class: "nf-small" }, "Nothing yet.")]));
}

async function shrunk(uri) {
  const image = new Image();
  image.src = uri;
  await image.decode();
  const canvas = h("canvas", { width: SIDE, height: SIDE });
  canvas.getContext("2d").drawImage(image, 0, 0, SIDE, SIDE);
  return canvas.toDataURL("image/jpeg", 0.8);
}

hear("drawn", async ({ prompt, query, tile }) => {
  const thumb = tile.look === "shown" ? await shrunk(tile.src) : "";
  const others = load().filter((entry) => entry.query !== query);
  store([{ prompt, query, thumb }, ...others].slice(0, MOST));
  render();
});
clear.addEventListener("click", () => {
  store([]);
  render();
  say("The history is empty.");
});
render();
