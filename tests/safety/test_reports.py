"""Reports in a folder, and pushed to a fake Hub on loopback by the real client."""

import errno
import io
import json
import logging
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dalle.errors import DalleError
from dalle.safety import reports as module
from dalle.safety.provenance.marker import Marker, recipe_of
from dalle.safety.reports import CATEGORIES, Reports, is_older
from dalle.safety.settings import SafetySettings
from dalle.settings import SettingsError
from tests.audits.fake_hub import FakeHub

DAY = date(2026, 3, 1)
RECIPE = {"model": "nano", "revision": "abc", "seed": 7, "candidate": 3, "prompt": "canary"}


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    hub = FakeHub()
    yield hub
    hub.close()


def a_file() -> bytes:
    pixels = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    return Marker().encode(Image.fromarray(pixels), RECIPE, keep_prompt=True)


def lines(folder: Path) -> list[dict]:
    texts = [path.read_text() for path in sorted(folder.glob("*.jsonl"))]
    return [json.loads(line) for text in texts for line in text.splitlines()]


def test_a_report_holds_only_what_was_ticked(tmp_path: Path) -> None:
    reports = Reports(tmp_path, today=lambda: DAY)
    number = reports.add("hate", recipe=RECIPE)
    about = {"model": "nano", "revision": "abc", "seed": 7, "candidate": 3}
    assert lines(tmp_path) == [{"report": number, "day": "2026-03-01", "category": "hate", **about}]
    reports.add("other", "look at the corner", prompt="a red apple")
    assert lines(tmp_path)[1]["note"] == "look at the corner"
    assert lines(tmp_path)[1]["prompt"] == "a red apple"
    assert list((tmp_path / "pictures").iterdir()) == []


def test_a_picture_is_kept_without_its_text(tmp_path: Path) -> None:
    png = a_file()
    assert recipe_of(png)["prompt"] == "canary"
    reports = Reports(tmp_path, today=lambda: DAY)
    reports.add("sexual", recipe=RECIPE, png=png)
    kept = (tmp_path / lines(tmp_path)[0]["picture"]).read_bytes()
    assert Image.open(io.BytesIO(kept)).tobytes() == Image.open(io.BytesIO(png)).tobytes()
    everything = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"canary" not in everything
    assert Image.open(io.BytesIO(kept)).info == {}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"category": "spam"}, r"category is 'spam'; it must be one of sexual, minors"),
        ({"note": "x" * 501}, "note has 501 characters; at most 500 are kept"),
        ({"note": "\ud800"}, "note holds half a character"),
        ({"prompt": 3}, "prompt is 3; it must be text"),
        ({"png": b"GIF89a"}, "The picture is no PNG file"),
        ({"png": bytes(2**21 + 1)}, "The picture has 2,097,153 bytes; at most 2,097,152"),
    ],
)
def test_what_is_not_taken(tmp_path: Path, arguments: dict, sentence: str) -> None:
    reports = Reports(tmp_path)
    with pytest.raises(DalleError, match=f"^{sentence}"):
        reports.add(**{"category": "other"} | arguments)
    assert lines(tmp_path) == []


