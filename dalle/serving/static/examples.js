// Sheets from the repository: a click shows one at once, and fills in its prompt.
const entries = props.value ?? [];
element.querySelector("h2").hidden = entries.length === 0;
element.querySelector("ul").append(
  ...entries.map(({ prompt, thumbnail }, index) => {
    const image = h("img", { src: thumbnail, alt: "", loading: "lazy" });
    const click = () => trigger("pick", { index });
    return h("li", null, h("button", { type: "button", click }, image, h("span", null, prompt)));
  }),
);
