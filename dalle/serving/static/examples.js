// Sheets from the repository: a click shows one at once, and fills in its prompt.
const entries = props.value ?? [];
element.querySelector("h2").hidden = entries.length === 0;
const list = element.querySelector("ul");
list.append(
  ...entries.map(({ prompt, thumbnail }, index) => {
    const image = h("img", { src: thumbnail, alt: "", loading: "lazy" });
    const click = () => trigger("pick", { index });
    return h("li", null, h("button", { type: "button", click }, image, h("span", null, prompt)));
  }),
);
// A few are enough to begin with, fewer on a phone.
const more = element.querySelector(".nf-more");
more.textContent = `Show all ${entries.length}`;
more.hidden = entries.length <= 6;
more.addEventListener("click", () => {
  list.classList.remove("nf-few");
  more.hidden = true;
  list.querySelector("button").focus();
});
