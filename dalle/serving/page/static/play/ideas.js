// Words to add to the prompt, a prompt by lot, and ideas that change while the box is empty.
const row = element.querySelector(".nf-chips");
const FIRST = 8; // chips before "More"
const EVERY = 6000; // milliseconds that an idea stays in an empty box
let ideas = {};
let samples = [];

const oneOf = (list) => list[Math.floor(Math.random() * list.length)];

// Thing x thing x place x look; not always all of them.
function surprise() {
  const { riders = [], rides = [], wearers = [], hats = [], places = [], looks = [] } = ideas;
  if (!riders.length) return oneOf(samples);
  const rides_ = Math.random() < 0.6;
  const scene = rides_ ? `${oneOf(riders)} riding ${oneOf(rides)}` : `${oneOf(wearers)} wearing ${oneOf(hats)}`;
  const place = Math.random() < 0.7 ? ` ${oneOf(places)}` : "";
  const look = Math.random() < 0.6 ? `, ${oneOf(looks)}` : "";
  return scene + place + look;
}

// Places stand behind the things, looks at the end after a comma; a second click takes them away.
function toggle(words, isLook) {
  const text = promptBox().value.replace(/[\s,]+$/, "");
  const piece = `${isLook ? ", " : " "}${words}`;
  if (text.includes(piece)) return fill(text.replace(piece, ""));
  const comma = isLook ? -1 : text.indexOf(",");
  fill(comma < 0 ? text + piece : text.slice(0, comma) + piece + text.slice(comma));
}

function mark() {
  const text = promptBox()?.value ?? "";
  for (const chip of row.querySelectorAll("[data-words]"))
    chip.setAttribute("aria-pressed", text.includes(chip.dataset.words));
}

function show() {
  ({ ideas = {}, samples = [] } = props.value ?? {});
  const { places = [], looks = [] } = ideas;
  const all = looks.map((words) => [words, true]).flatMap((pair, at) => (places[at] ? [pair, [places[at], false]] : [pair]));
  const chips = all.map(([words, isLook], at) => {
    const click = () => (toggle(words, isLook), mark());
    const attributes = { type: "button", class: "nf-action nf-chip", "data-words": words, "aria-pressed": "false", hidden: at >= FIRST, click };
    return h("button", attributes, words);
  });
  const more = h("button", { type: "button", class: "nf-link", hidden: all.length <= FIRST }, t("More looks and places"));
  more.addEventListener("click", () => {
    chips.forEach((chip) => (chip.hidden = false));
    chips[FIRST].focus();
    more.remove();
  });
  row.replaceChildren(...chips, more);
  mark();
}

page.addEventListener("click", ({ target }) => {
  if (!target.closest?.("#surprise")) return;
  fill(surprise());
  generate();
});
page.addEventListener("input", ({ target }) => target.closest?.("#prompt") && mark());
setInterval(() => {
  const box = promptBox();
  if (box && box.value === "" && document.activeElement !== box) box.placeholder = surprise();
}, EVERY);
watch("value", show);
show();
