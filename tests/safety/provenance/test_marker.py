"""What every file carries, read back from its bytes; also from what the command line wrote."""

import io
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from dalle.__main__ import main
from dalle.errors import DalleError
from dalle.generation import loading
from dalle.generation.result import Picture, Result
from dalle.safety.pictures.checker import Verdict, as_shown
from dalle.safety.provenance.c2pa import (
    SOURCE_TYPE,
    Signer,
    read_manifest,
)
from dalle.safety.provenance.marker import (
    Marker,
    default_marker,
    public_recipe,
    recipe_of,
)
from dalle.safety.provenance.watermark import detect
from dalle.safety.settings import SafetySettings
from tests.audits.ellipses import make_picture
from tests.safety.provenance.conftest import RECIPE, opened

PUBLIC_KEY = "ninefold"


def test_the_recipe_without_the_prompt(picture: Picture) -> None:
    content = picture.as_png()
    assert recipe_of(content) == {
        "model": "nano",
        "revision": "0123456789ab",
        "precision": "bfloat16",
        "settings": {"seed": 7, "top_k": 256},
        "seed": 7,
        "candidate": 3,
        "made": datetime.now(UTC).date().isoformat(),
    }
    assert b"canary" not in content
    line = "Seed: 7, Candidate: 3, Model: nano, Model hash: 0123456789ab, Version: Ninefold"
    assert opened(content).text["parameters"] == line


def test_the_prompt_if_asked_for(picture: Picture) -> None:
    content = picture.as_png(keep_prompt=True)
    recipe = recipe_of(content)
    assert {name: recipe[name] for name in RECIPE} == RECIPE
    assert opened(content).text["parameters"].startswith("canary 🍎\nSeed: 7, ")


def test_metadata_names_the_source(picture: Picture) -> None:
    image = opened(picture.as_png())
    packet = image.getxmp() if sys.modules.get("defusedxml") else image.info["xmp"]
    assert "DigitalSourceType" in str(packet)
    assert SOURCE_TYPE == "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    assert SOURCE_TYPE in str(packet)
    assert image.text["XML:com.adobe.xmp"].startswith("<?xpacket begin=")


def test_the_pixels_are_the_marked_ones(picture: Picture) -> None:
    image = opened(picture.as_png())
    assert image.size == picture.image.size
    difference = np.abs(np.asarray(image, int) - np.asarray(picture.image, int))
    assert 0 < difference.max() <= 16
    assert detect(image, PUBLIC_KEY).found


def test_the_file_grows_by_less_than_8_kilobytes(picture: Picture) -> None:
    plain = io.BytesIO()
    picture.image.save(plain, "PNG")
    assert len(picture.as_png()) - len(plain.getvalue()) < 8 * 1024


def test_what_is_no_recipe() -> None:
    plain = io.BytesIO()
    make_picture(0).save(plain, "PNG")
    assert recipe_of(plain.getvalue()) is None
    with pytest.raises(DalleError, match="first bytes are of no known picture"):
        recipe_of(b"GIF89a")


@pytest.mark.parametrize("text", ["{", "[1]", '"text"', "[" * 100_000, "{}"])
def test_a_damaged_recipe_is_none(text: str) -> None:
    from PIL.PngImagePlugin import PngInfo

    chunks, content = PngInfo(), io.BytesIO()
    chunks.add_text("ninefold", text)
    make_picture(0, 64).save(content, "PNG", pnginfo=chunks)
    assert recipe_of(content.getvalue()) is None


def test_a_corner_label(picture: Picture) -> None:
    plain = opened(picture.as_png(marker=Marker()))
    labelled = opened(picture.as_png(marker=Marker(label=True)))
    changed = np.abs(np.asarray(plain, int) - np.asarray(labelled, int)).max(axis=-1) > 40
    rows, columns = np.nonzero(changed)
    assert rows.min() > 144  # the lower right corner, and nothing else
    assert columns.min() > 144
    corner = np.asarray(labelled)[172:, 160:]
    assert corner.max() > 200
    assert corner.min() < 30
    assert detect(labelled, PUBLIC_KEY).found


