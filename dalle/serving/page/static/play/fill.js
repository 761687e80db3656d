// The prompt as a person would type it, so that gradio hears of it.
function promptBox() {
  return page.querySelector("#prompt textarea");
}

function fill(text) {
  const box = promptBox();
  box.value = text;
  box.dispatchEvent(new Event("input", { bubbles: true }));
}

// After gradio has heard of the prompt.
function generate() {
  requestAnimationFrame(() => setTimeout(() => page.querySelector("#generate").click()));
}
