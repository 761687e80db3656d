"""Changes of a picture that cannot be made: one sentence each."""

import numpy as np
import pytest
from PIL import Image

from dalle.errors import DalleError
from dalle.generation.pipeline import Pipeline
from dalle.generation.result import Picture
from dalle.settings import SettingsError
from tests.generation.conftest import make_pipeline


def test_what_the_check_hides_is_not_gone_on_with(
    picture: Picture, photo: Image.Image, corner: np.ndarray
) -> None:
    strict = make_pipeline("float32", score=0.99)
    with pytest.raises(DalleError, match=r"can't be used\. Hidden: .* explicit"):
        strict.edit(photo, corner, "a dog")
    hidden = strict.generate("a red apple", seed=1, only=[0]).pictures[0]
    assert hidden.codes == ()
    with pytest.raises(DalleError, match="can't be used"):
        strict.vary(hidden)


@pytest.mark.parametrize(
    ("mask", "sentence"),
    [
        (np.zeros((5, 5), bool), "The mask is empty"),
        (np.ones((5, 5), bool), "covers the whole picture"),
        (Image.new("L", (7, 3)), "The mask is empty"),
        (np.zeros((2, 2, 2), bool), r"shape \(2, 2, 2\) and type bool; give a picture"),
        (np.zeros((0, 2), bool), r"shape \(0, 2\)"),
        ("white", r"type <U5; give a picture"),
    ],
)
def test_an_impossible_mask_is_a_sentence(
    pipeline: Pipeline, picture: Picture, mask: object, sentence: str
) -> None:
    with pytest.raises(SettingsError, match=sentence):
        pipeline.edit(picture, mask, "a dog")


def test_impossible_wishes_are_sentences(
    pipeline: Pipeline, picture: Picture, corner: np.ndarray
) -> None:
    for strength in (0, 1.1, float("nan"), "much", True, 10**400):
        with pytest.raises(SettingsError, match=r"strength is .*above 0 and at most 1"):
            pipeline.vary(picture, strength)
    with pytest.raises(SettingsError, match="side is 'north'; it must be left, right, up or down"):
        pipeline.extend(picture, "north")
    with pytest.raises(SettingsError, match="of type str; give one of a result"):
        pipeline.vary("apple.png")
    with pytest.raises(SettingsError, match="has 1 x 1 pixels; give one of at least 16"):
        pipeline.vary(Image.new("RGB", (1, 1)))
    with pytest.raises(SettingsError, match="no setting named 'topk'"):
        pipeline.edit(picture, corner, "a dog", topk=5)
