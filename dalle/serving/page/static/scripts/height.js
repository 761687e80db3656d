// A frame tells the page around it how high it has to be.
const ROOM = 16; // pixels below the last line
const SETTLED = 80; // milliseconds without a change, so that parts that mount together are told once

// The parts themselves: what is around them grows with the frame, and would make it grow again.
function bottom() {
  const parts = [...page.querySelectorAll("main > .column > *, footer")];
  const visible = parts.filter((part) => part.offsetHeight > 0);
  const bottoms = visible.map((part) => part.getBoundingClientRect().bottom + window.scrollY);
  return Math.ceil(Math.max(0, ...bottoms)) + ROOM;
}

if (window.parent !== window) {
  let told = 0;
  const tell = () => {
    const height = bottom();
    if (Math.abs(height - told) > 1) window.parent.postMessage({ ninefoldHeight: height }, "*");
    told = height;
  };
  let pause = null;
  const parts = new ResizeObserver(() => {
    clearTimeout(pause);
    pause = setTimeout(tell, SETTLED);
  });
  for (const part of page.querySelectorAll("main > .column > *")) parts.observe(part);
}
