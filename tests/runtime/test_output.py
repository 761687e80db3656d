"""Output never fails for its letters."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dalle.models.hub.registry import NANO

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_a_pipe_that_carries_few_letters_ends_nothing(encoding, tmp_path):
    folder = tmp_path / "mod\u00e8le \u7d75"
    folder.symlink_to(NANO)
    ended = subprocess.run(
        [sys.executable, "-m", "dalle", "inspect", str(folder)],
        cwd=ROOT,
        env=os.environ | {"PYTHONIOENCODING": encoding},
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    told = r"mod\xe8le \u7d75" if encoding == "ascii" else folder.name
    assert told in ended.stdout.decode()
