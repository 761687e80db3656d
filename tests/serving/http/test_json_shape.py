"""Bodies that Python's parser would break off at are refused before it sees them."""

import json

import pytest

from dalle.serving.http.json_shape import (
    MOST_DEPTH,
    MOST_DIGITS,
    NOT_OPENED,
    NOT_UTF_8,
    TOO_DEEP,
    TOO_LONG,
    JsonShape,
)

DIGITS = b"7" * (MOST_DIGITS + 1)
TEXT = rb'"a \" [ \\' + DIGITS + b"[{" * MOST_DEPTH + b'"'


def take(body: bytes, size: int) -> str:
    """The first sentence about a body that comes in pieces of that size."""
    shape, starts = JsonShape(), range(0, len(body), size)
    pieces = (shape.take(body[n : n + size], n + size >= len(body)) for n in starts)
    return next(filter(None, pieces), "")


@pytest.mark.parametrize("size", [1, 2, 3, 7, 10_000])
@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"[" * MOST_DEPTH + b"]" * MOST_DEPTH, ""),
        (b'{"a":' * MOST_DEPTH + b"[", TOO_DEEP),
        (b"[],{}," * MOST_DEPTH, ""),
        (b'{"seed": -' + DIGITS + b"}", TOO_LONG),
        (b"0." + DIGITS, TOO_LONG),
        (DIGITS[1:] + b"," + DIGITS[1:] + b'"7"' + DIGITS[1:], ""),
        (b'{"prompt": ' + TEXT + b', "seed": 1}', ""),
        (b'{"prompt": ' + TEXT + b', "seed": ' + DIGITS, TOO_LONG),
        (b'{"prompt": "a\\\\", "seed": ' + DIGITS, TOO_LONG),
        (b"[]]", NOT_OPENED),
        (json.dumps({"prompt": "fünf 猫 🐈"}, ensure_ascii=False).encode(), ""),
        (b'{"prompt": "\xff"}', NOT_UTF_8),
        (b'{"prompt": "\xe2\x82', NOT_UTF_8),
        ('{"seed": 7}'.encode("utf-16-le"), NOT_UTF_8),
    ],
)
def test_the_shape_is_the_same_however_the_body_comes(body: bytes, sentence: str, size: int):
    assert take(body, size) == sentence
