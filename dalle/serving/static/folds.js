// Gradio's own parts, mended for screen readers: its folds do not say whether they are open, and
// the pictures in its footer repeat the words beside them.
function mend() {
  for (const button of page.querySelectorAll(".gr-accordion > button")) {
    button.setAttribute("aria-expanded", button.classList.contains("open"));
  }
  page.querySelectorAll("footer img").forEach((image) => image.setAttribute("alt", ""));
}

// Gradio may build its parts after this has run, and builds some of them anew.
const changes = { childList: true, subtree: true, attributeFilter: ["class"] };
new MutationObserver(mend).observe(page, changes);
mend();

// A link to a panel opens it.
page.addEventListener("click", (event) => {
  const target = event.target.closest?.('a[href^="#"]');
  const panel = target && page.querySelector(target.getAttribute("href"));
  if (!panel) return;
  event.preventDefault();
  const button = panel.querySelector("button");
  if (button.getAttribute("aria-expanded") !== "true") button.click();
  button.focus();
  panel.scrollIntoView({ block: "start" });
});
