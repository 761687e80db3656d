"""The enlarger: the same picture however it is cut into squares, and better than bicubic."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from dalle.models.enlarger import enlarger as module
from dalle.models.enlarger import load_enlarger
from tests.audits.ellipses import make_picture


def shapes(side: int) -> np.ndarray:
    return np.asarray(make_picture(3, side).convert("RGB"))


def crisp_shapes() -> np.ndarray:
    """Shapes of even colour with smooth outlines, as drawings have them: uint8 [256, 256, 3]."""
    large = Image.new("RGB", (1024, 1024), "#2a9d8f")
    pen = ImageDraw.Draw(large)
    pen.ellipse((100, 150, 700, 800), fill="#e9c46a")
    pen.polygon([(300, 900), (950, 950), (700, 300)], fill="#264653")
    pen.line([(50, 80), (980, 420)], fill="white", width=30)
    return np.asarray(large.resize((256, 256), Image.Resampling.BOX))


@pytest.mark.parametrize("size", [(16, 16), (30, 47), (128, 128), (129, 260)])
def test_any_size_becomes_twice_as_large(size):
    pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    assert load_enlarger().enlarge(pixels).shape == (2 * size[0], 2 * size[1], 3)


def test_squares_fit_together_without_a_seam(monkeypatch):
    pixels = shapes(200)
    whole = load_enlarger().enlarge(pixels)
    monkeypatch.setattr(module, "SQUARE", 64)
    assert np.abs(load_enlarger().enlarge(pixels).astype(int) - whole).max() <= 1


def test_nothing_is_compiled_for_another_size():
    load_enlarger().enlarge(shapes(100))
    before = module._enlarge._cache_size()
    load_enlarger().enlarge(shapes(300))
    assert module._enlarge._cache_size() == before


def test_it_is_nearer_to_the_true_picture_than_bicubic():
    true = crisp_shapes()
    small = Image.fromarray(true).resize((128, 128), Image.Resampling.BICUBIC)
    bicubic = np.asarray(small.resize((256, 256), Image.Resampling.BICUBIC), np.float32)
    larger = load_enlarger().enlarge(np.asarray(small)).astype(np.float32)

    def error(pixels: np.ndarray) -> float:
        return float(np.square(pixels - true).mean())

    assert error(larger) < 0.8 * error(bicubic)
