// Gradio's folds do not say whether they are open; screen readers ask for that.
function nameState(button) {
  const content = button.nextElementSibling;
  const tell = () => button.setAttribute("aria-expanded", content.style.display !== "none");
  new MutationObserver(tell).observe(content, { attributes: true, attributeFilter: ["style"] });
  tell();
}

requestAnimationFrame(() => page.querySelectorAll(".gr-accordion > button").forEach(nameState));

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
