// What the model can draw and what it can't, with prompts to try.
function show() {
  const { can = "", cannot = "", chips = [] } = props.value ?? {};
  element.querySelector(".nf-can").textContent = t(can);
  element.querySelector(".nf-cannot").textContent = t(cannot);
  const buttons = chips.map((prompt) => {
    const query = new URLSearchParams({ prompt }).toString();
    const click = () => trigger("restore", { query, source: "chip" });
    return h("li", null, h("button", { type: "button", class: "nf-action", click }, prompt));
  });
  element.querySelector(".nf-chips").replaceChildren(...buttons);
}
watch("value", show);
show();
