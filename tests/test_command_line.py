"""The command line: what it writes, what it says, how it ends."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from dalle.__main__ import VERBS, main
from dalle.generation import loading
from dalle.generation.editing.alteration import Alteration
from dalle.generation.result import Picture, Result


class FakePipeline:
    """Draws one grey picture for each candidate, in no time."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def generate(self, prompt: str, **knobs: Any) -> Result:
        self.calls.append((prompt, {name: v for name, v in knobs.items() if v is not None}))
        recipe = {"prompt": prompt, "seed": 7}
        image = Image.new("RGB", (8, 8), "grey")
        pictures = [Picture(image, 3.0 - n, n, recipe) for n in range(3)]
        return Result(pictures[:2], pictures[2:], recipe, {"drawing": 0.5}, ["It was long."])

    def vary(self, picture: Image.Image, strength: float, prompt: str, **knobs: Any) -> Result:
        return self.generate(f"vary {picture.size} {strength} {prompt}", **knobs)

    def edit(self, picture: Image.Image, mask: Image.Image, prompt: str, **knobs: Any) -> Result:
        return self.generate(f"edit {picture.size} {mask.size} {prompt}", **knobs)

    def extend(self, picture: Image.Image, side: str, prompt: str, **knobs: Any) -> Result:
        return self.generate(f"extend {picture.size} {side} {prompt}", **knobs)

    def alter(self, alteration: Alteration, prompt: str, **knobs: Any) -> Result:
        name = type(alteration).__name__.lower()
        return self.generate(f"{name} {alteration.image.size} {prompt}", **knobs)

    def enlarge(self, picture: Image.Image, times: int) -> Result:
        return self.generate(f"enlarge {picture.size} {times}")


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakePipeline:
    pipeline = FakePipeline()
    monkeypatch.setattr(loading, "load", lambda name, precision: pipeline)
    return pipeline


def test_generate_writes_a_folder(
    fake: FakePipeline, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    knobs = "--seed 1 --candidates 16 --keep 9 --top-k 8 --only 3 4 --negative-prompt dog"
    arguments = ["generate", "a red apple", *knobs.split(), "--model", "nano", "--out", str(out)]
    # Two candidates drawn cannot be nine kept.
    assert main(arguments) == 2
    assert "keep is 9" in capsys.readouterr().err

    arguments[arguments.index("9")] = "2"
    assert main(arguments) == 0
    given = {"seed": 1, "candidates": 16, "keep": 2, "top_k": 8, "only": [3, 4]}
    assert fake.calls == [("a red apple", given | {"negative_prompt": "dog"})]
    assert {path.name for path in out.iterdir()} == {"1.png", "2.png", "sheet.png", "recipe.json"}
    assert json.loads((out / "recipe.json").read_text())["notes"] == ["It was long."]
    said = capsys.readouterr()
    assert f"{out / '1.png'}  score 3.00  candidate 0" in said.out
    assert f"{out / 'sheet.png'}  seed 7, 0.5 s" in said.out
    assert "Note: It was long." in said.err


@pytest.mark.parametrize(
    ("arguments", "call"),
    [
        (["vary", "FILE"], "vary (40, 30) 0.5 "),
        (["vary", "FILE", "a dog", "--strength", "0.2"], "vary (40, 30) 0.2 a dog"),
        (["edit", "FILE", "MASK", "a dog"], "edit (40, 30) (9, 9) a dog"),
        (["extend", "FILE", "left"], "extend (40, 30) left "),
        (["tile", "FILE", "a shell"], "tile (40, 30) a shell"),
    ],
)
def test_going_on_with_a_file(
    fake: FakePipeline, tmp_path: Path, arguments: list[str], call: str
) -> None:
    files = {"FILE": str(tmp_path / "picture.jpg"), "MASK": str(tmp_path / "mask.png")}
    Image.new("RGB", (40, 30)).save(files["FILE"])
    Image.new("L", (9, 9)).save(files["MASK"])
    given = [files.get(word, word) for word in arguments]
    assert main([*given, "--out", str(tmp_path / "out"), "--seed", "1"]) == 0
    assert fake.calls == [(call, {"seed": 1})]
    assert (tmp_path / "out" / "1.png").is_file()


def test_a_file_is_enlarged(
    fake: FakePipeline, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "picture.png"
    Image.new("RGB", (40, 30)).save(file)
    assert main(["enlarge", str(file), "--times", "4", "--out", str(tmp_path / "out")]) == 0
    assert fake.calls == [("enlarge (40, 30) 4", {})]
    Image.new("RGB", (1000, 700)).save(file)
    assert main(["enlarge", str(file), "--times", "4"]) == 2
    assert "so 4 times as large it would have more than 8 megapixels" in capsys.readouterr().err


def test_a_file_that_cannot_be_used_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, animated = tmp_path / "notes.txt", tmp_path / "moving.png"
    text.write_text("no picture")
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    frames[0].save(animated, save_all=True, append_images=frames[1:])
    for path, sentence in {
        text: "The file's first bytes are of no known picture",
        animated: "The picture is animated, with 2 frames",
        tmp_path: "is no file on this machine",
    }.items():
        assert main(["vary", str(path)]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert sentence in line
    assert main(["vary", str(text), "--strength", "2"]) == 2
    assert capsys.readouterr().err.startswith("Error: strength is 2.0; it must be")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--candidates", "0"], "candidates is 0; it must be a whole number from 9 to 64"),
        (["--temperature", "nan"], "temperature is nan; it must be a number from 0 to 10"),
        (["--keep", "17"], "keep is 17; it must be a whole number from 1 to"),
        (["--model", "no/such/place"], "no/such/place is no model: not one of nano, mini, mega"),
    ],
)
def test_a_fault_is_one_line_without_a_traceback(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["generate", "a red apple", *arguments]) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith(f"Error: {sentence}")


def test_an_empty_prompt_is_refused_before_loading(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate", " "]) == 2
    assert capsys.readouterr().err.startswith("Error: The prompt is empty")


def test_ctrl_c_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(name: str, precision: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(loading, "load", interrupt)
    assert main(["generate", "a red apple"]) == 130
    assert capsys.readouterr().err.endswith("Stopped.\n")


def test_inspect_tells_the_geometry(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "--random", "mini"]) == 0
    assert "12 + 12 layers, width 1024" in capsys.readouterr().out


@pytest.mark.parametrize("verb", ["", *VERBS])
def test_help(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*verb.split(), "--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert said.startswith(f"usage: python -m dalle {verb}".rstrip())
    assert all(name in said for name in VERBS) or VERBS[verb].HELP in " ".join(said.split())


def test_the_help_tells_the_limits_that_hold(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["generate", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "the best nine are shown (9 to 144)" in said
    assert "0 always takes the most likely code (0 to 10)" in said


def test_importing_the_package_loads_no_jax() -> None:
    code = "import dalle, dalle.__main__, sys; print('jax' in sys.modules, 'numpy' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "False"]
