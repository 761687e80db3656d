// The seed that each Generate takes, while it is pinned; the button lets it go.
const chip = element.querySelector(".nf-pinned");

function show() {
  const seed = String(props.value ?? "").trim();
  chip.hidden = seed === "";
  chip.querySelector("span").textContent = `${t("Seed")} ${seed}`;
}
chip.querySelector("button").addEventListener("click", () => trigger("unpin"));
watch("value", show);
show();
