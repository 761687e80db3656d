"""What the judge's findings come to: shares of pictures that show what was asked for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from dalle.training.exam import Question
from dalle.training.judge import Seen


@dataclass(frozen=True)
class Answer:
    """What a model drew for a question, and what the judge sees in it."""

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


def known(question: Question, seen: Seen) -> bool:
    """Every part of the picture is something the judge knows: a ground, or things before one."""
    return seen.unexplained < 0.1


Right = Callable[[Question, Seen], bool]
# (name, part, what is right, goal)
FIGURES: tuple[tuple[str, str, Right, float], ...] = (
    ("one thing, one background: thing", "plain", thing, 0.75),
    ("one thing, one background: background", "plain", ground, 0.92),
    ("one thing, a place, a look: thing", "scene", thing, 0.65),
    ("one thing, a place, a look: place", "scene", ground, 0.80),
    ("one thing, a place, a look: look", "scene", look, 0.80),
    ("two things and a relation: both", "pair", both, 0.40),
    ("two things and a relation: one of them", "pair", either, 0.85),
    ("one to five of a kind: exact number", "count", exact, 0.55),
    ("unknown words: nothing but what it knows", "unknown", known, 0.90),
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
    """Every figure beside its goal, as rows of {name, value, goal}."""
    rows = [
        {"name": name, "value": share(answers, part, right), "goal": f">= {goal:.0%}"}
        for name, part, right, goal in FIGURES
    ]
    seen, unseen = (share(answers, part, thing) for part in ("scene", "unseen"))
    rows.append({
        "name": "combinations never shown in training: thing, less that of shown ones",
        "value": unseen - seen, "goal": ">= -10%",
    })  # fmt: skip
    kept, rejected = (share(answers, "plain", thing, which) for which in ("kept", "rejected"))
    plain = [answer for answer in answers if answer.question.part == "plain"]
    number = sum(len(a.kept) for a in plain), sum(len(a.rejected) for a in plain)
    at_random = np.average([kept, np.nan_to_num(rejected)], weights=number)
    rows.append({
        "name": "best nine against nine at random: thing", "value": kept - at_random,
        "goal": ">= 5%",
    })  # fmt: skip
    alike = [len(set(a.hashes)) == len(a.hashes) for a in plain]
    styles = [len({(f.things[0].style, f.look) for f in a.kept if f.things}) >= 3 for a in plain]
    rows.append({"name": "nine of a prompt: no two alike", "value": float(np.mean(alike)),
                 "goal": "100%"})  # fmt: skip
    rows.append({"name": "nine of a prompt: three styles or more",
                 "value": float(np.mean(styles)), "goal": "100%"})  # fmt: skip
    return rows
