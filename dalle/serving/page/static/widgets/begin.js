// A picture of the visitor's own to go on with: chosen, dropped, pasted or from the camera. A large
// one is made smaller here, so that any photo will do; the server has the last word.
const input = element.querySelector("input");
const SENT = ["image/png", "image/jpeg", "image/webp"];
const MOST_BYTES = 2 * 2 ** 20;
const MOST_PIXELS = 4_000_000;
const LONGER_SIDE = 1536; // of one that is made smaller
const NO_PICTURE = t("This file is no picture that your browser can read; choose a PNG, JPEG or WebP picture.");

async function begin(file) {
  say(t("Reading your picture …"));
  const fitting = await fit(file);
  if (!fitting) return say(NO_PICTURE);
  const kept = await ask("take_picture", { content: await inBase64(fitting) });
  if (!kept) return;
  send("asked");
  trigger("open", kept);
}

async function fit(file) {
  const sent = SENT.includes(file.type) && file.size <= MOST_BYTES;
  let bitmap;
  try {
    bitmap = await createImageBitmap(file); // upright, as its notes say
  } catch {
    return sent ? file : null; // the server knows better what is wrong with it
  }
  if (sent && bitmap.width * bitmap.height <= MOST_PIXELS) return file;
  const scale = Math.min(1, LONGER_SIDE / Math.max(bitmap.width, bitmap.height));
  const side = (length) => Math.max(1, Math.round(scale * length));
  const canvas = h("canvas", { width: side(bitmap.width), height: side(bitmap.height) });
  const context = canvas.getContext("2d");
  context.fillStyle = "white"; // under what is transparent
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
}

input.addEventListener("change", async () => {
  const [file] = input.files;
  if (file) await begin(file);
  input.value = ""; // so that the same file may be chosen again
});
document.addEventListener("paste", (event) => {
  const [file] = event.clipboardData?.files ?? [];
  if (!file?.type.startsWith("image/")) return;
  event.preventDefault();
  begin(file);
});
hear("begin", begin);
hear("open", (picture) => trigger("open", { picture }));
