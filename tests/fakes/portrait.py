"""Takes the picture of the page that the README shows.

python -m tests.fakes.portrait [PROMPT]
"""

import io
import sys

from PIL import Image

from tests.serving.conftest import ROOT, Page, open_browser, serving

PICTURE = ROOT / "assets" / "page.png"
SIZE = {"width": 820, "height": 1290}  # down to the last row of tiles


def main(prompt: str = "a penguin on a green background") -> None:
    with serving("app.py") as address, open_browser() as browser:
        page = Page(browser.new_context(viewport=SIZE), address)
        page.generate(prompt)  # once to warm up
        page.open(f"{address}/?seed=1")
        page.generate(prompt)
        page.view.wait_for_timeout(500)
        shot = Image.open(io.BytesIO(page.view.screenshot())).convert("RGB")
    # 256 colours: a third of the size, and nobody sees it.
    shot.quantize(256, dither=Image.Dither.NONE).save(PICTURE, optimize=True)
    print(f"{PICTURE}: {PICTURE.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main(*sys.argv[1:])
