"""How well each picture fits the prompt, and the order that follows.

CLIP's opinion, and beside it, as much as a model's generation_config.json asks for, how likely the
model itself held what it drew: a small model knows when it makes a muddle, and a small CLIP does
not see it. Source: self-reranking, CogView, arxiv.org/abs/2105.13290, section 3.
"""

import math
from collections.abc import Sequence

import numpy as np


def total_scores(
    clip: np.ndarray, log_likelihoods: np.ndarray, likelihood_weight: float
) -> list[float]:
    """What pictures are ranked by: CLIP's logits [N] and so many times the log-likelihoods [N]."""
    if not likelihood_weight:
        return clip.tolist()
    return (clip + likelihood_weight * log_likelihoods).tolist()


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
