// Light or dark by a click, which this browser keeps; without one its own wish holds.
const KEPT = "ninefold.theme";
const button = element.querySelector(".nf-theme");
const { classList } = document.body; // where gradio has it
button.setAttribute("aria-label", t("Light or dark"));
button.title = t("Light or dark");

function kept() {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null; // forbidden in a frame of another page
  }
}

function keep(theme) {
  try {
    localStorage.setItem(KEPT, theme);
  } catch {
    say(t("This browser keeps nothing for this page."));
  }
}

function apply() {
  if (kept()) classList.toggle("dark", kept() === "dark");
}

button.addEventListener("click", () => {
  const theme = classList.contains("dark") ? "light" : "dark";
  classList.toggle("dark", theme === "dark");
  keep(theme);
});
// A page that shows this one in a frame chooses by the address.
if (!new URLSearchParams(location.search).has("__theme")) {
  apply();
  // Gradio follows the browser's wish when that changes.
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => setTimeout(apply));
  addEventListener("storage", ({ key }) => key === KEPT && apply());
}
