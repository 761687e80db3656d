"""The verb `publish` as a person types it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dalle.__main__ import main
from dalle.commands import publish as command
from dalle.publish.variables import SECRETS, read_variables
from dalle.settings import SettingsError
from tests.fakes.spaces_hub import SpacesHub

ROOT = Path(__file__).parents[2]


def test_a_dry_run_lists_files_and_asks_nobody(checkout, monkeypatch, capsys):
    monkeypatch.setattr(command, "ROOT", checkout)
    monkeypatch.setattr(command, "publish", lambda *arguments: pytest.fail("was published"))
    assert main(["publish", "me/dice", "--dry-run", "--hardware", "l4x1", "--model", "mega"]) == 0
    first, *rest = capsys.readouterr().out.splitlines()
    assert first.startswith("5 files, 0.0 MB, on l4x1. l4x1 costs $0.80 an hour while it runs")
    assert rest[0] == "variable NINEFOLD_MODEL=mega"
    assert [line.split()[:2] for line in rest[1:]] == [
        [str(len(content)), name]
        for name, content in {
            "README.md": (checkout / "README.md").read_bytes()[5:],  # zero-a10g becomes l4x1
            "app.py": b"print(1)\n",
            "assets/page.png": b"\0PNG",
            "dalle/__init__.py": b"",
            "requirements.txt": (checkout / "requirements.txt").read_bytes() + b"[cuda12]",
        }.items()
    ]
    assert [line.endswith("(adapted)") for line in rest[1:]] == [True, False, False, False, True]


def test_a_dry_run_lists_a_file_that_is_too_large_and_refuses_it(checkout, monkeypatch, capsys):
    monkeypatch.setattr(command, "ROOT", checkout)
    (checkout / "assets" / "weights.bin").write_bytes(bytes(9_600_000))
    assert main(["publish", "me/dice", "--dry-run"]) == 2
    told = capsys.readouterr()
    assert "   9,600,000  assets/weights.bin" in told.out
    assert "Too large: assets/weights.bin (9.6 MB)" in told.err


def test_the_command_makes_a_space(checkout, tmp_path):
    """In a process of its own: the Hub's address and token are variables of huggingface_hub."""
    hub = SpacesHub(["RUNNING"])
    code = (
        "import sys; from pathlib import Path; from dalle.commands import publish; "
        "from dalle.__main__ import main; publish.ROOT = Path(sys.argv[1]); "
        "sys.exit(main(['publish', 'me/dice', '--variable', 'NINEFOLD_NAME=Dice']))"
    )
    with hub.serving() as address:
        done = subprocess.run(
            [sys.executable, "-c", code, str(checkout)], cwd=ROOT, text=True, capture_output=True,
            env=os.environ | {
                "HF_ENDPOINT": address, "HF_TOKEN": "hf_any", "HF_HOME": str(tmp_path / "hub")
            },
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert f"It runs: https://me-dice.hf.space\nIts page: {address}/spaces/me/dice" in done.stdout
    assert hub.created["hardware"] == "zero-a10g"
    assert hub.created["name"] == "dice"
    assert hub.variables == {"NINEFOLD_NAME": "Dice"}
    assert hub.commits == 1
    assert json.dumps(sorted(hub.files)).count(".cache") == 0


@pytest.mark.parametrize(
    ("model", "lines", "fault"),
    [
        ("/home/me/model", [], r"the model is '/home/me/model'; on a Space it must be one of nano"),
        ("random:mini", [], r"the model is 'random:mini'"),
        ("nano", ["NINEFOLD_NAME"], r"the variable is 'NINEFOLD_NAME'; it must be NAME=VALUE"),
        ("nano", ["NINEFOLD_QUEUE_SIZE=-1"], r"NINEFOLD_QUEUE_SIZE is '-1'; it must be a whole"),
        ("nano", ["NINEFOLD_NAMES=1"], r"there is no setting named NINEFOLD_NAMES"),
        ("nano", ["NINEFOLD_REPORTS_TOKEN=hf_1"], r"NINEFOLD_REPORTS_TOKEN is a secret"),
    ],
)
def test_bad_settings_are_refused_before_anything_is_asked(model, lines, fault):
    with pytest.raises(SettingsError, match=fault):
        read_variables(model, lines)


def test_variables_are_the_model_and_what_is_given():
    assert read_variables("nano", []) == {}
    assert read_variables("me/model@v1", ["GRADIO_X=a=b"]) == {
        "NINEFOLD_MODEL": "me/model@v1", "GRADIO_X": "a=b"
    }  # fmt: skip
    assert {"NINEFOLD_MARK_KEY", "NINEFOLD_SIGNING_KEY", "NINEFOLD_REPORTS_TOKEN"} == SECRETS


@pytest.mark.parametrize("name", ["dice", "me/dice/2", "me/", "../dice", "me/di ce"])
def test_a_name_that_is_none_is_refused(name, capsys):
    assert main(["publish", name, "--dry-run"]) == 2
    assert f"the Space is {name!r}; it must be OWNER/NAME" in capsys.readouterr().err
