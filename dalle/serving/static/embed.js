// The snippets for other people's pages, with the prompt that is in the box.
const compact = element.querySelector(".nf-compact-choice");
const dark = element.querySelector(".nf-dark-choice");
const code = (form) => element.querySelector(`[data-form="${form}"]`);

async function write() {
  const snippets = await ask("write_snippets", {
    address: address(),
    prompt: page.querySelector("#prompt textarea")?.value ?? "",
    theme: dark.checked ? "dark" : "light",
    compact: compact.checked,
  });
  for (const [form, text] of Object.entries(snippets ?? {})) code(form).textContent = text;
}

for (const choice of [compact, dark]) choice.addEventListener("change", write);
for (const button of element.querySelectorAll("[data-copy]"))
  button.addEventListener("click", async () => {
    await write();
    copy(code(button.dataset.copy).textContent, "Code", button);
  });
// Written when it comes into sight, so that the prompt is the one of that moment.
new IntersectionObserver((seen) => seen.some((entry) => entry.isIntersecting) && write()).observe(element);
