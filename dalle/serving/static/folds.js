// Gradio's own parts, mended for screen readers: its folds do not say whether they are open, and
// the pictures in its footer repeat the words beside them.
function nameState(button) {
  const content = button.nextElementSibling;
  const tell = () => button.setAttribute("aria-expanded", content.style.display !== "none");
  new MutationObserver(tell).observe(content, { attributes: true, attributeFilter: ["style"] });
  tell();
}

requestAnimationFrame(() => {
  page.querySelectorAll(".gr-accordion > button").forEach(nameState);
  page.querySelectorAll("footer img").forEach((image) => image.setAttribute("alt", ""));
});

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
