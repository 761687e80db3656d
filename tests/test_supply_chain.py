"""What is fetched from elsewhere: versions, commits, sizes."""

import re
from importlib.metadata import version
from pathlib import Path

import pytest

from dalle.errors import CheckpointError
from dalle.models.checkpoints import folder
from dalle.models.checkpoints.folder import read_json
from dalle.models.hub import registry

ROOT = Path(__file__).parents[1]
# The last hole in gradio that is known was closed in this version (CVE-2026-59806).
GRADIO_FLOOR = (6, 20)
# Nobody has published the commit of these; ModelFiles.revision tells which one was used.
UNPINNED = {"dalle-mini/dalle-mini", "dalle-mini/dalle-mega"}


def numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:2])


def test_gradio_is_newer_than_its_known_holes() -> None:
    pinned = re.search(r"^gradio==([\d.]+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    space = re.search(r"^sdk_version: ([\d.]+)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert numbers(pinned[1]) >= GRADIO_FLOOR
    assert numbers(version("gradio")) >= GRADIO_FLOOR
    assert space[1] == pinned[1]  # what a Space installs


def test_registered_downloads_are_pinned_where_the_commit_is_known() -> None:
    sources = {*registry.COMPANIONS.values(), *registry.REPOSITORIES.values()}
    pinned = {source for source in sources if re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", source)}
    assert sources - pinned == UNPINNED


def test_a_description_of_absurd_size_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "config.json"
    with path.open("wb") as file:
        file.truncate(folder.MAX_JSON_BYTES + 1)  # a hole: takes no space on the disk

    def read_bytes(path: Path) -> bytes:
        raise AssertionError("was read")

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    with pytest.raises(CheckpointError, match=r"has 33,554,433 bytes; .* has at most 33,554,432"):
        read_json(path)
