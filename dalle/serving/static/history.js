// What was drawn, to come back to.
const list = element.querySelector(".nf-past");
const clear = element.querySelector(".nf-clear");

function render() {
  const entries = recall();
  clear.hidden = entries.length === 0;
  const items = entries.map(({ prompt, query, thumb }) => {
    const click = () => trigger("restore", { query, source: "history" });
    const image = thumb ? h("img", { src: thumb, alt: "" }) : null;
    const button = h("button", { type: "button", class: "nf-memory", click }, image, h("span", null, prompt));
    return h("li", null, button);
  });
  list.replaceChildren(...(items.length ? items : [h("li", { class: "nf-small" }, "Nothing yet.")]));
}

clear.addEventListener("click", () => {
  const kept = memorise([]);
  say(kept ? "The history is empty." : "This browser keeps nothing for this page.");
});
hear("history", render);
render();
