"""What the page weighs: bytes and requests of a first visit and of a run, its layout shift, and the
seconds until it can be used on slow 4G with a phone's processor.

    python -m tests.benchmarks.weight [ADDRESS]

Without an address it serves the page with pictures of one colour, and beside it a page of gradio's
with a text box, a button and one piece of HTML: the least that gradio takes. Needs Chromium.
"""

import sys
import time

from playwright.sync_api import Browser, CDPSession

from tests.serving.conftest import Page, open_browser, serving

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
DESKTOP = {"viewport": {"width": 1440, "height": 900}}
# Lighthouse's slow 4G, and a processor four times as slow.
SLOW = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 94_000}
SHIFTS = """() => {
  window.shift = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
}"""
PROMPT = "an owl wearing a crown in the snow"


class Traffic:
    """Bytes over the wire and requests, since the last time they were taken."""

    def __init__(self, session: CDPSession) -> None:
        self.bytes = self.requests = self.document = 0
        self._documents: set[str] = set()
        session.on("Network.requestWillBeSent", self._sent)
        session.on("Network.loadingFinished", self._finished)
        session.send("Network.enable")

    def _sent(self, event: dict) -> None:
        if not event["request"]["url"].startswith("data:"):
            self.requests += 1
        if event.get("type") == "Document":
            self._documents.add(event["requestId"])

    def _finished(self, event: dict) -> None:
        self.bytes += event["encodedDataLength"]
        if event["requestId"] in self._documents:
            self.document += event["encodedDataLength"]

    def take(self) -> str:
        told = f"{self.bytes / 1000:.0f} KB in {self.requests} requests"
        self.bytes = self.requests = 0
        return told


def visit(browser: Browser, address: str, slow: bool, bare: bool = False, **context) -> None:
    """Prints what one cold visit takes, and one run where the page is not a bare one."""
    opened = browser.new_context(**context)
    opened.add_init_script(f"({SHIFTS})()")
    session = opened.new_cdp_session(blank := opened.new_page())
    traffic = Traffic(session)
    if slow:
        session.send("Network.emulateNetworkConditions", SLOW)
        session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    begun = time.perf_counter()
    blank.goto(address, wait_until="commit")
    blank.locator("#prompt textarea").wait_for()
    blank.locator(".nf-words:not(:empty)").wait_for()
    usable = time.perf_counter() - begun
    blank.wait_for_timeout(3000)
    shift = blank.evaluate("window.shift")
    print(
        f"{'a bare page, ' if bare else ''}{context['viewport']['width']} px"
        f"{', slow 4G' if slow else ''}: usable after "
        f"{usable:.1f} s, {traffic.take()}, the document {traffic.document / 1000:.0f} KB, "
        f"layout shift {shift:.3f}"
    )
    if bare:
        opened.close()
        return
    page = Page.__new__(Page)
    page.view = blank
    begun = time.perf_counter()
    page.generate(PROMPT)
    blank.wait_for_function(
        "() => [...document.querySelectorAll('.nf-tile img')].every((image) => image.complete)"
    )
    seconds = time.perf_counter() - begun
    blank.wait_for_timeout(2000)
    print(f"  a run: {seconds:.1f} s, {traffic.take()}, layout shift in all "
          f"{blank.evaluate('window.shift'):.3f}")  # fmt: skip
    opened.close()


def measure(address: str) -> None:
    with open_browser() as browser:
        visit(browser, address, False, **DESKTOP)
        visit(browser, address, False, **PHONE)
        visit(browser, address, True, **PHONE)


def main(address: str = "") -> None:
    if address:
        measure(address)
        return
    with serving("-m", "tests.fakes.engine") as served:
        measure(served)
    with serving("-m", "tests.fakes.bare_page") as served, open_browser() as browser:
        for slow in (False, True):
            visit(browser, served, slow, bare=True, **PHONE)


if __name__ == "__main__":
    main(*sys.argv[1:])
