// One of our pictures, chosen from the disk: was it made here, and what with.
const input = element.querySelector("input");
const verdict = element.querySelector(".nf-verdict");

input.addEventListener("change", async () => {
  const [file] = input.files;
  if (!file) return;
  verdict.textContent = t("Reading …");
  const found = await readPicture(file);
  verdict.textContent = found ? t(found.verdict) : t("The file was not read; the server did not answer.");
  input.value = ""; // so that the same file may be chosen again
});
