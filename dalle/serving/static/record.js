// Remembers each result: its prompt, the link that remakes it, a thumbnail of the best picture.
async function shrunk(uri) {
  const image = new Image();
  image.src = uri;
  await image.decode();
  const canvas = h("canvas", { width: SIDE, height: SIDE });
  canvas.getContext("2d").drawImage(image, 0, 0, SIDE, SIDE);
  return canvas.toDataURL("image/jpeg", 0.8);
}

hear("drawn", async ({ prompt, query, tile }) => {
  const thumb = tile.look === "show" ? await shrunk(tile.src) : "";
  const others = recall().filter((entry) => entry.query !== query);
  memorise([{ prompt, query, thumb }, ...others].slice(0, MOST));
});
