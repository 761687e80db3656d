"""`train all`: which parts are trained for how long, and what a failure says."""

from pathlib import Path

import pytest

from dalle.commands.train import DEFAULTS
from dalle.errors import DalleError
from dalle.training.everything import EXPORTED, PLAN, plan, train_everything

RATES = {name: peak for name, (_, _, peak) in DEFAULTS.items()}


def calls(folder: Path, minutes: float = 60) -> list[list[str]]:
    return plan(minutes, folder / "runs", folder / "sprites", folder / "out", RATES)


def option(call: list[str], name: str) -> str:
    return call[call.index(name) + 1]


def test_the_minutes_are_shared_out(tmp_path: Path):
    timed = [call for call in calls(tmp_path) if "--minutes" in call]
    assert [call[0] for call in timed] == list(PLAN)
    assert sum(float(option(call, "--minutes")) for call in timed) == pytest.approx(60)
    for call in timed:
        assert float(option(call, "--learning-rate")) < RATES[call[0]]


def test_runs_begin_from_the_shipped_model_and_go_on_where_they_are(tmp_path: Path):
    assert calls(tmp_path)[0][0] == "adopt"
    (tmp_path / "runs" / "bart").mkdir(parents=True)
    assert calls(tmp_path)[0][0] == "things"


def test_all_three_networks_are_written(tmp_path: Path):
    written = {
        Path(option(call, "--export")).name for call in calls(tmp_path) if "--export" in call
    }
    assert written == {"vqgan", *EXPORTED.values()}


@pytest.mark.parametrize("minutes", [0, 0.5, -1, 1e9, float("nan")])
def test_impossible_minutes_are_refused(tmp_path: Path, minutes: float):
    with pytest.raises(DalleError, match="must be from 1 to 10000"):
        calls(tmp_path, minutes)


def test_a_part_that_fails_is_named_and_nothing_comes_after_it(tmp_path: Path):
    made = []

    def run(call: list[str]) -> int:
        made.append(call[1])
        return int(call[1] == "finisher")

    with pytest.raises(DalleError, match="The part finisher failed"):
        train_everything(calls(tmp_path), run)
    assert made == ["adopt", "things", "finisher"]


def test_every_call_is_one_that_the_command_line_takes(tmp_path: Path):
    import argparse

    from dalle.commands import train

    parser = argparse.ArgumentParser()
    train.add_arguments(parser)
    for call in calls(tmp_path):
        assert parser.parse_args(call).name == call[0]
