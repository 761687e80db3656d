"""The server's start: its variables, and one sentence for a mistake in them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dalle.serving.settings import ServerSettings
from dalle.settings import SettingsError

ROOT = Path(__file__).parents[1]


def test_variables_choose_the_settings():
    environment = {
        "PORT": "8080",
        "NINEFOLD_MODEL": "mini",
        "NINEFOLD_QUEUE_SIZE": "5",
        "HOME": "/",
    }
    settings = ServerSettings.from_environment(environment)
    assert settings == ServerSettings(port=8080, model="mini", queue_size=5)
    assert ServerSettings.from_environment({"NINEFOLD_NAME": " "}) == ServerSettings()
    # On Spaces every visitor comes through a proxy.
    assert ServerSettings.from_environment({"SPACE_ID": "me/it"}).trusted_hops == 1


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("PORT", "http", "PORT is 'http'; it must be a whole number from 1 to 65535"),
        ("NINEFOLD_QUEUE_SIZE", "0", "NINEFOLD_QUEUE_SIZE is '0'; it must be a whole number"),
        (
            "NINEFOLD_MAX_WAIT",
            "soon",
            "NINEFOLD_MAX_WAIT is 'soon'; it must be",
        ),
        ("NINEFOLD_RESULT_CACHE", "-1", "it must be a whole number from 0 to 100000"),
        ("NINEFOLD_RATE_LIMIT", "often", "it must be a number per second, minute or hour"),
        ("NINEFOLD_TRUSTED_HOPS", "10", "it must be a whole number from 0 to 9"),
        (
            "NINEFOLD_PRECISION",
            "int3",
            "precision is 'int3'; it must be one of auto, bfloat16",
        ),
        ("NINEFOLD_PROMPT_POLICY", "lax", "prompt_policy is 'lax'; it must be off or standard"),
        (
            "NINEFOLD_COLOUR",
            "#ff0000",
            "NINEFOLD_COLOUR is '#ff0000'; it must be one of indigo, blue",
        ),
        ("NINEFOLD_PAPER", "pink", "NINEFOLD_PAPER is 'pink'; it must be one of stone, slate"),
        ("NINEFOLD_LOGO", "/nowhere.png", "NINEFOLD_LOGO is '/nowhere.png'; it must be a file"),
        ("NINEFOLD_LOGO", "app.py", "NINEFOLD_LOGO is 'app.py'; it must be a file that is there"),
        ("NINEFOLD_MEMBERS", "my org", "NINEFOLD_MEMBERS is 'my org'; it must list names of organ"),
        ("NINEFOLD_MEMBERS_SHARE", "100", "it must be a whole number from 1 to 90"),
        ("NINEFOLD_MEMBERS_CANDIDATES", "145", "it must be a whole number from 64 to 144"),
        ("NINEFOLD_MODLE", "nano", "no setting named NINEFOLD_MODLE; choose among"),
    ],
)
def test_a_mistake_in_a_variable_is_one_sentence(variable, value, sentence):
    with pytest.raises(SettingsError, match=sentence):
        ServerSettings.from_environment({variable: value})


def test_the_app_says_so_and_ends():
    ended = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env=os.environ | {"PORT": "none"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.strip().splitlines()[-1].startswith("Error: PORT is 'none'; it must be")
    assert "Traceback" not in ended.stderr
