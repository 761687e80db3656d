"""Seconds from `python app.py` to a page, to a picture, and from a click to the first preview.

    python -m tests.benchmarks.server [RUNS]

Needs Chromium, as the tests of the page do.
"""

import os
import re
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Browser

from tests.serving.conftest import ROOT, Page, open_browser

# Seconds from a click to the first preview and to the pictures, as the page itself sees them, each
# in the frame that shows it. Playwright looks twice a second at most, and from outside.
WATCH = """() => {
  const waiting = [".nf-growing", ".nf-run[data-state=done] .nf-tile img"];
  window.seconds = [];
  let clicked;
  const look = () => {
    const next = waiting[window.seconds.length];
    if (next && document.querySelector(next))
      window.seconds.push((performance.now() - clicked) / 1000);
  };
  const started = () => {
    clicked = performance.now();
    const changes = new MutationObserver(() => requestAnimationFrame(look));
    changes.observe(document.body, { subtree: true, childList: true });
  };
  document.addEventListener("click", started, { capture: true, once: true });
}"""


def peak_memory(process: subprocess.Popen) -> float:
    """The largest resident size so far, in GiB."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024**2


def main(runs: str = "5") -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with open_browser() as browser:
        measure(browser, port, int(runs))


def measure(browser: Browser, port: int, runs: int) -> None:
    """Starts the server, prints what is measured, and ends the server."""
    started = time.perf_counter()
    server = subprocess.Popen(
        [sys.executable, "app.py"], cwd=ROOT, env=os.environ | {"PORT": str(port)}
    )
    address = f"http://127.0.0.1:{port}"
    try:
        while True:
            try:
                urllib.request.urlopen(address).close()
                break
            except OSError:  # not listening yet
                time.sleep(0.05)
        print(f"first page served after {time.perf_counter() - started:.1f} s")
        page = Page(browser.new_context(), address)
        page.generate("a cat")
        print(f"first nine pictures after {time.perf_counter() - started:.1f} s")
        first, whole = [], []
        for _ in range(runs):
            page.open(address)
            page.box.fill("a penguin on a white background")
            page.view.evaluate(WATCH)
            page.press("Generate")
            page.view.wait_for_function("window.seconds.length == 2", polling=100)
            seconds = page.view.evaluate("window.seconds")
            first.append(seconds[0])
            whole.append(seconds[1])
        print(f"warm, medians of {runs}: first preview {statistics.median(first):.2f} s after the")
        print(f"  click, nine pictures {statistics.median(whole):.2f} s")
        print(f"peak resident memory of the server {peak_memory(server):.2f} GiB")
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
