// What the page is opened with.
let told = new URLSearchParams(location.search);
const riddle = told.get("riddle");
if (riddle) told = new URLSearchParams(unveil(riddle));
if (told.get("compact") === "1") page.classList.add("nf-compact");
// A link shows its pictures at once; in somebody else's page they wait for a click.
const draws = told.has("prompt") && !told.has("run") && told.get("compact") !== "1";
if (draws) told.set("run", "1");
const source = told.get("compact") === "1" ? "frame" : riddle ? "riddle" : "link";
if (told.has("prompt") || told.has("seed")) trigger("restore", { query: `${told}`, source });

// Pictures may be dropped anywhere on the page: one of ours restores its settings, any other one is
// begun with.
const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
page.addEventListener("dragover", (event) => holdsFiles(event) && event.preventDefault());
page.addEventListener("drop", (event) => {
  if (!holdsFiles(event)) return;
  event.preventDefault();
  receive(event.dataTransfer.files[0], event.target.closest?.("#begin"));
});

async function receive(file, begins) {
  const found = begins ? null : await readPicture(file);
  if (begins || (found && !found.query && file.type.startsWith("image/"))) send("begin", file);
}
