"""Several runs in one batch: nobody's pictures depend on who else is drawn."""

import dataclasses
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dalle.engine.engine import LocalEngine
from dalle.engine.order import RankOrder
from dalle.errors import FaultError
from dalle.generation.pipeline import Pipeline
from dalle.generation.run import Run
from dalle.models.bart.decoding import DecoderWeights
from tests.fakes.engine import FakePipeline
from tests.fakes.orders import ask
from tests.generation.conftest import TINY_BART, make_pipeline

# Of a shape that no other test has compiled.
WIDER = dataclasses.replace(TINY_BART, decoder_ffn_dim=64)


def begin(pipeline: Pipeline, prompt: str, **knobs: object) -> Run:
    return pipeline.begin(prompt, pipeline.check(prompt, **knobs))


def pixels(run: Run) -> dict[int, bytes]:
    """The bytes of each candidate's picture."""
    return {
        number: picture.tobytes()
        for slot in run.slots
        for number, picture in zip(slot.candidates, slot.pixels, strict=True)
    }


def test_strangers_with_settings_of_their_own_never_change_a_picture(
    pipeline: Pipeline, count_compilations: Callable
) -> None:
    knobs = [
        {"seed": 42, "only": [5]},
        {"seed": 42, "only": [0, 5, 9, 15], "condition_scale": 3},
        {"seed": 7, "only": [2, 3], "temperature": 0.5, "top_k": 0},
        {"seed": 42, "only": [5], "negative_prompt": "green", "top_p": 0.8},
    ]
    prompts = ["a red apple", "two dogs", "a red apple", "a tree"]
    list(pipeline.stream("a warm-up"))  # as a server does at its start
    alone = []
    for prompt, own in zip(prompts, knobs, strict=True):
        alone.append(begin(pipeline, prompt, **own))
        list(pipeline.generate_batch(alone[-1].pending))
    with count_compilations() as compiled:
        for order in ([0, 1, 2, 3], [3, 1, 0]):
            runs = [begin(pipeline, prompts[index], **knobs[index]) for index in order]
            chunks = 0
            for _ in pipeline.generate_batch([slot for run in runs for slot in run.pending]):
                chunks += 1
                previews = pipeline.previews(runs)
                assert [preview.fraction for preview in previews] == [chunks / 4] * len(runs)
            assert chunks == 4
            for index, run in zip(order, runs, strict=True):
                assert pixels(run) == pixels(alone[index])
                result, other = pipeline.finish(run), pipeline.finish(alone[index])
                assert [p.score for p in result.pictures] == [p.score for p in other.pictures]
    assert compiled == []


def test_a_run_over_several_batches_is_the_same_as_in_one(pipeline: Pipeline) -> None:
    whole = begin(pipeline, "a red apple", seed=42)
    list(pipeline.generate_batch(whole.pending))
    parts, mate = (begin(pipeline, text, seed=42) for text in ("a red apple", "a dog"))
    list(pipeline.generate_batch([*mate.pending[:2], *parts.pending[:2]]))
    assert len(parts.pending) == len(mate.pending) == 2
    list(pipeline.generate_batch([*parts.pending, *mate.pending]))
    assert pixels(parts) == pixels(whole)


def test_nothing_compiles_after_the_start_of_an_engine(count_compilations: Callable) -> None:
    engine = LocalEngine(lambda: make_pipeline("float32", bart_config=WIDER), 5)
    engine.start()
    engine.wait_until_settled()
    assert engine.ready, engine.failure
    with count_compilations() as compiled:
        list(ask(engine, "two dogs", seed=7))
        list(ask(engine, "a tree", candidates=40, keep=25, negative_prompt="green", top_k=0))
        *_, result = ask(engine, "a red apple", only=[5], condition_scale=3, temperature=0.5)
        list(engine.rank(RankOrder("an apple", [picture.image for picture in result.pictures])))
    assert compiled == []


def test_who_gets_no_numbers_fails_alone(pipeline: Pipeline) -> None:
    broken, well = begin(pipeline, "a red apple", seed=1), begin(pipeline, "a dog", seed=1)
    broken.memory = jnp.full_like(broken.memory, jnp.nan)
    list(pipeline.generate_batch([*broken.pending[:2], *well.pending[:2]]))
    assert "something that is no number" in str(broken.failure)
    assert well.failure is None
    alone = begin(pipeline, "a dog", seed=1)
    list(pipeline.generate_batch(alone.pending))
    assert all(pixels(alone)[number] == picture for number, picture in _png_of(well).items())


def _png_of(run: Run) -> dict[int, bytes]:
    run.slots = [slot for slot in run.slots if slot.pixels is not None]
    return pixels(run)


def test_a_broken_model_is_a_sentence(pipeline: Pipeline) -> None:
    tree = jax.tree.map(lambda leaf: leaf, pipeline.weights.tree)
    tree["head"] = {"kernel": np.full_like(tree["head"]["kernel"], np.nan)}
    weights = DecoderWeights(config=pipeline.weights.config, tree=jax.tree.map(jnp.asarray, tree))
    broken = dataclasses.replace(pipeline, weights=weights)
    with pytest.raises(FaultError, match=r"no number.*try another seed"):
        broken.generate("a red apple")


def test_an_image_decoder_that_gives_no_numbers_never_takes_over(pipeline: Pipeline) -> None:
    tokenizer = pipeline.image_tokenizer
    params = jax.tree.map(lambda leaf: jnp.full_like(leaf, jnp.nan), tokenizer.params)
    tokenizer = dataclasses.replace(tokenizer, params=params)
    broken = dataclasses.replace(pipeline, image_tokenizer=tokenizer)
    engine = LocalEngine(FakePipeline, 5)
    engine.start()
    engine.wait_until_settled()
    before = engine.active_model
    with pytest.raises(FaultError, match=r"no numbers, so there is no picture.*download"):
        engine.switch(broken)
    assert engine.active_model is before
    assert engine.ready
