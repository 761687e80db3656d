"""A picture with a recipe, and a signer."""

import io

import pytest
from PIL import Image

from dalle.generation.result import Picture
from dalle.safety.provenance.c2pa import Signer
from tests.audits.ellipses import make_picture
from tests.safety.provenance.certificates import make_chain

RECIPE = {
    "model": "nano",
    "revision": "0123456789ab",
    "precision": "bfloat16",
    "prompt": "canary 🍎",
    "normalized_prompt": "canary",
    "settings": {"seed": 7, "top_k": 256, "negative_prompt": "canary too"},
    "seed": 7,
    "candidate": 3,
}


@pytest.fixture(scope="module")
def signer() -> Signer:
    pytest.importorskip("c2pa", reason="c2pa-python is optional and not installed here")
    return Signer.of(*make_chain())


@pytest.fixture
def picture() -> Picture:
    return Picture(make_picture(0), 1.0, 3, RECIPE)


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))