def test_a_mounted_bucket_suffices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes new files, and neither more lines for an old one nor another name."""
    opened = Path.open

    def open_new(path: Path, mode: str = "r", *arguments, **options):
        if "a" in mode or ("w" in mode and path.exists()):
            raise OSError(errno.EPERM, "Operation not permitted")
        return opened(path, mode, *arguments, **options)

    def refuse(path: Path, target: Path) -> Path:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "open", open_new)
    monkeypatch.setattr(Path, "rename", refuse)
    monkeypatch.setattr(Path, "replace", refuse)
    reports = Reports(tmp_path, today=lambda: DAY)
    for category in ("hate", "bias"):
        reports.add(category, png=a_file())
    assert [line["category"] for line in lines(tmp_path)] == ["hate", "bias"]
    assert all((tmp_path / line["picture"]).is_file() for line in lines(tmp_path))


def test_nothing_is_left_of_a_report_that_could_not_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports = Reports(tmp_path, today=lambda: DAY)
    opened = Path.open

    def fill_disk(path: Path, mode: str = "r", *arguments, **options):
        if path.suffix == ".jsonl":
            raise OSError(errno.ENOSPC, "No space left on device")
        return opened(path, mode, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", fill_disk)
        with pytest.raises(DalleError, match=r"could not be kept \(No space left on device\)"):
            reports.add("other", png=a_file())
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_an_owner_of_a_space_is_told_what_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    settings = SafetySettings(reports_folder=str(tmp_path / "reports"))
    monkeypatch.setattr(Path, "is_mount", lambda path: False)
    Reports.of(settings)
    assert caplog.text == ""
    Reports.of(settings, on_space=True)
    assert "are lost when the Space restarts: mount a bucket" in caplog.text
    caplog.clear()
    monkeypatch.setattr(Path, "is_mount", lambda path: path == tmp_path)
    Reports.of(settings, on_space=True)
    assert caplog.text == ""


def test_a_flood_is_stopped_for_the_day(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(module, "MAX_PER_DAY", 3)
    days = [DAY]
    reports = Reports(tmp_path, today=lambda: days[-1])
    for _ in range(3):
        reports.add("other")
    with pytest.raises(DalleError, match="3 reports came in today"):
        reports.add("other")
    days.append(DAY + timedelta(days=1))
    reports.add("other")
    assert [line["day"] for line in lines(tmp_path)] == 3 * ["2026-03-01"] + ["2026-03-02"]


def test_after_ninety_days_nothing_is_left(tmp_path: Path) -> None:
    days = [DAY]
    reports = Reports(tmp_path, today=lambda: days[-1])
    reports.add("other", png=a_file())
    (tmp_path / "notes.txt").write_text("the owner's")
    days.append(DAY + timedelta(days=90))
    reports.add("other")
    assert [line["day"] for line in lines(tmp_path)] == ["2026-03-01", "2026-05-30"]
    days.append(DAY + timedelta(days=91))
    reports.add("other")
    assert [line["day"] for line in lines(tmp_path)] == ["2026-05-30", "2026-05-31"]
    assert list((tmp_path / "pictures").iterdir()) == []
    assert (tmp_path / "notes.txt").exists()


def test_only_files_named_by_us_are_old() -> None:
    assert is_older("reports-2026-02-28-0a.jsonl", DAY)
    assert is_older("pictures/picture-2026-02-28-0a.png", DAY)
    assert not is_older("reports-2026-03-01-0a.jsonl", DAY)
    assert not is_older("README.md", DAY)
    assert not is_older("2020-01-01.jsonl", DAY)


def test_the_real_client_pushes_to_a_private_data_set(tmp_path: Path, hub: FakeHub) -> None:
    reports = Reports(tmp_path, "owner/reports", "hf_test", endpoint=hub.address)
    assert hub.created["visibility"] == "private"
    assert hub.created["type"] == "dataset"
    number = reports.add("violence", "a note", png=a_file())
    reports.close()
    pushed = {name: content for name, content in hub.files.items() if name.endswith(".jsonl")}
    assert len(pushed) == 1
    (content,) = pushed.values()
    assert json.loads(content)["report"] == number
    assert json.loads(content)["picture"] in hub.files
    assert {token for *_, token in hub.requests} == {"Bearer hf_test"}


def test_old_files_leave_the_hub_and_its_history(tmp_path: Path, hub: FakeHub) -> None:
    old = {"reports-2025-01-01-aa.jsonl": b"{}\n", "pictures/picture-2025-01-01-bb.png": b"x"}
    hub.files |= old | {"README.md": b"about", "reports-2026-02-27-cc.jsonl": b"{}\n"}
    reports = Reports(tmp_path, "owner/reports", "hf_test", endpoint=hub.address, today=lambda: DAY)
    for _ in range(300):
        if hub.squashed:
            break
        time.sleep(0.1)
    reports.close()
    assert hub.squashed == 1
    assert set(hub.files) == {"README.md", "reports-2026-02-27-cc.jsonl"}


def test_without_the_hub_reports_stay_in_the_folder(
    tmp_path: Path, hub: FakeHub, caplog: pytest.LogCaptureFixture
) -> None:
    hub.close()
    with caplog.at_level(logging.ERROR):
        reports = Reports(tmp_path, "owner/reports", "hf_test", endpoint=hub.address)
    assert "reports are kept in the folder alone" in caplog.text
    assert "hf_test" not in caplog.text
    reports.add("other")
    reports.close()
    assert len(lines(tmp_path)) == 1


def test_the_settings_choose(tmp_path: Path) -> None:
    assert Reports.of(SafetySettings()) is None
    assert Reports.of(SafetySettings(reports_folder=str(tmp_path))).folder == tmp_path
    with pytest.raises(SettingsError, match="belong together"):
        Reports.of(SafetySettings(reports_folder="x", reports_repository="a/b"))
    with pytest.raises(SettingsError, match="without NINEFOLD_REPORTS_FOLDER"):
        Reports.of(SafetySettings(reports_repository="a/b", reports_token="t"))
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match=r"NINEFOLD_REPORTS_FOLDER is .*cannot be written to"):
        Reports(tmp_path / "file")


def test_every_category_has_words() -> None:
    assert all(CATEGORIES.values())
