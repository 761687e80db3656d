"""What rounding changes in pictures of the small VQGAN that was trained, beside float32.

    python -m tests.benchmarks.rounding

Its convolutions are narrower than those of a published model, where longer sums average more
rounding out. For bfloat16 and int8 the command prints the lowest PSNR of a prompt, and how CLIP
ranks the nine pictures of each.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from dalle.generation.loading import load_clip_tokenizer
from dalle.generation.pictures import to_images, to_pixels
from dalle.generation.ranking.scoring import ClipScorer
from dalle.models import load_clip
from dalle.models.checkpoints.checkpoint import read_params
from dalle.models.convolutions import convolve
from dalle.models.loading import without
from dalle.models.vqgan.network import Vqgan, vqgan_shapes
from tests.models.vqgan.train_small import CODES, CONFIG, SHIPPED, prompts

CLIP = Path(__file__).parents[2] / "assets" / "nano" / "clip"
PAIRS = np.triu_indices(9, 1)


@contextmanager
def narrow_convolutions() -> Iterator[None]:
    """The small network's convolutions count as wide ones."""
    wide = convolve.WIDE_CHANNELS
    try:
        convolve.WIDE_CHANNELS = CONFIG.ch
        jax.clear_caches()
        yield
    finally:
        convolve.WIDE_CHANNELS = wide
        jax.clear_caches()


def decode(dtype: str) -> np.ndarray:
    """Nine pictures of each prompt, [P, 9, H, W, 3] in 0..1."""
    shapes = without(vqgan_shapes(CONFIG), CONFIG.READERS)
    vqgan = Vqgan.from_params(CONFIG, read_params(SHIPPED, shapes), jnp.dtype(dtype))
    codes = np.load(SHIPPED / CODES).astype(np.int32)
    return np.clip([np.asarray(vqgan.decode(nine)) for nine in codes], 0, 1)


def psnr(pictures: np.ndarray, exact: np.ndarray) -> np.ndarray:
    """Of each prompt, [P] in dB."""
    return -10 * np.log10(np.square(pictures - exact).mean((1, 2, 3, 4)))


def scores(pictures: np.ndarray) -> np.ndarray:
    """CLIP's logits of each picture and its prompt, [P, 9]."""
    clip = load_clip(CLIP)
    scorer = ClipScorer(clip, load_clip_tokenizer(CLIP, clip), None)
    rows = zip(pictures, prompts(), strict=True)
    return np.stack([scorer.of(to_images(to_pixels(nine)), text)[:, 0] for nine, text in rows])


def swapped(exact: Sequence[float], rounded: Sequence[float]) -> np.ndarray:
    """How far apart pairs were that changed places, from the scores of nine pictures."""
    before, after = (np.subtract.outer(s, s)[PAIRS] for s in (exact, rounded))
    return np.abs(before[before * after < 0])


def main() -> None:
    with narrow_convolutions():
        pictures = {dtype: decode(dtype) for dtype in ("float32", "bfloat16", "int8")}
    exact = scores(pictures["float32"])
    print(f"{len(exact)} prompts; scores of a prompt deviate by {exact.std(1).mean():.2f} points")
    for dtype in ("bfloat16", "int8"):
        rounded = scores(pictures[dtype])
        apart = [swapped(*rows) for rows in zip(exact, rounded, strict=True)]
        pairs = np.concatenate(apart)
        noise = psnr(pictures[dtype], pictures["float32"]).min()
        best = (exact.argmax(1) == rounded.argmax(1)).mean()
        order = np.mean([not len(each) for each in apart])
        print(f"{dtype}: at least {noise:.1f} dB")
        print(f"  the best of nine is the same in {best:.0%}, the order in {order:.0%}")
        print(
            f"  {len(pairs)} of {len(PAIRS[0]) * len(exact)} pairs changed places, "
            f"at most {pairs.max(initial=0):.2f} points apart"
        )


if __name__ == "__main__":
    main()