def test_a_key_of_ones_own(picture: Picture) -> None:
    image = opened(picture.as_png(marker=Marker.of(SafetySettings(mark_key="own"))))
    assert detect(image, "own").found
    assert not detect(image, PUBLIC_KEY).found


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch):
    """Sets variables as an owner does; what was chosen before is forgotten."""

    def choose(**chosen: str) -> None:
        default_marker.cache_clear()
        for name, value in chosen.items():
            monkeypatch.setenv(name, value)

    yield choose
    default_marker.cache_clear()


class FakePipeline:
    """Two pictures, the second of them not to be shown."""

    def generate(self, prompt: str, **knobs: object) -> Result:
        recipe = RECIPE | {"prompt": prompt}
        hidden = Verdict("hide", 0.9, "Hidden: for the test.")
        tile = as_shown(make_picture(1), hidden)
        pictures = [Picture(make_picture(0), 2.0, 0, recipe), Picture(tile, 1.0, 1, recipe, hidden)]
        return Result(pictures, [], recipe, {"drawing": 0.5}, [])


def test_what_the_command_line_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables, capsys
) -> None:
    monkeypatch.setattr(loading, "load", lambda name, precision: FakePipeline())
    variables(NINEFOLD_MARK_KEY="own key")
    assert main(["generate", "a red canary", "--out", str(tmp_path)]) == 0
    for name in ("1.png", "2.png", "sheet.png"):
        content = (tmp_path / name).read_bytes()
        assert recipe_of(content)["model"] == "nano"
        assert "prompt" not in recipe_of(content)
        assert b"canary" not in content
        assert SOURCE_TYPE.encode() in content
        assert detect(opened(content), "own key").found, name
    assert "Hidden: for the test." in capsys.readouterr().out
    assert json.loads((tmp_path / "recipe.json").read_text())["prompt"] == "a red canary"

    assert main(["generate", "a red canary", "--keep-prompt", "--out", str(tmp_path)]) == 0
    assert recipe_of((tmp_path / "1.png").read_bytes())["prompt"] == "a red canary"


def test_the_command_line_signs_where_it_has_a_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables, signer: Signer
) -> None:
    monkeypatch.setattr(loading, "load", lambda name, precision: FakePipeline())
    variables(
        NINEFOLD_SIGNING_KEY=signer.key,
        NINEFOLD_SIGNING_CERTIFICATE=signer.certificate,
    )
    assert main(["generate", "a red apple", "--out", str(tmp_path)]) == 0
    for name in ("1.png", "sheet.png"):
        assert read_manifest((tmp_path / name).read_bytes()).state == "Valid"


def test_a_key_that_cannot_sign_ends_the_command_line(
    monkeypatch: pytest.MonkeyPatch, variables, signer: Signer, capsys
) -> None:
    def load(name: str, precision: str) -> None:
        raise AssertionError("nothing is loaded")

    monkeypatch.setattr(loading, "load", load)
    variables(NINEFOLD_SIGNING_KEY="nonsense", NINEFOLD_SIGNING_CERTIFICATE=signer.certificate)
    assert main(["generate", "a red apple"]) == 2
    assert "NINEFOLD_SIGNING_KEY" in capsys.readouterr().err


def test_the_prompts_of_the_pictures_before_it_stay_out_too() -> None:
    first = {"seed": 1, "prompt": "a secret", "settings": {"negative_prompt": "a wish"}}
    second = {"seed": 2, "prompt": "a dog", "edited_from": first}
    third = {"seed": 3, "prompt": "a cat", "edited_from": second}
    public = public_recipe(third, keep_prompt=False)
    assert public == {
        "seed": 3,
        "edited_from": {"seed": 2, "edited_from": {"seed": 1, "settings": {}}},
    }
    assert public_recipe(third, keep_prompt=True) == third
