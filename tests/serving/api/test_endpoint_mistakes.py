"""Mistakes of programs that call the endpoints: our own sentences, whatever the client."""

import base64

import httpx
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from PIL import Image

from tests.fakes.pictures import data_uri, encode, many_scans, wide
from tests.serving.api.calls import failure


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"prompt": ""}, "The prompt is empty; write a few words about what to draw."),
        ({"prompt": " \n"}, "The prompt is empty; write a few words about what to draw."),
        ({"prompt": None}, "prompt is None; it must be text."),
        ({"prompt": ["a"]}, "prompt is ['a']; it must be text."),
        ({"prompt": "x" * 2_001}, "prompt has 2001 characters; at most 2000 are read"),
        ({"prompt": "a \ud83d"}, "prompt holds half a character"),
        ({"prompt": "fail"}, "This prompt fails; choose another one."),
        ({"prompt": "break"}, "Drawing failed (RuntimeError). Your prompt is kept"),
        ({"seed": -1}, "seed is -1; it must be a whole number from 0 to 4294967295."),
        ({"seed": "7"}, "seed is '7'; it must be a whole number"),
        ({"candidates": 8}, "candidates is 8; it must be a whole number from 9 to 64"),
        ({"candidates": 65}, "candidates is 65; it must be a whole number from 9 to 64"),
        ({"candidates": True}, "candidates is True; it must be a whole number from 9 to 64"),
        ({"keep": 17}, "keep is 17; it must be a whole number from 1 to"),
        ({"condition_scale": -1}, "condition_scale is -1; it must be a number from 0 to 100"),
        ({"temperature": {}}, "temperature is {}; it must be a number from 0 to 10."),
        ({"top_k": 257}, "top_k is 257; it must be a whole number from 0 to 256."),
        ({"top_p": float("nan")}, "top_p is nan; it must be a number from 0.01 to 1."),
        ({"negative_prompt": 5}, "negative_prompt is 5; it must be text."),
        ({"only": [1, 1]}, "only is [1, 1]; it must list candidate numbers from 0 to 143"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_generate_answers_a_mistake_with_a_sentence(quick_app, arguments, sentence):
    told = failure(quick_app, "generate", {"prompt": "a cat", **arguments})
    assert told.startswith(sentence)


def test_the_python_client_gets_the_same_sentence(quick_app):
    client = Client(quick_app, verbose=False)
    with pytest.raises(AppError, match="keep is 99; it must be a whole number from 1"):
        client.predict(prompt="a cat", keep=99, api_name="/generate")


@pytest.mark.parametrize(
    ("pictures", "sentence"),
    [
        ([], "pictures is 0 long; it must be a list of 1 to 64 pictures"),
        ("x", "pictures is no list; it must be a list of 1 to 64 pictures"),
        ([5], "pictures[0] is 5; it must be a data URI"),
        (["/etc/passwd"], "pictures[0] is not on this server"),
        (["/gradio_api/file=/tmp/gradio/../../etc/passwd"], "pictures[0] is not on this server"),
        (["http://127.0.0.1:1/a.png"], "pictures[0] is not on this server"),
        ([{"path": "/etc/passwd"}], "pictures[0] is not on this server"),
        (["a\0b"], "pictures[0] is not on this server"),
        (["data:image/png;base64,AAAA"], "pictures[0] cannot be read. The file's first bytes"),
        ([data_uri(wide(1, 3000))], "pictures[0] cannot be read. The picture has 1 x 3000 pixels"),
        ([data_uri(many_scans(8, 99))], "pictures[0] cannot be read. The JPEG file has 104 scans"),
        (
            [data_uri(encode(Image.new("L", (2000, 2000))))] * 20,
            "pictures has more than 64 megapix",
        ),
        (["data:image/png;base64,###"], "pictures[0] is no data URI that can be read"),
        (["data:image/png;base64," + "A" * 6_000_000], "pictures[0] cannot be read. The file has"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_rank_answers_a_mistake_with_a_sentence(quick_app, pictures, sentence):
    told = failure(quick_app, "rank", {"prompt": "a cat", "pictures": pictures})
    assert told.startswith(sentence)


def test_a_small_file_with_many_pixels_is_refused(quick_app, tmp_path):
    bomb = tmp_path / "bomb.png"
    Image.new("1", (20_000, 20_000)).save(bomb)
    uri = f"data:image/png;base64,{base64.b64encode(bomb.read_bytes()).decode()}"
    told = failure(quick_app, "rank", {"prompt": "a cat", "pictures": [uri]})
    assert told.startswith("pictures[0] cannot be read. The picture has far too many pixels")


@pytest.mark.parametrize(
    ("path", "body", "status", "sentence"),
    [
        ("call/v2/generate", {"seed": 7}, 400, "No value provided for required argument: prompt"),
        ("call/v2/generate", {"prompt": "a", "cfg": 7}, 400, "`cfg` is not a valid key-word"),
        ("call/v2/paint", {}, 404, "There is no endpoint named /paint"),
        ("call/paint", {"data": []}, 404, "There is no endpoint named /paint"),
    ],
)
def test_a_call_that_fits_no_endpoint_is_told_so(quick_app, path, body, status, sentence):
    answer = httpx.post(f"{quick_app}/gradio_api/{path}", json=body)
    assert answer.status_code == status
    assert sentence in answer.json()["detail"]
