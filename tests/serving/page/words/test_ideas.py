"""Ideas for prompts: all of them in the world of the embedded model."""

import csv
from dataclasses import asdict

from dalle.safety.prompts.filter import PromptFilter
from dalle.serving.page.words.ideas import EMBEDDED_IDEAS
from tests.serving.conftest import ROOT

WORLD = ROOT / "assets" / "nano" / "world.tsv"


def phrases(sort: str) -> set[str]:
    with WORLD.open(encoding="utf-8", newline="") as file:
        return {
            row["phrase"] for row in csv.DictReader(file, delimiter="\t") if row["sort"] == sort
        }


def test_every_phrase_is_one_that_the_model_was_taught():
    things = phrases("thing")
    told = asdict(EMBEDDED_IDEAS)
    assert set(told.pop("places")) <= phrases("place")
    assert set(told.pop("looks")) <= phrases("look")
    for kind, words in told.items():
        assert set(words) <= things, kind


def test_no_composition_is_refused():
    judge = PromptFilter.load("strict")
    told = asdict(EMBEDDED_IDEAS)
    for words in told.values():
        judge.require(", ".join(words))
