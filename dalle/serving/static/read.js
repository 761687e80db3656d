// Lets the server read one of our pictures; its settings come back, and the file is not kept.
async function readPicture(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let letters = "";
  for (let at = 0; at < bytes.length; at += 0x8000)
    letters += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  const found = await ask("read_picture", { content: btoa(letters) });
  if (found?.query) trigger("restore", { query: found.query, source: "picture" });
  else if (found) say(found.verdict);
  return found;
}
