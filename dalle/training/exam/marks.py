"""Marks from the judge's findings: shares of pictures that fit their prompt."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from dalle.training.exam.acts import is_arranged
from dalle.training.exam.judge import Seen
from dalle.training.exam.questions import CROWD, Question
from dalle.training.scenes.captions import NUMBERS


@dataclass(frozen=True)
class Answer:
    """A model's pictures for a question, and the judge's findings."""

    question: Question
    kept: list[Seen]
    rejected: list[Seen]
    hashes: list[int]  # of the kept pictures


def thing(question: Question, seen: Seen) -> bool:
    return seen.kind in question.kinds


def ground(question: Question, seen: Seen) -> bool:
    return seen.ground == question.ground


def look(question: Question, seen: Seen) -> bool:
    return seen.look == question.look


def both(question: Question, seen: Seen) -> bool:
    return set(question.kinds) <= {found.kind for found in seen.things}


def either(question: Question, seen: Seen) -> bool:
    return bool(set(question.kinds) & {found.kind for found in seen.things})


def exact(question: Question, seen: Seen) -> bool:
    return seen.count(question.kinds[0]) == question.count


def many(question: Question, seen: Seen) -> bool:
    """At most one in six more or fewer than asked for; of a crowd, more than can be counted."""
    count = seen.count(question.kinds[0])
    if question.count == CROWD:
        return count > max(NUMBERS)
    return abs(count - question.count) <= question.count // 6


def arranged(question: Question, seen: Seen) -> bool:
    return is_arranged(question.relation, question.kinds, seen)


def heard(question: Question, seen: Seen) -> float:
    """The share of wanted things that are there."""
    found = {thing.kind for thing in seen.things}
    return float(np.mean([not kinds.isdisjoint(found) for kinds in question.wanted]))


def all_heard(question: Question, seen: Seen) -> bool:
    return heard(question, seen) == 1


def known(question: Question, seen: Seen) -> bool:
    """Every part of the picture is something the judge knows: a ground, or things before one."""
    return seen.unexplained < 0.1


Right = Callable[[Question, Seen], bool | float]
# (name, part, judgement, goal)
FIGURES: tuple[tuple[str, str, Right, float], ...] = (
    ("one thing, one background: thing", "plain", thing, 0.75),
    ("one thing, one background: background", "plain", ground, 0.92),
    ("one thing, a place, a look: thing", "scene", thing, 0.65),
    ("one thing, a place, a look: place", "scene", ground, 0.80),
    ("one thing, a place, a look: look", "scene", look, 0.80),
    ("two things and a relation: both", "pair", both, 0.40),
    ("two things and a relation: one of them", "pair", either, 0.85),
    ("one to five of a kind: exact number", "count", exact, 0.55),
    ("six to ten of a kind, or many: at most one in six off", "many", many, 0.50),
    ("one thing does something to another: both", "act", both, 0.50),
    ("one thing does something to another: both, as asked", "act", arranged, 0.40),
    ("unknown words: nothing but what it knows", "unknown", known, 0.90),
    ("everyday prompts: things seen", "everyday", heard, 0.85),
    ("everyday prompts: all of them seen", "everyday", all_heard, 0.65),
)


def share(answers: Sequence[Answer], part: str, right: Right, which: str = "kept") -> float:
    """Mean over the pictures of a part, `which` of them: kept or rejected."""
    marks = [
        right(answer.question, seen)
        for answer in answers
        if answer.question.part == part
        for seen in getattr(answer, which)
    ]
    return float(np.mean(marks)) if marks else float("nan")


def summarise(answers: Sequence[Answer]) -> list[dict]:
    """Every figure of the parts that were asked beside its goal, as rows of {name, value, goal}."""
    parts = {answer.question.part for answer in answers}
    rows = [
        row(name, share(answers, part, right), f">= {goal:.0%}")
        for name, part, right, goal in FIGURES
        if part in parts
    ]
    if "everyday" in parts:
        asked = [answer for answer in answers if answer.question.part == "everyday"]
        deaf = [not any(heard(a.question, seen) for seen in a.kept) for a in asked]
        rows.append(row("everyday prompts: none of the nine shows any", np.mean(deaf), "0%"))
        name = "everyday prompts: best nine against nine at random: things seen"
        rows.append(row(name, gain(answers, "everyday", heard), ">= 5%"))
    if {"scene", "unseen"} <= parts:
        seen, unseen = (share(answers, part, thing) for part in ("scene", "unseen"))
        name = "combinations never shown in training: thing, less that of shown ones"
        rows.append(row(name, unseen - seen, ">= -10%"))
    return rows + (summarise_nine(answers) if "plain" in parts else [])


def gain(answers: Sequence[Answer], part: str, right: Right) -> float:
    """How much more often the kept pictures of a part are right than any of its pictures."""
    kept, rejected = (share(answers, part, right, which) for which in ("kept", "rejected"))
    asked = [answer for answer in answers if answer.question.part == part]
    number = sum(len(a.kept) for a in asked), sum(len(a.rejected) for a in asked)
    return kept - float(np.average([kept, np.nan_to_num(rejected)], weights=number))


def summarise_nine(answers: Sequence[Answer]) -> list[dict]:
    """The gain by ranking, and whether the nine of a plain prompt differ."""
    plain = [answer for answer in answers if answer.question.part == "plain"]
    alike = [len(set(a.hashes)) == len(a.hashes) for a in plain]
    styles = [len({(f.things[0].style, f.look) for f in a.kept if f.things}) >= 3 for a in plain]
    return [
        row("best nine against nine at random: thing", gain(answers, "plain", thing), ">= 5%"),
        row("nine of a prompt: no two alike", np.mean(alike), "100%"),
        row("nine of a prompt: three styles or more", np.mean(styles), "100%"),
    ]


def row(name: str, value: float, goal: str) -> dict:
    return {"name": name, "value": float(value), "goal": goal}
