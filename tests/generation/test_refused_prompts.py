"""No way into the pipeline leads round the prompt filter."""

import dataclasses

import pytest

import dalle
from dalle.errors import DalleError, PromptRefused
from dalle.generation.loading import load
from dalle.generation.pipeline import Pipeline
from dalle.safety.prompts.filter import PromptFilter


@pytest.mark.parametrize("way", ["generate", "stream"])
@pytest.mark.parametrize("knobs", [{}, {"negative_prompt": "naked"}], ids=["prompt", "negative"])
def test_every_way_asks_the_filter(pipeline: Pipeline, way: str, knobs: dict) -> None:
    prompt = "a red apple" if knobs else "a naked person"
    with pytest.raises(PromptRefused, match="seems to ask for nudity or sex") as caught:
        getattr(pipeline, way)(prompt, seed=1, **knobs)
    assert caught.value.category == "sexual"
    assert isinstance(caught.value, DalleError)


def test_a_change_asks_about_its_prompt_or_else_the_pictures(pipeline: Pipeline) -> None:
    picture = pipeline.generate("a red apple", seed=1, only=[0], keep=1).pictures[0]
    with pytest.raises(PromptRefused):
        pipeline.vary(picture, prompt="a naked person", seed=1)
    recipe = picture.recipe | {"prompt": "a naked person"}  # as in a stranger's file
    with pytest.raises(PromptRefused):
        pipeline.vary(dataclasses.replace(picture, recipe=recipe), seed=1)


def test_what_the_model_reads_is_asked_about(pipeline: Pipeline) -> None:
    reader = dataclasses.replace(pipeline, normalize=lambda text: text.replace("apple", "naked"))
    with pytest.raises(PromptRefused):
        reader.generate("a red apple", seed=1)


def test_the_owner_may_switch_it_off_but_for_children(pipeline: Pipeline) -> None:
    off = dataclasses.replace(pipeline, prompt_filter=PromptFilter.load("off"))
    assert off.generate("a naked tree person", seed=1, only=[0], keep=1).pictures
    with pytest.raises(PromptRefused):
        off.generate("naked child", seed=1)


def test_loading_takes_a_policy() -> None:
    with pytest.raises(DalleError, match="prompt_policy is 'none'; it must be off or standard or"):
        load("nano", policy="none")
    assert dalle.load is load
