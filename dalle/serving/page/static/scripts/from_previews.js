// Previews come in the order of drawing, pictures from the best on: each moves to its place.
const MOVE = { duration: 400, easing: "ease" };

function placesOf(node) {
  return [...node.querySelectorAll(".nf-growing > li")].map((square) => square.getBoundingClientRect());
}

// `before` are the places of the first candidates; a picture that had none there fades in.
function moveFromPreviews({ node, tiles }, before) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  node.querySelectorAll(".nf-tiles > li").forEach((item, at) => {
    const from = before[tiles[at].candidate];
    const to = item.getBoundingClientRect();
    const start = from
      ? { transform: `translate(${from.left - to.left}px, ${from.top - to.top}px)`, zIndex: 1 }
      : { opacity: 0 };
    item.animate([start, from ? { transform: "none", zIndex: 1 } : { opacity: 1 }], MOVE);
  });
}
