"""Codes that are kept: forced in the token loop, with the log-probability that a teacher gives."""

from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np

from dalle.generation.loop import generate_tokens
from dalle.generation.pipeline import Pipeline
from dalle.generation.sampling import make_params
from dalle.models import load_bart
from dalle.models.bart.decoding import prepare
from dalle.models.image_tokenizer import NO_CODE, TokenLayout, any_but
from dalle.settings import GenerationSettings
from tests.generation.test_loop import KNOWN, read, rows_with, sample_codes

FOLDER = Path(__file__).parents[2] / "fixtures" / "dalle-bart-tiny"


def sample_kept(
    pipeline: Pipeline, kept: np.ndarray | None, layout: TokenLayout
) -> tuple[np.ndarray, np.ndarray]:
    memory, mask = read(pipeline, "a red apple", "")
    steps = generate_tokens(pipeline.weights, memory, mask, rows_with(), KNOWN, layout, kept)
    *_, (codes, probs) = steps
    return codes, probs


def test_a_teachers_codes_have_the_teachers_log_likelihood() -> None:
    """Of the published layout, against values of the original implementation."""
    expected = np.load(FOLDER / "expected.npz")
    bart = load_bart(FOLDER)
    ids, mask = expected["input_ids"], expected["attention_mask"]
    teacher = expected["decoder_input_ids"]
    # The start token, the last one of the vocabulary, is never drawn.
    likely = np.asarray(jax.nn.log_softmax(expected["logits"][..., : bart.config.image_vocab_size]))
    # What is fed at position t + 1 is the code of position t; the last one can be any.
    codes = np.concatenate([teacher[:, 1:], teacher[:, 1:2]], axis=1).astype(np.int32)
    assert (codes < bart.config.image_vocab_size).all()
    weights = prepare(bart.params, bart.config, jax.numpy.float32)
    for row, kept in enumerate(codes):
        both = np.stack([ids[row], expected["input_ids_uncond"][row]])
        masks = np.stack([mask[row], expected["attention_mask_uncond"][row]])
        memory = bart.encode(both, masks)
        params = make_params(GenerationSettings(), 1, range(2))
        steps = generate_tokens(
            weights, memory, masks, params, bart.config.image_vocab_size, kept=np.stack([kept] * 2)
        )
        *_, (sampled, probs) = steps
        assert (sampled == kept).all()
        true = np.take_along_axis(likely[row], kept[:, None], axis=1)[:, 0]
        np.testing.assert_allclose(probs, np.stack([true] * 2), atol=1e-4)


def test_kept_codes_stay_and_those_before_them_do_not_know_of_them(pipeline: Pipeline) -> None:
    layout = TokenLayout(overview=3, blank=5)
    plain, _ = sample_kept(pipeline, None, layout)
    kept = np.full_like(plain, NO_CODE)
    kept[:, 12:15] = 7
    codes, probs = sample_kept(pipeline, kept, layout)
    assert (codes[:, 12:15] == 7).all()
    assert (codes[:, :12] == plain[:, :12]).all()
    assert (codes[:, 15:] != plain[:, 15:]).any()
    assert np.isfinite(probs).all()


def test_to_keep_what_would_be_sampled_changes_nothing_after_it(pipeline: Pipeline) -> None:
    layout = TokenLayout(overview=3, blank=5)
    plain, _ = sample_kept(pipeline, None, layout)
    kept = np.where(np.arange(plain.shape[1]) < 10, plain, NO_CODE).astype(np.int32)
    began = (plain[:, 3:10] != layout.blank).any(1)
    assert began.any()
    codes, _ = sample_kept(pipeline, kept, layout)
    assert (codes[began] == plain[began]).all()


def test_a_forced_code_that_is_blank_leaves_the_opening_open(pipeline: Pipeline) -> None:
    """Where nothing stands yet, a row goes on with its point, whatever its noise is."""
    layout = TokenLayout(overview=3, blank=5)
    kept = np.full((16, 20), NO_CODE, np.int32)
    kept[:, 3:8] = layout.blank
    memory, mask = read(pipeline, "a red apple", "")
    rows = rows_with()
    others = rows.replace(keys=rows_with(seed=2).keys)
    first, second = (
        list(generate_tokens(pipeline.weights, memory, mask, each, KNOWN, layout, kept))[-1][0]
        for each in (rows, others)
    )
    assert (first[:, 3:9] == second[:, 3:9]).all()


def test_an_excluded_code_is_never_sampled(pipeline: Pipeline) -> None:
    """In the codes for the whole picture, in the opening and after it."""
    layout = TokenLayout(overview=3, blank=5)
    plain, _ = sample_kept(pipeline, None, layout)
    codes, _ = sample_kept(pipeline, any_but(plain).astype(np.int32), layout)
    assert (codes != plain).all()
    assert ((codes >= 0) & (codes < KNOWN)).all()


def test_one_program_serves_rows_with_kept_codes_and_without(
    pipeline: Pipeline, count_compilations: Callable
) -> None:
    layout = TokenLayout(overview=3, blank=5)
    plain, _ = sample_kept(pipeline, None, layout)
    kept = np.full_like(plain, NO_CODE)
    kept[3] = plain[5]  # one row among strangers
    with count_compilations() as compiled:
        codes, _ = sample_kept(pipeline, kept, layout)
    assert compiled == []
    assert (codes[3] == plain[5]).all()
    others = np.arange(16) != 3
    assert (codes[others] == plain[others]).all()


def test_the_loop_without_kept_codes_is_the_loop_of_before(pipeline: Pipeline) -> None:
    free = np.full((16, 20), NO_CODE, np.int32)
    layout = TokenLayout()
    assert (sample_kept(pipeline, free, layout)[0] == sample_codes(pipeline, rows_with())).all()
