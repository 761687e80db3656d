"""The enlarger beside filters: pictures that were made small, and made large again.

python -m tests.benchmarks.enlarging [--pictures 20] [--sheet SHEET.png]

The sheet is for a blind look: of each picture two versions side by side, bicubic and the network
in a random order. The sides of the network are printed at the end.
"""

import argparse
import time

import numpy as np
from PIL import Image

import dalle
from dalle.models.enlarger import load_enlarger

PROMPTS = (
    "a red fox on the beach", "an owl on a purple background", "a purple car in the snow",
    "three bananas on a teal background", "a ghost in the forest", "a cat next to a dog",
    "a guitar", "a pineapple, pixel art", "a castle at sunset", "an astronaut riding a horse",
)  # fmt: skip
CROP = 192  # pixels of a version on the sheet


def by_filter(image: Image.Image, times: int, resample: Image.Resampling) -> np.ndarray:
    return np.asarray(image.resize((times * image.width, times * image.height), resample))


def by_network(image: Image.Image, times: int) -> np.ndarray:
    pixels = np.asarray(image)
    while times > 1:
        pixels, times = load_enlarger().enlarge(pixels), times // 2
    return pixels


WAYS = {
    "bicubic": lambda image, times: by_filter(image, times, Image.Resampling.BICUBIC),
    "Lanczos": lambda image, times: by_filter(image, times, Image.Resampling.LANCZOS),
    "network": by_network,
}


def psnr(pixels: np.ndarray, true: np.ndarray) -> float:
    error = np.square(pixels.astype(np.float32) - true).mean()
    return float(10 * np.log10(255**2 / (error + 1e-6)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=20)
    parser.add_argument("--sheet", help="a PNG file to write")
    arguments = parser.parse_args()
    pipeline = dalle.load("nano")
    per_prompt = -(-arguments.pictures // len(PROMPTS))
    true = [
        picture.image
        for prompt in PROMPTS
        for picture in pipeline.generate(prompt, seed=3).pictures[:per_prompt]
    ][: arguments.pictures]
    for times in (2, 4):
        for name, enlarge in WAYS.items():
            small = [t.resize((t.width // times, t.height // times), Image.BICUBIC) for t in true]
            enlarge(small[0], times)
            since = time.perf_counter()
            larger = [enlarge(each, times) for each in small]
            seconds = (time.perf_counter() - since) / len(true)
            pairs = zip(larger, true, strict=True)
            decibels = np.mean([psnr(pixels, np.asarray(t)) for pixels, t in pairs])
            print(f"{times} times, {name:8} {decibels:6.2f} dB  {seconds:.3f} s a picture")
    if arguments.sheet:
        print("the network is", *write_sheet(true, arguments.sheet))


def write_sheet(true: list[Image.Image], path: str) -> list[str]:
    """Writes pairs of versions, two of them in a row; returns the sides of the network."""
    dice = np.random.default_rng()
    rows, sides = [], []
    for picture in true:
        small = picture.resize((picture.width // 2, picture.height // 2), Image.BICUBIC)
        middle = (picture.width - CROP) // 2
        part = slice(middle, middle + CROP)
        versions = [WAYS[name](small, 2)[part, part] for name in ("network", "bicubic")]
        sides.append("left" if dice.integers(2) == 0 else "right")
        rows.append(np.hstack(versions if sides[-1] == "left" else versions[::-1]))
    if len(rows) % 2:
        rows.append(np.zeros_like(rows[0]))
    Image.fromarray(np.vstack([np.hstack(rows[i : i + 2]) for i in range(0, len(rows), 2)])).save(
        path
    )
    return sides


if __name__ == "__main__":
    main()
