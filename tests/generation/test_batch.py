"""Several runs in one batch: nobody's pictures depend on who else is drawn."""

import dataclasses
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dalle.errors import FaultError
from dalle.generation.pipeline import Pipeline
from dalle.generation.run import Run
from dalle.models.decoding import DecoderWeights
from dalle.serving.engine import Engine
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
        list(pipeline.draw_together(alone[-1].undrawn))
    with count_compilations() as compiled:
        for order in ([0, 1, 2, 3], [3, 1, 0]):
            runs = [begin(pipeline, prompts[index], **knobs[index]) for index in order]
            chunks = 0
            for _ in pipeline.draw_together([slot for run in runs for slot in run.undrawn]):
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
    list(pipeline.draw_together(whole.undrawn))
    parts, mate = (begin(pipeline, text, seed=42) for text in ("a red apple", "a dog"))
    list(pipeline.draw_together([*mate.undrawn[:2], *parts.undrawn[:2]]))
    assert len(parts.undrawn) == len(mate.undrawn) == 2
    list(pipeline.draw_together([*parts.undrawn, *mate.undrawn]))
    assert pixels(parts) == pixels(whole)


def test_nothing_compiles_after_the_start_of_an_engine(count_compilations: Callable) -> None:
    engine = Engine(lambda: make_pipeline("float32", bart_config=WIDER), 5)
    engine.start()
    engine.wait_until_settled()
    assert engine.ready, engine.failure
    with count_compilations() as compiled:
        list(engine.draw("two dogs", seed=7))
        list(engine.draw("a tree", candidates=40, keep=25, negative_prompt="green", top_k=0))
        *_, result = engine.draw("a red apple", only=[5], condition_scale=3, temperature=0.5)
        list(engine.rank([picture.image for picture in result.pictures], "an apple"))
    assert compiled == []


def test_who_gets_no_numbers_fails_alone(pipeline: Pipeline) -> None:
    broken, well = begin(pipeline, "a red apple", seed=1), begin(pipeline, "a dog", seed=1)
    broken.memory = jnp.full_like(broken.memory, jnp.nan)
    list(pipeline.draw_together([*broken.undrawn[:2], *well.undrawn[:2]]))
    assert "something that is no number" in str(broken.failure)
    assert well.failure is None
    alone = begin(pipeline, "a dog", seed=1)
    list(pipeline.draw_together(alone.undrawn))
    assert all(pixels(alone)[number] == picture for number, picture in _drawn(well).items())


def _drawn(run: Run) -> dict[int, bytes]:
    run.slots = [slot for slot in run.slots if slot.pixels is not None]
    return pixels(run)


def test_a_broken_model_is_a_sentence(pipeline: Pipeline) -> None:
    tree = jax.tree.map(lambda leaf: leaf, pipeline.weights.tree)
    tree["head"] = {"kernel": np.full_like(tree["head"]["kernel"], np.nan)}
    weights = DecoderWeights(config=pipeline.weights.config, tree=jax.tree.map(jnp.asarray, tree))
    broken = dataclasses.replace(pipeline, weights=weights)
    with pytest.raises(FaultError, match=r"no number.*try another seed"):
        broken.generate("a red apple")
