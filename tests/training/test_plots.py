"""Curves and sample sheets come out as pictures, the earliest sheet on top."""

import pytest
from PIL import Image

from dalle.errors import DalleError
from dalle.training.plots import LABEL, SHEETS, SHOWN, WIDTH, plot_curves, stack_samples
from dalle.training.run import Run


def test_curves_of_all_runs_are_one_picture(tmp_path):
    for name in SHOWN:
        for step in (1, 2, 3):
            Run(tmp_path / name).log(step, {"loss": 3 / step, "psnr": 20 + step})
    path = plot_curves(tmp_path, tmp_path / "curves.png")
    with Image.open(path) as image:
        assert image.width > 1000


def test_a_few_sheets_are_stacked_in_time(tmp_path):
    for step in range(1, 20):
        Image.new("RGB", (80, 20), (step, 0, 0)).save(tmp_path / f"samples-{step:06}.png")
    with Image.open(stack_samples(tmp_path, tmp_path / "all.png")) as image:
        sheet = 20 * WIDTH // 80
        assert image.size == (WIDTH, SHEETS * (sheet + LABEL))
        whole = image.convert("RGB")
        reds = [whole.getpixel((9, LABEL + 9 + n * (sheet + LABEL)))[0] for n in range(SHEETS)]
    assert reds == sorted(reds)
    assert (reds[0], reds[-1]) == (1, 19)


def test_without_samples_it_says_what_to_do(tmp_path):
    with pytest.raises(DalleError, match=r"there are no samples-\*.png in .*train `bart`"):
        stack_samples(tmp_path, tmp_path / "all.png")
