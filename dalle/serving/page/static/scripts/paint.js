// A picture to paint on: what is painted is drawn anew, in whole cells, which the brush shows.
const PIXELS = 16; // of the canvas for each cell
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const HINT = t("Paint over what shall change. With the keyboard: arrows move, space paints.");

// `changed` is called with the number of painted cells; `painted()` are their numbers, row by row.
function painter({ src, alt, cells: [columns, rows] }, changed) {
  const painted = new Set();
  let brush = null; // whether the stroke paints or takes away
  let cursor = null; // the cell of the keyboard
  const canvas = h("canvas", {
    width: columns * PIXELS,
    height: rows * PIXELS,
    tabindex: 0,
    role: "application",
    "aria-label": HINT,
  });
  const context = canvas.getContext("2d");

  function draw() {
    context.clearRect(0, 0, canvas.width, canvas.height);
    const at = (cell) => [(cell % columns) * PIXELS, Math.floor(cell / columns) * PIXELS];
    for (const cell of painted) {
      context.fillStyle = "rgb(255 255 255 / 0.72)";
      context.fillRect(...at(cell), PIXELS, PIXELS);
      context.fillStyle = "rgb(0 0 0 / 0.3)";
      context.fillRect(...at(cell).map((from) => from + PIXELS / 2 - 1), 2, 2);
    }
    if (cursor !== null) {
      context.strokeStyle = "black";
      const [x, y] = at(cursor);
      context.strokeRect(x + 1, y + 1, PIXELS - 2, PIXELS - 2);
    }
    changed(painted.size);
  }

  function touch(cell) {
    if (brush) painted.add(cell);
    else painted.delete(cell);
  }

  function cellOf(event) {
    const box = canvas.getBoundingClientRect();
    const place = (from, length, count) => Math.floor(((from / length) * count));
    const x = place(event.clientX - box.left, box.width, columns);
    const y = place(event.clientY - box.top, box.height, rows);
    return x < 0 || y < 0 || x >= columns || y >= rows ? null : y * columns + x;
  }

  canvas.addEventListener("pointerdown", (event) => {
    const cell = cellOf(event);
    if (cell === null) return;
    canvas.setPointerCapture(event.pointerId);
    cursor = null;
    brush = !painted.has(cell);
    touch(cell);
    draw();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (brush === null) return;
    const moves = event.getCoalescedEvents?.() ?? [];
    for (const move of moves.length ? moves : [event]) {
      const cell = cellOf(move);
      if (cell !== null) touch(cell);
    }
    draw();
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (brush = null));
  canvas.addEventListener("keydown", (event) => {
    const step = KEYS[event.key];
    if (!step && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    cursor ??= 0;
    if (step) {
      const x = Math.min(columns - 1, Math.max(0, (cursor % columns) + step[0]));
      const y = Math.min(rows - 1, Math.max(0, Math.floor(cursor / columns) + step[1]));
      cursor = y * columns + x;
    } else {
      brush = !painted.has(cursor);
      touch(cursor);
      brush = null;
    }
    draw();
  });
  const clear = () => {
    painted.clear();
    draw();
  };
  const node = h("div", { class: "nf-paint" }, h("img", { src, alt }), canvas);
  return { node, clear, draw, painted: () => [...painted].sort((one, other) => one - other) };
}
