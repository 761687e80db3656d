// Reads one of our pictures: was it made here, and what with.
const input = element.querySelector("input");
const verdict = element.querySelector(".nf-verdict");

async function read(file) {
  if (!file) return;
  verdict.textContent = "Reading …";
  const bytes = new Uint8Array(await file.arrayBuffer());
  let letters = "";
  for (let at = 0; at < bytes.length; at += 0x8000)
    letters += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  const found = await ask("read_picture", { content: btoa(letters) });
  if (!found) {
    verdict.textContent = "";
    return;
  }
  verdict.textContent = found.verdict;
  if (found.query) trigger("restore", { query: found.query, source: "picture" });
  else say(found.verdict);
}

input.addEventListener("change", () => {
  read(input.files[0]);
  input.value = "";
});
hear("file", read);
