"""What of a stranger's picture is refused before it is decoded."""

import pytest
from PIL import Image

from dalle.errors import DalleError
from dalle.safety.open_image import MAX_SCANS, open_bounded
from tests.fakes.pictures import encode, many_scans, wide


def test_a_jpeg_of_many_scans_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch):
    content = many_scans(64, MAX_SCANS)
    monkeypatch.setattr(Image, "open", None)
    with pytest.raises(
        DalleError, match=r"JPEG file has 69 scans, and at most 64 .*; save it anew"
    ):
        open_bounded(content)


def test_a_usual_progressive_jpeg_is_opened():
    assert open_bounded(many_scans(64, 1)).size == (64, 64)


@pytest.mark.parametrize(("size", "fits"), [((80, 10), True), ((81, 10), False), ((1, 9), False)])
def test_the_sides_may_differ_eight_times(size: tuple[int, int], fits: bool):
    content = encode(Image.new("RGB", size))
    if fits:
        assert open_bounded(content).size == size
        return
    with pytest.raises(DalleError, match=f"has {size[0]} x {size[1]} pixels; .* 8 times .* crop"):
        open_bounded(content)


def test_what_only_says_that_it_is_thin_is_not_decoded():
    with pytest.raises(DalleError, match="at most 8 times the shorter"):
        open_bounded(wide(1, 4_000_000))


@pytest.mark.parametrize("error", [IndexError, AttributeError, ZeroDivisionError, OverflowError])
def test_whatever_pillow_stumbles_over_is_a_damaged_file(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch
):
    def stumble(*arguments: object, **options: object) -> None:
        raise error("secret")

    monkeypatch.setattr(Image, "open", stumble)
    with pytest.raises(DalleError, match="cut or damaged") as told:
        open_bounded(encode(Image.new("RGB", (8, 8))))
    assert "secret" not in str(told.value)
