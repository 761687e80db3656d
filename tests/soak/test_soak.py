"""The crowd of `soak`, small and quick, at a server that draws plain squares."""

import argparse
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dalle.errors import DalleError
from tests.soak.__main__ import add_arguments, main
from tests.soak.phases import at
from tests.soak.server import start_server

ROOT = Path(__file__).parents[2]
SMALL = "--seconds 2 --requests 4 --visitors 4 --max-wait 2"


@pytest.mark.slow
def test_all_phases(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("SECONDS_PER_FRAME", "0.05")
    out = tmp_path / "soak"
    server = "--server=-m tests.fakes.engine"
    # In a thread of its own: the browser of other tests keeps an event loop in this one.
    with ThreadPoolExecutor(1) as thread:
        order = [server, *SMALL.split(), "--out", str(out)]
        assert thread.submit(main, order).result() == 0
    measured = json.loads((out / "soak.json").read_text())
    figures = {row["figure"]: row["measured"] for row in measured["figures"]}
    assert figures["4 visitors at once on the page's protocol"].startswith("4 drawn")
    assert figures["neither drawn nor refused"].startswith("0 of ")
    assert set(measured["curves"]["faults"]) <= {"drawn", "told"}
    pictures = {path.name for path in out.glob("*.png")}
    assert pictures == {"throughput.png", "page.png", "overload.png", "memory.png"}
    assert "| figure | measured | goal |" in capsys.readouterr().out


def test_a_server_that_ends_by_itself_is_told() -> None:
    with (
        pytest.raises(DalleError, match="ended by itself, with code 3"),
        start_server(["-c", "raise SystemExit(3)"], max_wait=1),
    ):
        pass


def test_shares() -> None:
    assert [at([3.0, 1.0, 2.0, 4.0], share) for share in (0, 0.5, 0.99)] == [1, 3, 4]
    assert at([], 0.5) != at([], 0.5)  # no number at all


def test_the_server_may_have_arguments() -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    assert parser.parse_args(["--server=-m tests.fakes.engine"]).server == [
        "-m",
        "tests.fakes.engine",
    ]
    assert parser.parse_args([]).server == ["app.py"]
