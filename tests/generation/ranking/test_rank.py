"""The order of the pictures."""

import math

import numpy as np
from PIL import Image, ImageDraw

from dalle.generation.ranking.rank import (
    REPEATED,
    SAME_OVERVIEW,
    best_first,
    keep_best,
    likeness,
    perceptual_hash,
    report_unranked,
    set_back_empty,
    total_scores,
)


def test_the_highest_score_comes_first() -> None:
    assert best_first([0.1, 0.3, -2.0, 0.2], [0, 1, 2, 3]) == [1, 3, 0, 2]


def test_ties_go_by_candidate_number() -> None:
    assert best_first([1.0, 2.0, 1.0, 2.0], [9, 8, 3, 4]) == [3, 1, 2, 0]


def test_what_is_no_score_never_wins_and_is_reported() -> None:
    scores = [math.nan, -5.0, math.inf, 1.0, -math.inf]
    assert best_first(scores, [0, 1, 2, 3, 4]) == [3, 1, 0, 2, 4]
    assert report_unranked(scores, [7, 1, 2, 3, 4]) == [
        "3 of 5 pictures got no usable score and come last (candidates 7, 2, 4)."
    ]
    assert report_unranked([1.0, 2.0], [0, 1]) == []


def test_no_scores_at_all() -> None:
    assert best_first([math.nan, math.nan], [5, 2]) == [1, 0]


def test_the_models_own_opinion_counts_as_much_as_it_is_weighed() -> None:
    clip, likelihoods = np.array([3.0, 2.0, 1.0]), np.array([-10.0, -2.0, math.nan])
    assert total_scores(clip, likelihoods, 0) == [3, 2, 1]
    assert total_scores(clip, likelihoods, 0.5)[:2] == [-2, 1]


def alike(names: str, points: float = REPEATED) -> list[dict[str, float]]:
    """Pictures with the same letter have something in common that costs so many points."""
    return [{name: points} for name in names]


def test_a_picture_of_nothing_loses_points() -> None:
    assert set_back_empty([1.0, 1.0, 1.0], np.array([True, False, True])) == [-5.0, 1.0, -5.0]


def test_the_same_picture_is_kept_again_only_where_others_are_far_worse() -> None:
    scores = [5.0, 4.9, 4.9 - 0.5 * REPEATED, 4.9 - 3 * REPEATED]
    assert keep_best(scores, [0, 1, 2, 3], alike("ccdo"), 2) == ([0, 2], [1, 3])
    assert keep_best(scores, [0, 1, 2, 3], alike("ccdo"), 3) == ([0, 1, 2], [3])
    assert keep_best(scores, [0, 1, 2, 3], alike("cado"), 2) == ([0, 1], [2, 3])
    assert keep_best(scores, [0, 1, 2, 3], alike("ccdo"), 9) == ([0, 1, 2, 3], [])


def test_each_further_copy_is_set_back_more() -> None:
    scores = [5.0, 5.0, 5.0, 5.0 - 1.5 * REPEATED]
    kept, rest = keep_best(scores, [0, 1, 2, 3], alike("cccd"), 3)
    assert (kept, rest) == ([0, 1, 3], [2])


def test_points_for_all_that_is_in_common_add_up() -> None:
    both, one, none = {"drawing": 2.0, "style": 1.0}, {"style": 1.0}, {}
    assert keep_best([9, 8, 5.9, 0], [0, 1, 2, 3], [both, both, one, none], 2)[0] == [0, 1]
    assert keep_best([9, 8, 6.1, 0], [0, 1, 2, 3], [both, both, one, none], 2)[0] == [0, 2]
    assert keep_best([9, 8, 6.1, 5.2], [0, 1, 2, 3], [both, both, one, none], 2)[0] == [0, 3]


def test_another_style_is_preferred_to_a_slightly_better_picture() -> None:
    pictures = [Image.new("RGB", (64, 64), colour) for colour in ("red", "blue", "green")]
    ImageDraw.Draw(pictures[1]).ellipse((10, 10, 50, 50), fill="red")
    ImageDraw.Draw(pictures[2]).rectangle((0, 0, 20, 60), fill="black")
    likenesses = list(map(likeness, pictures, [(1, 5), (1, 5), (1, 6)]))
    close, far = 5.0 - 0.9 * SAME_OVERVIEW, 5.0 - 1.1 * SAME_OVERVIEW
    assert keep_best([5, 5, close], [0, 1, 2], likenesses, 2)[0] == [0, 2]
    assert keep_best([5, 5, far], [0, 1, 2], likenesses, 2)[0] == [0, 1]
    nothing_said = [likeness(picture, ()) for picture in pictures]
    assert keep_best([5, 5, close], [0, 1, 2], nothing_said, 2)[0] == [0, 1]


def test_pictures_without_a_score_are_kept_last() -> None:
    assert keep_best([math.nan, 1.0, math.nan], [0, 1, 2], alike("aab"), 2) == ([1, 0], [2])


def test_alike_pictures_have_one_hash() -> None:
    image = Image.new("RGB", (64, 64), "white")
    ImageDraw.Draw(image).ellipse((10, 10, 50, 50), fill="red")
    other = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    ImageDraw.Draw(other).rectangle((0, 0, 20, 60), fill="black")
    assert perceptual_hash(image) == perceptual_hash(image.resize((128, 128)))
    assert perceptual_hash(image) != perceptual_hash(other)
