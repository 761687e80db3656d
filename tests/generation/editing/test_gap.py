"""A new thing in a gap: most candidates are drawn without seeing what stands around it."""

import numpy as np
import pytest

from dalle.generation.editing.gap import Gap
from dalle.generation.editing.grid import Grid
from dalle.generation.pipeline import Pipeline
from dalle.generation.result import Picture
from dalle.models.image_tokenizer import NO_CODE, TokenLayout, any_but

BLANK = 9
GRID = Grid(overview=1, side=4, cell=2)
LAYOUT = TokenLayout(overview=1, blank=BLANK)


@pytest.fixture
def kept() -> np.ndarray:
    """Six candidates that keep all but the lower half."""
    codes = np.tile(np.arange(17, dtype=np.int32) + 20, (6, 1))
    codes[:, 9:] = NO_CODE
    return codes


def test_most_candidates_see_blank_cells_and_have_to_draw_something(kept: np.ndarray) -> None:
    seen = Gap.of(kept, range(6), GRID, LAYOUT).seen()
    assert (seen[[0, 3]] == kept[[0, 3]]).all()
    for row in seen[[1, 2, 4, 5]]:
        assert row[0] == 20
        assert (row[1:9] == BLANK).all()
        assert sorted(row[9:]) == [any_but(BLANK)] + [NO_CODE] * 7


def test_a_candidate_is_the_same_alone_and_among_others(kept: np.ndarray) -> None:
    alone = Gap.of(kept[:1], [4], GRID, LAYOUT).seen()
    assert (alone[0] == Gap.of(kept, range(6), GRID, LAYOUT).seen()[4]).all()


def test_the_picture_comes_back_around_the_gap(kept: np.ndarray) -> None:
    gap = Gap.of(kept, range(6), GRID, LAYOUT)
    sampled = np.full((2, 12), 7, np.int32)
    codes = gap.fill(sampled, slice(4, 8))
    assert (codes[:, :9] == kept[4:, :9]).all()
    assert (codes[:, 9:] == 7).all()


def test_a_model_without_blank_codes_has_no_gap(kept: np.ndarray) -> None:
    assert Gap.of(kept, range(6), GRID, TokenLayout()) is None


def test_an_edit_with_a_new_prompt_draws_something_in_the_gap(
    pipeline: Pipeline, picture: Picture, corner: np.ndarray
) -> None:
    result = pipeline.edit(picture, corner, "a hat", seed=3)
    blank, overview = pipeline.layout.blank, pipeline.layout.overview
    side = Grid.of(pipeline.image_tokenizer).side
    inside = np.zeros((side, side), bool)
    inside[side // 2 :, side // 2 :] = True
    old = np.array(picture.codes)[overview:].reshape(side, side)
    for each in result.pictures + result.rejected:
        cells = np.array(each.codes)[overview:].reshape(side, side)
        assert (cells[~inside] == old[~inside]).all()
        if each.candidate % 3:
            assert (cells[inside] != blank).any()
