"""CLIP's opinion: how well each picture fits the prompt, and the order that follows."""

import math
from collections.abc import Sequence


def best_first(scores: Sequence[float], candidates: Sequence[int]) -> list[int]:
    """Indices by falling score, ties by candidate number; scores that are not finite come last."""

    def place(index: int) -> tuple[bool, float, int]:
        score = scores[index]
        finite = math.isfinite(score)
        return not finite, -score if finite else 0.0, candidates[index]

    return sorted(range(len(scores)), key=place)


def report_unranked(scores: Sequence[float], candidates: Sequence[int]) -> list[str]:
    """A sentence about the pictures without a usable score; none when all have one."""
    pairs = zip(candidates, scores, strict=True)
    unranked = [str(number) for number, score in pairs if not math.isfinite(score)]
    if not unranked:
        return []
    return [
        f"{len(unranked)} of {len(scores)} pictures got no usable score and come last "
        f"(candidates {', '.join(unranked)})."
    ]
