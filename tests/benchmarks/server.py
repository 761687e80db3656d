"""Seconds from `python app.py` to a page, to a picture, and from a click to the first preview.

    python -m tests.benchmarks.server [RUNS]

Needs Chromium with chromedriver, as the tests of the page do.
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

from tests.serving.conftest import ROOT, Page, open_browser


def peak_memory(process: subprocess.Popen) -> float:
    """The largest resident size so far, in GiB."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024**2


def main(runs: str = "5") -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    browser = open_browser()
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
        page = Page(browser, address)
        page.write("a cat\n")
        page.wait_for(lambda: "kept the best 9" in page.status)
        print(f"first nine pictures after {time.perf_counter() - started:.1f} s")
        first, whole = [], []
        for _ in range(int(runs)):
            page = Page(browser, address)
            page.write("a penguin on a white background")
            clicked = time.perf_counter()
            page.click("generate")
            page.wait_for(lambda page=page: page.find("#preview img"))
            first.append(time.perf_counter() - clicked)
            page.wait_for(lambda page=page: "kept the best 9" in page.status)
            whole.append(time.perf_counter() - clicked)
        print(f"warm, medians of {runs}: first preview {statistics.median(first):.2f} s after the")
        print(f"  click, nine pictures {statistics.median(whole):.2f} s (polled every 0.1 s)")
        print(f"peak resident memory of the server {peak_memory(server):.2f} GiB")
    finally:
        server.terminate()
        server.wait()
        browser.quit()


if __name__ == "__main__":
    main(*sys.argv[1:])
