"""What the page takes from `dalle.safety`: facts, the check of a file, reports."""

import json

import numpy as np
import pytest
from PIL import Image

from dalle.errors import DalleError
from dalle.generation.result import Picture
from dalle.safety.prompts.filter import PromptFilter
from dalle.serving.page.facts.about import write_notice
from dalle.serving.page.facts.safety_facts import safety_of
from dalle.serving.settings import ServerSettings


@pytest.fixture
def picture() -> Picture:
    pixels = np.random.default_rng(0).integers(60, 200, (12, 12, 3)).astype(np.uint8)
    image = Image.fromarray(pixels.repeat(32, 0).repeat(32, 1))
    return Picture(image, 1.0, 3, {"model": "nano", "revision": "0", "seed": 1, "settings": {}})


def test_the_facts_name_filter_check_and_signing():
    facts = dict(safety_of(ServerSettings(prompt_policy="strict"))["facts"]())
    assert facts["Prompt filter"].startswith("strict, rules ")
    assert PromptFilter.load("strict").sha256[:12] in facts["Prompt filter"]
    assert "checked for nudity" in facts["Picture check"]
    assert "no signing key" in facts["Origin"]
    assert "not logged" in facts["Privacy"]


def test_switched_off_safety_is_told():
    safety = safety_of(ServerSettings(prompt_policy="off", picture_policy="off"))
    facts = dict(safety["facts"]())
    assert "switched off" in facts["Prompt filter"]
    assert facts["Picture check"] == "Pictures are not checked."
    notice = write_notice("nano", safety["warnings"])
    assert "switched off" in notice
    assert "Pictures are not checked." in notice
    assert safety_of(ServerSettings())["warnings"] == ()


def test_a_file_of_ours_is_recognised_and_a_strange_one_is_not(picture):
    verify = safety_of(ServerSettings())["verify"]
    assert "the public key, which anybody can add" in verify(picture.as_png())
    with pytest.raises(DalleError, match="PNG, JPEG or WebP"):
        verify(b"GIF89a")


def test_reports_are_taken_where_there_is_a_folder(picture, tmp_path):
    assert safety_of(ServerSettings())["report"] is None
    safety = safety_of(ServerSettings(reports_folder=str(tmp_path)))
    assert "bias" in safety["categories"]
    number = safety["report"](
        "bias", "always the same", recipe=picture.recipe, prompt=None, png=picture.as_png()
    )
    (file,) = tmp_path.glob("*.jsonl")
    line = json.loads(file.read_text())
    assert line["report"] == number
    assert line["seed"] == 1
    assert "prompt" not in line
    assert (tmp_path / line["picture"]).is_file()
    assert "90 days" in dict(safety["facts"]())["Reports"]
