// Gradio's folds, mended for screen readers: they do not say whether they are open, and read out
// their arrow.
function mend() {
  for (const button of page.querySelectorAll(".gr-accordion > button")) {
    button.setAttribute("aria-expanded", button.classList.contains("open"));
    button.querySelector(".icon")?.setAttribute("aria-hidden", "true");
  }
  for (const node of page.querySelectorAll("[data-t]")) {
    node.removeAttribute("data-t");
    node.textContent = t(node.textContent);
  }
}

// Screen readers and fonts go by it.
if (words.size) document.documentElement.lang = navigator.language;

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
