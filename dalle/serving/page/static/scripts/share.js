// Handing a result on: the sheet with its prompt and this page's name, and the short link.
const byTouch = matchMedia("(pointer: coarse)");

// What began with a visitor's own picture is in no link; the page's own address stands for it.
function linkOf(run) {
  return run.query ? link(run.link ?? run.query) : address();
}

async function toBlob(uri) {
  return (await fetch(uri)).blob();
}

function askForSheet(run) {
  return ask("pack", { kind: "sheet", name: run.name, address: address() });
}

async function share(run, button) {
  button.disabled = true;
  try {
    const shared = byTouch.matches && navigator.canShare ? await shareFile(run) : await copySheet(run);
    if (!shared) return;
    if (shared.said) say(shared.said);
  } finally {
    button.disabled = false;
  }
}

// The share sheet of a phone takes the picture, the prompt and the link.
async function shareFile(run) {
  const sheet = await askForSheet(run);
  if (!sheet) return null;
  const file = new File([await toBlob(sheet.uri)], sheet.name, { type: "image/png" });
  const whole = { files: [file], text: run.prompt, url: linkOf(run) };
  const told = navigator.canShare(whole) ? whole : { text: run.prompt, url: linkOf(run) };
  try {
    await navigator.share(told);
    return {};
  } catch (error) {
    if (error.name === "AbortError") return {}; // the visitor closed it
    return saveSheet(sheet);
  }
}

// A browser may forbid the clipboard, or a frame may; then the sheet is saved as a file.
async function copySheet(run) {
  const asked = askForSheet(run);
  try {
    const blob = asked.then((sheet) => (sheet ? toBlob(sheet.uri) : Promise.reject(new Error("no sheet"))));
    await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
    return { said: t("Picture copied. Paste it where you like.") };
  } catch {
    const sheet = await asked;
    return sheet && saveSheet(sheet);
  }
}

function saveSheet(sheet) {
  save(sheet.name, sheet.uri);
  return { said: t("Picture saved.") };
}
