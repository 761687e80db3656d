"""The packages of a Space fit each other, and the app draws the same pictures as here."""

import io
import json
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from gradio_client import Client
from PIL import Image

import dalle

pytestmark = pytest.mark.space

ROOT = Path(__file__).parents[2]
PROMPT, SEED = "a red apple on a blue background", 3
# More packages than ours alone bring; where one of ours is held to another version, pip ends.
WITH_BUILDER = ("authlib", "itsdangerous", "spaces")


def pixels(files: list) -> list[np.ndarray]:
    return [np.asarray(Image.open(file)) for file in files]


def generate(address: str) -> list[np.ndarray]:
    client = Client(address, verbose=False)
    tiles, _, _ = client.predict(prompt=PROMPT, seed=SEED, api_name="/generate")
    return pixels([tile["image"] for tile in tiles])


@pytest.fixture(scope="module")
def expected() -> list[np.ndarray]:
    """Drawn by this process, with the Python and the packages of the tests."""
    result = dalle.load("nano").generate(PROMPT, seed=SEED)
    return pixels([io.BytesIO(picture.as_png()) for picture in result.pictures])


def test_the_builder_finds_versions_that_fit(python):
    listed = subprocess.run(
        [python, "-m", "pip", "list", "--format", "json", "--disable-pip-version-check"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    installed = {
        each["name"].lower().replace("_", "-"): each["version"]
        for each in json.loads(listed.stdout)
    }
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    pins = dict(
        found.groups() for line in lines if (found := re.match(r"([\w-]+)[^=]*==([\w.]+)", line))
    )
    assert len(pins) > 10
    assert {name: installed[name.replace("_", "-")] for name in pins} == pins
    assert set(WITH_BUILDER) <= set(installed)
    subprocess.run([python, "-m", "pip", "check"], check=True)
    told = subprocess.run([python, "--version"], capture_output=True, text=True, check=True)
    assert told.stdout.startswith("Python 3.12.")


def test_a_user_without_a_home_gets_the_same_pictures(start, space, expected):
    address, log = start()
    pictures = generate(address)
    assert len(pictures) == 9
    assert all(map(np.array_equal, pictures, expected))
    assert list((space / "home").iterdir()) == []
    assert "Traceback" not in log.read_text()


def test_zero_gpu_takes_the_app_and_the_processor_generates(start, expected, device_api):
    url, asked = device_api
    address, log = start(SPACES_ZERO_GPU="true", SPACES_ZERO_DEVICE_API_URL=url)
    assert asked == ["/startup-report"]
    assert np.array_equal(generate(address)[0], expected[0])
    assert "ZeroGPU lends its GPUs to PyTorch alone" in log.read_text()
    assert asked == ["/startup-report"]  # no visitor's quota was used
