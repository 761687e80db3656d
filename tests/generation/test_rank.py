"""The order of the pictures."""

import math

import numpy as np

from dalle.generation.rank import best_first, report_unranked, total_scores


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
