// Remembers each result: its prompt, the link that remakes it, its pictures in one small sheet.
async function shrunk(tiles) {
  const columns = Math.ceil(Math.sqrt(tiles.length));
  const side = columns * SIDE;
  const canvas = h("canvas", { width: side, height: Math.ceil(tiles.length / columns) * SIDE });
  const context = canvas.getContext("2d");
  for (const [at, tile] of tiles.entries()) {
    if (tile.look !== "show") continue;
    const image = new Image();
    image.src = tile.src;
    await image.decode();
    context.drawImage(image, (at % columns) * SIDE, Math.floor(at / columns) * SIDE, SIDE, SIDE);
  }
  return canvas.toDataURL("image/jpeg", 0.75);
}

function record(entry) {
  const others = recall().filter(({ query }) => query !== entry.query);
  memorise([entry, ...others].slice(0, MOST));
}

// The prompt and its link at once, since a reload may come before the pictures are small.
hear("drawn", async ({ prompt, query, tiles }) => {
  record({ prompt, query });
  const uri = await shrunk(tiles);
  const sheet = { uri, width: SIDE, height: SIDE, gap: 0, count: tiles.length };
  memorise(recall().map((entry) => (entry.query === query ? { ...entry, sheet } : entry)));
});
