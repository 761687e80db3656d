"""What marks cost and stand, and the picture check, on pictures that a model has just drawn.

python -m tests.benchmarks.provenance [MODEL] [PROMPTS]
"""

import io
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

import dalle
from dalle.generation.result import Picture
from dalle.safety.pictures import PictureChecker
from dalle.safety.provenance import Marker
from dalle.safety.signing import Signer
from dalle.safety.verify import verify
from dalle.safety.watermark import LUMA, THRESHOLD, detect, embed, match_everywhere
from tests.safety.certificates import make_chain
from tests.safety.test_watermark import CHANGES, saved

ROOT = Path(__file__).parents[2]
PROMPTS = (ROOT / "assets" / "examples" / "prompts.txt").read_text().splitlines()
KEY = Marker.key
WRONG_KEYS = 20
STRONGER = {
    "JPEG 50": lambda image: saved(image, "JPEG", 50),
    "WebP 50": lambda image: saved(image, "WEBP", 50),
}


def plain(image: Image.Image) -> bytes:
    content = io.BytesIO()
    image.save(content, "PNG")
    return content.getvalue()


def spend(make: Callable, things: list) -> tuple[list, float]:
    """What `make` makes of each, and the median of milliseconds of processor time.

    Processor time, because a picture takes a few milliseconds and others may use the machine too.
    """
    make(things[0])
    made, spent = [], []
    for thing in things:
        began = time.process_time()
        made.append(make(thing))
        spent.append(1000 * (time.process_time() - began))
    return made, statistics.median(spent)


def report_cost(pictures: list[Picture]) -> None:
    bare, bare_ms = spend(lambda picture: plain(picture.image), pictures)
    for name, marker in {
        "marked": Marker(),
        "signed too": Marker(signer=Signer.of(*make_chain())),
    }.items():
        files, ms = spend(lambda picture, marker=marker: picture.as_png(marker=marker), pictures)
        grown = [(len(a) - len(b)) / 1024 for a, b in zip(files, bare, strict=True)]
        print(
            f"{name}: {ms - bare_ms:.1f} ms more than the plain file's {bare_ms:.1f} ms; "
            f"larger by {statistics.mean(grown):.1f} KB, at most {max(grown):.1f} KB"
        )
        _, ms = spend(lambda content: verify(content, KEY), files[:20])
        print(f"  verify finds it in {ms:.0f} ms")


def report_mark(pictures: list[Picture]) -> None:
    before = [np.asarray(picture.image) for picture in pictures]
    after = [embed(pixels, KEY) for pixels in before]
    loss = [
        10 * np.log10(255**2 / np.mean(np.square(a.astype(float) - b)))
        for a, b in zip(after, before, strict=True)
    ]
    print(f"the mark: PSNR {statistics.mean(loss):.1f} dB, at least {min(loss):.1f} dB")
    for name, change in (CHANGES | STRONGER).items():
        found = [detect(change(Image.fromarray(pixels)), KEY) for pixels in after]
        count, lowest = sum(f.found for f in found), min(f.score for f in found)
        print(
            f"  {name:28} found in {count} of {len(found)}, lowest score {lowest:.1f}", flush=True
        )
    lumas = [np.asarray(pixels, np.float32) @ LUMA for pixels in before]
    wrong = [
        match_everywhere(luma, f"wrong key {number}")
        for luma in lumas
        for number in range(WRONG_KEYS)
    ]
    print(
        f"  without it, {len(wrong)} searches of 4,096 places: "
        f"highest score {max(wrong):.1f}, needed {THRESHOLD:.1f}"
    )


def report_check(pictures: list[Picture]) -> None:
    pixels = np.stack([np.asarray(picture.image) for picture in pictures])
    checker = PictureChecker()
    nines = [pixels[start : start + 9] for start in range(0, len(pixels) - 8, 9)]
    _, ms = spend(checker.check, nines)
    print(f"picture check: 9 pictures in {ms:.0f} ms; of all {dict(checker.counts)}")


def main(model: str = "nano", prompts: str = "10") -> None:
    pipeline = dalle.load(model)
    pictures, checking = [], []
    for prompt in PROMPTS[: int(prompts)]:
        result = pipeline.generate(prompt, seed=1)
        pictures += result.pictures
        checking.append(1000 * result.seconds["checking"])
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; milliseconds of processor time")
    size = "{} x {}".format(*pictures[0].image.size)
    print(f"{len(pictures)} kept pictures of {prompts} prompts by {model}, {size}", flush=True)
    print(
        f"waiting for the check in a run: {statistics.median(checking):.0f} ms for all candidates"
    )
    report_check(pictures)
    report_cost(pictures)
    report_mark(pictures)


if __name__ == "__main__":
    main(*sys.argv[1:])
