// The owner's gallery, and sheets from the repository: a click shows one, and fills in its prompt.
const { picks = [], examples = [] } = props.value ?? {};

function shelf(kind, title, entries) {
  const list = h(
    "ul",
    { class: "nf-few" },
    entries.map(({ prompt, thumbnail }, index) => {
      const image = h("img", { src: thumbnail, alt: "", loading: "lazy", class: kind === "examples" && "nf-gaps" });
      const click = () => trigger("pick", { index, kind });
      return h("li", null, h("button", { type: "button", click }, image, h("span", null, prompt)));
    }),
  );
  // A few are enough to begin with, fewer on a phone.
  const click = () => {
    list.classList.remove("nf-few");
    more.hidden = true;
    list.querySelector("button").focus();
  };
  const more = h("button", { type: "button", class: "nf-link nf-more", click }, t(`Show all ${entries.length}`));
  more.hidden = entries.length <= 6;
  element.querySelector(".nf-examples").append(h("h2", null, title), list, more);
}

if (picks.length) shelf("picks", t("Picked by the owner of this page"), picks);
if (examples.length) shelf("examples", t("Try one of these"), examples);
