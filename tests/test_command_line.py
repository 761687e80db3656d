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


def test_importing_the_package_loads_no_jax() -> None:
    code = "import dalle, dalle.__main__, sys; print('jax' in sys.modules, 'numpy' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "False"]
