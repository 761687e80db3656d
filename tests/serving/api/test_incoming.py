"""Pictures to rank: shrunk as they are read, and never too many pixels at once."""

import pytest
from PIL import Image

from dalle.engine.admission import BusyError
from dalle.errors import DalleError
from dalle.serving.api import incoming
from dalle.serving.api.incoming import SQUARE, incoming_pictures, too_many, turn_to_decode
from dalle.serving.http.budget import Budget
from dalle.serving.http.turns import Turns
from dalle.serving.http.visitors import asking
from dalle.settings import SettingsError
from tests.fakes.pictures import data_uri, encode

SMALL = data_uri(encode(Image.new("RGB", (40, 30), "red")))
LARGE = data_uri(encode(Image.new("L", (2000, 1500))))


def test_pictures_shrink_as_they_are_read():
    with incoming_pictures([SMALL, LARGE]) as images:
        assert [image.size for image in images] == [(40, 30), (SQUARE, SQUARE)]
        assert {image.mode for image in images} == {"RGB"}


def test_a_call_has_so_many_pixels_and_no_more(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(incoming, "MOST_OF_A_CALL", 4_000_000)
    with (
        pytest.raises(SettingsError, match="more than 4 megapixels together; send fewer at a time"),
        incoming_pictures([LARGE, LARGE, "not even looked at"]),
    ):
        pass


def test_what_waits_is_bounded_and_given_back():
    held = Budget(40 * 30 * 2, too_many)
    with incoming_pictures([SMALL, SMALL], held) as images:
        assert len(images) == 2
        with (
            pytest.raises(DalleError, match="Too many pictures are waiting to be ranked"),
            incoming_pictures([SMALL], held),
        ):
            pass
    with incoming_pictures([SMALL, SMALL], held):  # all was given back
        pass
    with (
        pytest.raises(SettingsError, match=r"pictures\[1\] is no data URI"),
        incoming_pictures([SMALL, "data:x"], held),
    ):
        pass
    with incoming_pictures([SMALL, SMALL], held):  # after a refusal too
        pass


def by(address: str):
    """While a request of that address is answered."""
    return asking({"client": (address, 0)})


def test_what_one_visitor_sends_leaves_room_for_others():
    held = Budget(40 * 30 * 3, too_many, 40 * 30)
    with by("192.0.2.1"), incoming_pictures([SMALL], held):
        with (
            pytest.raises(DalleError, match="Too many pictures are waiting to be ranked"),
            incoming_pictures([SMALL], held),
        ):
            pass
        with by("192.0.2.2"), incoming_pictures([SMALL], held):
            pass


def test_a_visitor_may_wait_for_few_files_at_once():
    turns = Turns(at_once=2, each=1)
    with by("192.0.2.1"), turn_to_decode(turns):
        with pytest.raises(BusyError), turn_to_decode(turns):
            pass
        with by("192.0.2.2"), turn_to_decode(turns):
            pass
