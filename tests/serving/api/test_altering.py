"""The endpoints that go on with a picture, by gradio's client, by HTTP and by MCP."""

import io
import json
from pathlib import Path

import httpx
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import ExifTags, Image

from tests.fakes.apart import run_apart
from tests.fakes.pictures import data_uri, encode, wide
from tests.serving.api.calls import call, failure
from tests.serving.api.test_endpoints import MARKED

PHOTO = Image.new("RGB", (80, 60), (10, 200, 90))
URI = data_uri(encode(PHOTO))


@pytest.fixture(scope="module")
def client(quick_app: str) -> Client:
    return Client(quick_app, verbose=False)


def half(size: tuple[int, int] = (8, 8)) -> Image.Image:
    """A mask over the right half."""
    mask = Image.new("L", size)
    mask.paste(255, (size[0] // 2, 0, *size))
    return mask


def pixels(path: str) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"), int)


def test_variations_of_a_picture_that_was_drawn_here(client):
    generated, _, _ = client.predict("a cat", seed=7, keep=1, api_name="/generate")
    pictures, done, sheet = client.predict(
        handle_file(generated[0]["image"]), strength=0.3, seed=9, keep=4, api_name="/vary"
    )
    assert [picture["candidate"] for picture in pictures] == [15, 14, 13, 12]
    assert done["edit"] == {"kind": "vary", "strength": 0.3}
    assert done["edited_from"] == "a foreign picture"  # the file does not tell its prompt
    assert Path(sheet).stat().st_size > 0
    with Image.open(pictures[0]["image"]) as image:
        recipe = json.loads(image.text["ninefold"])
    assert (recipe["edit"], recipe["edited_from"]) == (done["edit"], "a foreign picture")


def test_an_edit_streams_previews_and_keeps_what_is_not_under_the_mask(client):
    job = client.submit(URI, data_uri(encode(half())), "a dog", seed=9, keep=2, api_name="/edit")
    *_, (pictures, done, _) = list(job)
    stages = [frame[1]["stage"] for frame in job.outputs()]
    assert "drawing" in stages
    assert done["prompt"] == "a dog"
    changed = pixels(pictures[0]["image"])
    assert changed.shape == (64, 88, 3)
    left, right = changed[:, :40], changed[:, -40:]
    assert np.abs(left - PHOTO.getpixel((0, 0))).max() <= MARKED
    assert np.abs(right - (9, 240, 0)).max() <= MARKED


def test_a_picture_grows_and_is_enlarged(client):
    pictures, _, _ = client.predict(URI, "left", "a tree", seed=9, keep=1, api_name="/extend")
    assert pixels(pictures[0]["image"]).shape == (64, 120, 3)
    [larger], done, same = client.predict(URI, times=4, api_name="/enlarge")
    assert pixels(larger["image"]).shape == (240, 320, 3)
    assert done["edit"] == {"kind": "enlarge", "times": 4}
    assert Path(same).read_bytes() == Path(larger["image"]).read_bytes()


def test_a_tile_repeats(client):
    drawn, _, _ = client.predict("a cat", seed=7, keep=1, api_name="/generate")
    pictures, done, _ = client.predict(
        handle_file(drawn[0]["image"]), seed=9, keep=4, api_name="/tile"
    )
    assert done["edit"] == {"kind": "tile"}
    assert len(pictures) == 4


def test_over_plain_http(quick_app):
    events = call(quick_app, "vary", {"picture": URI, "prompt": "a cat", "seed": 3, "keep": 1})
    kind, (pictures, done, _) = events[-1]
    assert (kind, len(pictures), done["stage"]) == ("complete", 1, "done")


def test_orientation_is_honoured_and_nothing_else_of_the_file_is_kept(client, tmp_path):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # a quarter turn
    exif[ExifTags.Base.Artist] = "somebody at home"
    file = tmp_path / "photo.jpg"
    PHOTO.save(file, exif=exif)
    [larger], done, _ = client.predict(handle_file(str(file)), api_name="/enlarge")
    assert pixels(larger["image"]).shape == (160, 120, 3)
    assert b"somebody" not in Path(larger["image"]).read_bytes()
    assert "somebody" not in json.dumps(done)


def moving() -> bytes:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    return encode(frames[0], save_all=True, append_images=frames[1:])


BAD = [
    (encode(Image.new("RGB", (1, 1))), "The picture has 1 x 1 pixels; give one of at least 16"),
    (wide(8000, 5000), "The picture has 8000 x 5000 pixels; give a PNG, JPEG or WebP picture of"),
    (moving(), "The picture is animated, with 2 frames; give a single one."),
    (encode(PHOTO.convert("CMYK"), "JPEG"), "The picture's pixels are of the kind CMYK, not 8-bit"),
    (encode(Image.new("I;16", (20, 20), 9)), "The picture's pixels are of the kind I;16, not 8-bi"),
    (encode(Image.new("RGBA", (20, 20), (1, 2, 3, 4))), "The picture is transparent in places; fi"),
    (b"only a text", "The file's first bytes are of no known picture; give a PNG, JPEG or WebP"),
]


@pytest.mark.parametrize(("content", "sentence"), BAD, ids=lambda value: str(value)[-30:])
@pytest.mark.parametrize("endpoint", ["vary", "enlarge"])
def test_a_picture_that_cannot_be_used_is_one_sentence(quick_app, endpoint, content, sentence):
    told = [data for kind, data in call(quick_app, endpoint, {"picture": data_uri(content)})][-1]
    assert sentence in told["error"]


@pytest.mark.parametrize(
    ("mask", "sentence"),
    [
        (Image.new("L", (8, 8)), "The mask is empty, so nothing would change; paint white over"),
        (Image.new("L", (8, 8), 255), "The mask covers the whole picture, so nothing of it would"),
        (Image.new("RGBA", (8, 8), (0, 0, 0, 0)), "The mask covers the whole picture"),
    ],
)
def test_an_impossible_mask_is_one_sentence(quick_app, mask, sentence):
    asked = {"picture": URI, "mask": data_uri(encode(mask)), "prompt": "a dog"}
    assert failure(quick_app, "edit", asked).startswith(sentence)


@pytest.mark.parametrize(
    ("endpoint", "asked", "sentence"),
    [
        ("vary", {"strength": 2}, "strength is 2; it must be a number above 0 and at most 1."),
        ("vary", {"strength": 2, "picture": "http://elsewhere/a.png"}, "strength is 2; it"),
        ("extend", {"side": "north", "picture": "http://elsewhere/a.png"}, "side is 'north'; it"),
        ("vary", {"picture": "http://elsewhere/a.png"}, "picture is not on this server"),
        ("vary", {"picture": 5}, "picture is 5; it must be a data URI"),
        ("vary", {"seed": -1}, "seed is -1; it must be a whole number"),
        ("vary", {"model": "mega"}, "model is 'mega'; it must be fake or other"),
        ("extend", {"side": "north"}, "side is 'north'; it must be left, right, up or down."),
        ("edit", {"mask": "x"}, "mask is not on this server"),
        ("enlarge", {"times": 3}, "times is 3; it must be 2 or 4."),
    ],
)
def test_an_impossible_wish_is_one_sentence(quick_app, endpoint, asked, sentence):
    assert failure(quick_app, endpoint, {"picture": URI, **asked}).startswith(sentence)


def test_a_mask_of_another_size_or_of_transparent_parts(client):
    for mask in (half((300, 41)), half((9, 9)).convert("RGB")):
        pictures, _, _ = client.predict(
            URI, data_uri(encode(mask)), "a dog", seed=9, keep=1, api_name="/edit"
        )
        assert pixels(pictures[0]["image"])[5, 5] == pytest.approx((10, 200, 90), abs=MARKED)
    holes = Image.new("RGBA", (80, 60), (255, 255, 255, 255))
    holes.paste((0, 0, 0, 0), (40, 0, 80, 60))
    pictures, _, _ = client.predict(
        URI, data_uri(encode(holes)), "a dog", seed=9, keep=1, api_name="/edit"
    )
    assert pixels(pictures[0]["image"])[5, 5] == pytest.approx((10, 200, 90), abs=MARKED)
    assert pixels(pictures[0]["image"])[5, -5] == pytest.approx((9, 240, 0), abs=MARKED)


def test_an_assistant_varies_a_picture(quick_app):
    from mcp import ClientSession
    from mcp.client.streamable_http import streamable_http_client

    async def talk() -> str:
        server = f"{quick_app}/gradio_api/mcp/"
        async with (
            streamable_http_client(server) as (reading, writing, _),
            ClientSession(reading, writing) as session,
        ):
            await session.initialize()
            said = await session.call_tool("vary", {"picture": URI, "seed": 7, "keep": 1})
            return said.content[0].text

    assert "'candidate': 15" in run_apart(talk())


def test_a_mistake_by_gradios_client(client):
    with pytest.raises(AppError, match="side is 'north'"):
        client.predict(URI, "north", api_name="/extend")


def test_the_file_of_a_variation_is_served(client, quick_app):
    _, done, _ = client.predict(URI, seed=9, keep=1, api_name="/vary")
    events = call(quick_app, "vary", {"picture": URI, "seed": 9, "keep": 1})
    url = events[-1][1][0][0]["image"]["url"]
    with Image.open(io.BytesIO(httpx.get(url).content)) as image:
        assert json.loads(image.text["ninefold"])["seed"] == done["seed"]
