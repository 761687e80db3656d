"""What marks cost, show and stand, and the picture check, on pictures that a model has just drawn.

python -m tests.benchmarks.provenance [MODEL] [PROMPTS] [SIDE]

Pictures are resized to SIDE pixels before they are marked; three of each prompt are kept.
"""

import io
import itertools
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
from dalle.safety.pictures.checker import PictureChecker
from dalle.safety.provenance.c2pa import Signer
from dalle.safety.provenance.marker import Marker
from dalle.safety.provenance.pattern import LUMA
from dalle.safety.provenance.verify import verify
from dalle.safety.provenance.watermark import (
    FLAT,
    PUBLIC_KEY,
    THRESHOLD,
    detect,
    embed,
    measure_strength,
)
from tests.benchmarks.attacks import ATTACKS, SHEET_ATTACKS, Change, to_width
from tests.benchmarks.scielab import difference
from tests.safety.provenance.certificates import make_chain

ROOT = Path(__file__).parents[2]
PROMPTS = (ROOT / "assets" / "examples" / "prompts.txt").read_text().splitlines()
KEPT = 3  # pictures of a prompt
WRONG_KEYS = 24


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


def report_cost(images: list[Image.Image], recipes: list[dict]) -> None:
    bare, bare_ms = spend(plain, images)
    for name, marker in {
        "marked": Marker(),
        "signed too": Marker(signer=Signer.of(*make_chain())),
    }.items():
        pairs = list(zip(images, recipes, strict=True))
        files, ms = spend(lambda pair, marker=marker: marker.encode(*pair), pairs)
        grown = [(len(a) - len(b)) / 1024 for a, b in zip(files, bare, strict=True)]
        size = statistics.mean(len(content) for content in bare) / 1024
        print(
            f"{name}: {ms - bare_ms:.1f} ms more than the plain file's {bare_ms:.1f} ms; "
            f"larger by {statistics.mean(grown):.1f} KB than {size:.1f} KB, at most "
            f"{max(grown):.1f} KB"
        )
        _, ms = spend(lambda content: verify(content, PUBLIC_KEY), files)
        print(f"  verify finds it in {ms:.0f} ms")


def report_looks(before: list[np.ndarray], after: list[np.ndarray]) -> None:
    """How far pictures moved: in decibels, grey levels, and as the eye sees them at 400 %."""
    loss, seen, flat_seen, moved = [], [], [], []
    for a, b in zip(before, after, strict=True):
        change = a.astype(float) - b
        loss.append(10 * np.log10(255**2 / np.square(change).mean()))
        flat = measure_strength(a @ LUMA) < 1.05 * FLAT
        looks = difference(a, b)
        seen.append(np.percentile(looks, 99))
        if flat.mean() > 0.02:
            flat_seen.append(np.percentile(looks[flat], 99))
            moved.append(np.abs(change[flat]).mean())
    print(f"the mark: PSNR {np.mean(loss):.1f} dB, at least {min(loss):.1f} dB")
    print(
        f"  flat grounds move by {np.mean(moved):.2f} grey levels on average; S-CIELAB p99 on "
        f"them {np.median(flat_seen):.2f} (median of pictures, at most {max(flat_seen):.2f}), "
        f"on whole pictures {np.median(seen):.2f}"
    )


def report_attacks(name: str, images: list[Image.Image], attacks: dict[str, Change]) -> None:
    print(f"{name}: found of {len(images)}, lowest and median score, seconds of processor time")
    for attack, change in attacks.items():
        began = time.process_time()
        found = [detect(change(image), PUBLIC_KEY) for image in images]
        spent = (time.process_time() - began) / len(images)
        scores = [detection.score for detection in found]
        count = sum(detection.found for detection in found)
        print(
            f"  {attack:24} {count:3} {min(scores):5.1f} {statistics.median(scores):5.1f} "
            f"{spent:5.2f}",
            flush=True,
        )


def report_false_alarms(images: list[Image.Image]) -> None:
    """Scores without the mark: unmarked pictures, changed ones too, and keys that are not theirs.

    The highest score of a picture is that of several thousand places; a tail like a Gumbel
    distribution's, fitted by its moments, tells how rare one beyond the threshold is.
    """
    changes = [ATTACKS[name] for name in ("nothing", "JPEG 50", "resize 1.5", "rotate 5")]
    scores = [
        detect(change(image), key).score
        for image in images
        for change in changes
        for key in [PUBLIC_KEY, *(f"wrong key {number}" for number in range(WRONG_KEYS))]
    ]
    spread = statistics.stdev(scores) * np.sqrt(6) / np.pi
    mode = statistics.mean(scores) - 0.5772 * spread
    chance = -np.expm1(-np.exp(-(THRESHOLD - mode) / spread))
    print(
        f"without the mark, {len(scores)} searches: median {statistics.median(scores):.2f}, "
        f"highest {max(scores):.2f}, needed {THRESHOLD:.2f}; beyond it by Gumbel's tail: "
        f"{chance:.1e}; by Hoeffding's inequality at most 5e-07"
    )


def make_sheets(images: list[Image.Image]) -> list[Image.Image]:
    """As many 3 x 3 sheets as there are pictures, with room between."""
    side = images[0].width
    sheets = []
    for first in range(len(images)):
        sheet = Image.new("RGB", (3 * side + 32, 3 * side + 66), "white")
        nine = itertools.islice(itertools.cycle(images[first:] + images[:first]), 9)
        for place, image in enumerate(nine):
            sheet.paste(image, (8 + place % 3 * (side + 8), 8 + place // 3 * (side + 8)))
        sheets.append(sheet)
    return sheets


def mark(image: Image.Image) -> Image.Image:
    return Image.fromarray(embed(np.asarray(image), PUBLIC_KEY))


def report_check(images: list[Image.Image]) -> None:
    pixels = np.stack([np.asarray(image) for image in images])
    checker = PictureChecker()
    nines = [pixels[start : start + 9] for start in range(0, len(pixels) - 8, 9)]
    _, ms = spend(checker.check, nines)
    print(f"picture check: 9 pictures in {ms:.0f} ms; of all {dict(checker.counts)}")


def generate(model: str, prompts: int) -> list[Picture]:
    pipeline = dalle.load(model)
    results = [pipeline.generate(prompt, seed=1) for prompt in PROMPTS[:prompts]]
    waited = statistics.median(1000 * result.seconds["checking"] for result in results)
    print(f"waiting for the check in a run: {waited:.0f} ms for all candidates")
    return [picture for result in results for picture in result.pictures[:KEPT]]


def main(model: str = "nano", prompts: str = "10", side: str = "384") -> None:
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; milliseconds of processor time")
    pictures = generate(model, int(prompts))
    images = [to_width(picture.image, int(side)) for picture in pictures]
    print(f"{len(pictures)} pictures of {prompts} prompts by {model}, {side} x {side}", flush=True)
    report_check(images)
    report_cost(images, [picture.recipe for picture in pictures])
    marked = [mark(image) for image in images]
    report_looks([np.asarray(image) for image in images], [np.asarray(image) for image in marked])
    _, ms = spend(mark, images)
    print(f"  embedding takes {ms:.1f} ms a picture")
    report_attacks("pictures", marked, ATTACKS)
    report_attacks("sheets", [mark(sheet) for sheet in make_sheets(images)], SHEET_ATTACKS)
    report_attacks("sheets of nine marked files", make_sheets(marked), SHEET_ATTACKS)
    report_false_alarms(images)


if __name__ == "__main__":
    main(*sys.argv[1:])
