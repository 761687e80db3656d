"""How a run shows itself in a notebook, and its bar."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from dalle.generation.progress import with_bar
from dalle.generation.result import Picture, Preview, Result
from dalle.safety.pictures.checker import NOT_CHECKED, Verdict

PROMPT = 'an "apple" <b>&'


def make_picture(verdict: Verdict = NOT_CHECKED) -> Picture:
    pixels = np.random.default_rng(0).integers(60, 200, (12, 12, 3)).astype(np.uint8)
    image = Image.fromarray(pixels.repeat(16, 0).repeat(16, 1))
    return Picture(image, 12.34, 3, {"model": "nano", "seed": 1, "settings": {}}, verdict)


@pytest.fixture
def result() -> Result:
    recipe = {"model": "nano", "prompt": PROMPT, "seed": 1, "settings": {}}
    pictures = [make_picture(), make_picture()]
    return Result(pictures, [make_picture()], recipe, {"drawing": 1.0}, ["A note with <i>."])


def test_a_picture_is_a_marked_png():
    picture = make_picture()
    assert picture._repr_png_() == picture.as_png()


def test_a_picture_that_is_blurred_stays_so():
    picture = make_picture(Verdict("blur", 0.7))
    shown = np.asarray(Image.open(io.BytesIO(picture._repr_png_())))
    sharp = np.asarray(Image.open(io.BytesIO(picture.as_png(reveal=True))))
    assert np.abs(shown.astype(int) - sharp).mean() > 5


def test_a_run_is_its_sheet_with_words(result):
    html = result._repr_html_()
    assert 'alt="Pictures of: an &quot;apple&quot; &lt;b&gt;&amp;"' in html
    assert "2 of 3 candidates, best first (CLIP: 12.3, 12.3); seed 1." in html
    assert "A note with &lt;i&gt;." in html
    [sheet] = re.findall(r'src="data:image/png;base64,([^"]+)"', html)
    assert base64.b64decode(sheet) == result.sheet_png()


def test_a_bar_follows_the_previews(result, capsys):
    frames = [Preview([], 0.25), Preview([], 1.0), result]
    assert with_bar(iter(frames)) is result
    told = capsys.readouterr().err
    assert "drawing:" in told
    assert "done: 100 %" in told
