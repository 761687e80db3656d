"""How well each picture fits the prompt, the order that follows, and which are kept.

CLIP's logit, plus the log-likelihood of the codes with the weight in generation_config.json: a
small model knows when it makes a muddle, and a small CLIP does not see it. Source: self-reranking,
CogView, arxiv.org/abs/2105.13290, section 3.
"""

import math
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence

import numpy as np
from PIL import Image

# Points of score that a picture is set back by for each kept one ...
REPEATED = 3.0  # that it looks like
SAME_OVERVIEW = 0.5  # whose model chose the same for the whole picture, such as the style
PRESENT = 6.0  # points of a picture that shows all things of the prompt
EMPTY = 6.0  # points that a picture of nothing but its background loses
HASH_SIDE = 8
# Points of score that a picture which goes on with another gains
FIT = 0.2  # for each nat by which the kept codes are likelier after the drawn ones, at least
LIKE = 8.0  # for each unit of the cosine of CLIP's embeddings of the two pictures


def total_scores(
    clip: np.ndarray, log_likelihoods: np.ndarray, likelihood_weight: float
) -> list[float]:
    """The scores of pictures: CLIP's logits [N] plus weighted log-likelihoods [N]."""
    if not likelihood_weight:
        return clip.tolist()
    return (clip + likelihood_weight * log_likelihoods).tolist()


def add_presence(scores: Sequence[float], presences: np.ndarray) -> list[float]:
    """Scores [N] of pictures: more points the more of the wanted things are there, [N] in 0..1."""
    return [score + PRESENT * float(share) for score, share in zip(scores, presences, strict=True)]


def set_back_empty(scores: Sequence[float], empty: np.ndarray) -> list[float]:
    """Scores [N] of pictures: fewer points where they are `empty`, [N] bool."""
    return [score - EMPTY * bool(none) for score, none in zip(scores, empty, strict=True)]


def best_first(scores: Sequence[float], candidates: Sequence[int]) -> list[int]:
    """Indices by falling score, ties by candidate number; scores that are not finite come last."""

    def place(index: int) -> tuple[bool, float, int]:
        score = scores[index]
        finite = math.isfinite(score)
        return not finite, -score if finite else 0.0, candidates[index]

    return sorted(range(len(scores)), key=place)


def perceptual_hash(image: Image.Image) -> int:
    """64 bits that say where a picture gets brighter from left to right: the same, it looks alike.

    Source: dHash, hackerfactor.com/blog/index.php?/archives/529-Kind-of-Like-That.html.
    """
    small = image.convert("L").resize((HASH_SIDE + 1, HASH_SIDE), Image.Resampling.LANCZOS)
    brighter = np.diff(np.asarray(small, np.int16), axis=1) > 0
    return int.from_bytes(np.packbits(brighter).tobytes())


def likeness(image: Image.Image, overview: Sequence[int]) -> dict[Hashable, float]:
    """Features that another picture may share, and the points that it loses for each."""
    return {
        ("looks", perceptual_hash(image)): REPEATED,
        ("overview", *overview): SAME_OVERVIEW,
    }


def keep_best(
    scores: Sequence[float],
    candidates: Sequence[int],
    likenesses: Sequence[Mapping[Hashable, float]],
    keep: int,
) -> tuple[list[int], list[int]]:
    """Indices of the pictures to keep and of the rest, the best first in each.

    A picture like a kept one (see `likeness`) loses its points for each time, so that others may
    come first: nine times the same is a poor answer.
    """
    left, kept, times = best_first(scores, candidates), [], Counter()
    while left and len(kept) < keep:
        after = [
            scores[index] - sum(points * times[what] for what, points in likenesses[index].items())
            for index in left
        ]
        chosen = left.pop(best_first(after, range(len(left)))[0])
        kept.append(chosen)
        times.update(likenesses[chosen].keys())
    return [index for index in best_first(scores, candidates) if index in kept], left


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
