// The seed that each Generate takes, while it is pinned; the button lets it go.
const chip = element.querySelector(".nf-pinned");

function show() {
  const seed = String(props.value ?? "").trim();
  chip.hidden = seed === "";
  chip.querySelector("span").textContent = `${t("Seed")} ${seed}`;
}
const release = chip.querySelector("button");
release.setAttribute("aria-label", t("Take a new seed each time"));
release.addEventListener("click", () => trigger("unpin"));
watch("value", show);
show();
