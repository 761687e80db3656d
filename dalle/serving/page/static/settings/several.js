// Another line in the box, also where the keyboard of a phone has no Shift+Enter.
element.querySelector("button").addEventListener("click", () => {
  const box = promptBox();
  fill(`${box.value.replace(/\s+$/, "")}\n`);
  box.focus();
  box.setSelectionRange(box.value.length, box.value.length);
});
