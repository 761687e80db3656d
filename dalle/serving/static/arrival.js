// What the page is opened with: the query of its address, or the attributes of the component.
function arrival() {
  if (!embedding) return location.search;
  const { prompt = "", seed = "", run = "", compact = "" } = embedding.dataset;
  const told = Object.entries({ prompt, seed, run, compact }).filter(([, value]) => value);
  return `?${new URLSearchParams(told)}`;
}

const told = new URLSearchParams(arrival());
if (told.get("compact") === "1") page.classList.add("nf-compact");
if (told.has("prompt") || told.has("seed")) trigger("restore", { query: arrival(), source: "link" });

// Pictures of ours may be dropped anywhere on the page.
const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
page.addEventListener("dragover", (event) => holdsFiles(event) && event.preventDefault());
page.addEventListener("drop", (event) => {
  if (!holdsFiles(event)) return;
  event.preventDefault();
  readPicture(event.dataTransfer.files[0]);
});
