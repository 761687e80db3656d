// The code for other people's pages, with the prompt that is in the box.
const compact = element.querySelector(".nf-compact-choice");
const dark = element.querySelector(".nf-dark-choice");
const code = element.querySelector(".nf-code");
const PAUSE = 500; // milliseconds in which nobody types
let visible = false;
let pause = null;

async function write() {
  const snippets = await ask("write_snippets", {
    address: address(),
    prompt: page.querySelector("#prompt textarea")?.value ?? "",
    theme: dark.checked ? "dark" : "light",
    compact: compact.checked,
  });
  if (snippets) code.textContent = snippets.iframe;
}

for (const choice of [compact, dark]) choice.addEventListener("change", write);
element.querySelector("[data-copy]").addEventListener("click", async ({ target }) => {
  await write();
  copy(code.textContent, "HTML", target);
});
page.addEventListener("input", ({ target }) => {
  if (!visible || !target.closest?.("#prompt")) return;
  clearTimeout(pause);
  pause = setTimeout(write, PAUSE);
});
// Written when it comes into sight, so that the prompt is the one of that moment.
new IntersectionObserver(([{ isIntersecting }]) => {
  visible = isIntersecting;
  if (visible) write();
}).observe(element);
