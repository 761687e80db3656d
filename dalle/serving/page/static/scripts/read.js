// Lets the server read one of our pictures; its settings come back, and the file is not kept.
const MOST_MEGABYTES = 2; // the server takes no more

async function readPicture(file) {
  if (file.size > MOST_MEGABYTES * 2 ** 20) {
    const megabytes = (file.size / 2 ** 20).toFixed(1);
    const verdict = t(`This file has ${megabytes} MB, and at most ${MOST_MEGABYTES} MB are read; choose a smaller one.`);
    say(verdict);
    return { verdict };
  }
  const found = await ask("read_picture", { content: await inBase64(file) });
  if (found?.query) trigger("restore", { query: found.query, source: "picture" });
  else if (found) say(t(found.verdict));
  return found;
}
