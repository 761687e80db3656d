"""A prompt's whole way, through a model of random weights."""

import dataclasses
import itertools
import json
from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np
import pytest
from PIL import Image

from dalle.errors import DalleError
from dalle.generation import loop, run
from dalle.generation.parallel import lanes_for
from dalle.generation.pipeline import Pipeline
from dalle.generation.result import Picture, Preview, Result
from dalle.safety.provenance.watermark import embed
from dalle.settings import SettingsError


@pytest.fixture(scope="module")
def result(pipeline: Pipeline) -> Result:
    return pipeline.generate("a red apple", seed=42)


def by_candidate(result: Result) -> dict[int, Picture]:
    return {picture.candidate: picture for picture in result.pictures + result.rejected}


def same(picture: Picture, other: Picture) -> bool:
    return picture.score == other.score and same_image(picture.image, other.image)


def same_image(image: Image.Image, other: Image.Image) -> bool:
    return image.tobytes() == other.tobytes()


def test_nine_of_sixteen_come_back_best_first(result: Result) -> None:
    assert (len(result.pictures), len(result.rejected)) == (9, 7)
    assert sorted(by_candidate(result)) == list(range(16))
    for pictures in (result.pictures, result.rejected):
        scores = [picture.score for picture in pictures]
        assert scores == sorted(scores, reverse=True)
    assert len({picture.image.tobytes() for picture in result.pictures}) == 9
    assert all(picture.log_likelihood < 0 for picture in result.pictures)
    image = result.pictures[0].image
    assert (image.mode, image.size) == ("RGB", (32, 32))
    assert set(result.seconds) == {"reading", "drawing", "decoding", "ranking", "checking"}
    assert result.notes == []


def test_a_recipe_remakes_its_picture(pipeline: Pipeline, result: Result) -> None:
    picture = result.pictures[3]
    recipe = json.loads(json.dumps(picture.recipe, allow_nan=False))
    assert recipe["model"] == "random:tiny"
    assert recipe["seed"] == recipe["settings"]["seed"] == picture.seed == 42
    settings = recipe["settings"] | {"only": [recipe["candidate"]], "keep": None}
    remade = pipeline.generate(recipe["prompt"], **settings)
    assert [other.candidate for other in remade.pictures] == [picture.candidate]
    assert same(remade.pictures[0], picture)


def test_only_generates_the_named_candidates(pipeline: Pipeline, result: Result) -> None:
    some = pipeline.generate("a red apple", seed=42, only=[11, 2, 14], keep=2)
    assert (len(some.pictures), len(some.rejected)) == (2, 1)
    assert set(by_candidate(some)) == {2, 11, 14}
    assert all(same(p, by_candidate(result)[n]) for n, p in by_candidate(some).items())


def test_more_candidates_begin_with_the_same_ones(pipeline: Pipeline, result: Result) -> None:
    more = pipeline.generate("a red apple", seed=42, candidates=37, keep=20)
    assert (len(more.pictures), len(more.rejected)) == (20, 17)
    assert all(same(by_candidate(more)[n], p) for n, p in by_candidate(result).items())


def test_a_seed_of_ones_own_and_a_random_one(pipeline: Pipeline, result: Result) -> None:
    again = pipeline.generate("a red apple", seed=42)
    assert all(same(p, q) for p, q in zip(again.pictures, result.pictures, strict=True))
    seeds = [pipeline.generate("a red apple").seed for _ in range(2)]
    assert seeds[0] != seeds[1]
    assert all(0 <= seed < 2**32 for seed in seeds)
    repeated = pipeline.generate("a red apple", seed=seeds[0])
    assert repeated.seed == repeated.pictures[0].seed == seeds[0]


def test_a_negative_prompt_takes_the_place_of_the_empty_one(
    pipeline: Pipeline, result: Result
) -> None:
    def differs(other: Result) -> bool:
        return not same(by_candidate(other)[0], by_candidate(result)[0])

    assert differs(pipeline.generate("a red apple", seed=42, negative_prompt="green"))
    assert not differs(pipeline.generate("a red apple", seed=42, negative_prompt=" "))
    # Without guidance nothing stands against the prompt.
    plain = pipeline.generate("a red apple", seed=42, condition_scale=1)
    against = pipeline.generate("a red apple", seed=42, condition_scale=1, negative_prompt="green")
    assert same(by_candidate(plain)[0], by_candidate(against)[0])


def test_the_models_own_defaults(pipeline: Pipeline) -> None:
    opinionated = dataclasses.replace(pipeline, defaults={"condition_scale": 3, "top_k": 32})
    settings = opinionated.generate("a red apple", top_k=16, temperature=None).recipe["settings"]
    assert (settings["condition_scale"], settings["top_k"], settings["temperature"]) == (3, 16, 1)


def test_nothing_compiles_twice(
    pipeline: Pipeline, result: Result, count_compilations: Callable
) -> None:
    list(pipeline.stream("a tree"))  # previews have programs of their own
    with count_compilations() as compiled:
        pipeline.generate("two dogs", seed=7)
        pipeline.generate("a red apple", candidates=9, keep=4, negative_prompt="green")
        pipeline.generate("a red apple", condition_scale=3, temperature=0.5, top_k=0, top_p=0.9)
        pipeline.generate("a red apple", only=[5])
        list(pipeline.stream("a tree", candidates=40, keep=25))
    assert compiled == []
    with count_compilations() as compiled:
        jax.jit(lambda x: x + 1)(np.zeros(3))
    assert compiled != []


def test_a_preview_after_each_chunk(pipeline: Pipeline, result: Result) -> None:
    *previews, last = pipeline.stream("a red apple", seed=42)
    assert all(isinstance(preview, Preview) for preview in previews)
    assert [preview.fraction for preview in previews] == [0.25, 0.5, 0.75, 1]
    assert [preview.stage for preview in previews] == ["drawing"] * 3 + ["ranking"]
    assert all(len(preview.pictures) == 9 for preview in previews)
    for earlier, later in itertools.pairwise(previews):
        assert not all(map(same_image, earlier.pictures, later.pictures))
    finished = [by_candidate(result)[number].image for number in range(9)]
    assert all(map(same_image, previews[-1].pictures, finished))
    assert all(same(p, q) for p, q in zip(last.pictures, result.pictures, strict=True))


def test_previews_of_more_than_are_generated_together(pipeline: Pipeline) -> None:
    *previews, last = pipeline.stream("a red apple", seed=42, candidates=24, keep=20)
    assert [round(24 * preview.fraction) for preview in previews] == [4, 8, 12, 16, 18, 20, 22, 24]
    assert all(len(preview.pictures) == 20 for preview in previews)
    assert previews[3].pictures[19].getextrema() == ((128, 128),) * 3
    assert len(last.pictures) == 20


def test_where_decoding_is_slow_half_a_picture_is_shown_once(
    pipeline: Pipeline, result: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "PREVIEW_SECONDS", 1e-9)
    *previews, last = pipeline.stream("a red apple", seed=42, candidates=24, keep=20)
    assert [round(24 * preview.fraction) for preview in previews] == [4, 16, 24]
    assert len(last.pictures) == 20


def test_cancelling_between_chunks(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    chunks = []
    real = loop.decode_chunk

    def counted(*arguments: object, **named: int) -> tuple:
        chunks.append(int(named["start"]))
        return real(*arguments, **named)

    monkeypatch.setattr(loop, "decode_chunk", counted)
    lanes = lanes_for(pipeline.batch_slots)
    two_chunks = lanes * [0] + lanes * [5]
    frames = list(pipeline.stream("a red apple", cancelled=lambda: len(chunks) == 2 * lanes))
    assert [type(frame) for frame in frames] == [Preview, Preview]
    assert chunks == two_chunks

    frames = pipeline.stream("a red apple")
    next(frames)
    frames.close()
    assert chunks == two_chunks + lanes * [0]


def test_a_long_prompt_is_cut_and_says_so(pipeline: Pipeline, result: Result) -> None:
    long = pipeline.generate("a red apple" + 30 * "!", negative_prompt=40 * "-")
    assert long.notes == [
        "The prompt is longer than the model reads: only its first 22 tokens were used.",
        "The negative prompt is longer than the model reads: only its first 22 tokens were used.",
    ]


def test_a_prompt_that_normalizes_to_nothing(pipeline: Pipeline) -> None:
    strict = dataclasses.replace(pipeline, normalize=lambda text: text.strip("#!"))
    with pytest.raises(SettingsError, match=r"^The prompt holds nothing that the model can read"):
        strict.generate("###")
    with pytest.raises(SettingsError, match=r"^The negative prompt holds nothing"):
        strict.generate("a red apple", negative_prompt="!")


def test_impossible_settings_are_refused_before_the_first_frame(pipeline: Pipeline) -> None:
    with pytest.raises(SettingsError, match="keep is 17"):
        pipeline.stream("a red apple", keep=17)
    with pytest.raises(SettingsError, match="The prompt is empty"):
        pipeline.generate("  ")
    with pytest.raises(SettingsError, match="no setting named 'topk'"):
        pipeline.generate("a red apple", topk=5)


def test_the_models_own_opinion_is_added_to_clips(pipeline: Pipeline, result: Result) -> None:
    weight = 1e30  # more than any score of CLIP's
    sure = dataclasses.replace(pipeline, likelihood_weight=weight).generate("a red apple", seed=42)
    likelihoods = [picture.log_likelihood for picture in result.pictures + result.rejected]
    expected = [weight * likelihood for likelihood in sorted(likelihoods, reverse=True)]
    scores = [picture.score for picture in sure.pictures + sure.rejected]
    assert scores == pytest.approx(expected, rel=1e-6)


def test_pictures_without_a_score_come_last(pipeline: Pipeline, tmp_path: Path) -> None:
    class Doubtful:
        """A CLIP that has no answer for dark pictures."""

        def __getattr__(self, name: str) -> object:
            return getattr(pipeline.clip, name)

        def similarity(self, images: np.ndarray, texts: np.ndarray) -> np.ndarray:
            scores = np.array(pipeline.clip.similarity(images, texts))
            scores[1] = np.nan  # the second of every four that are scored together
            return scores

    doubtful = dataclasses.replace(pipeline, clip=Doubtful())
    result = doubtful.generate("a red apple", seed=42)
    assert [picture.candidate for picture in result.rejected[-4:]] == [1, 5, 9, 13]
    assert result.notes == [
        "4 of 16 pictures got no usable score and come last (candidates 1, 5, 9, 13)."
    ]
    saved = json.loads((result.save(tmp_path) / "recipe.json").read_text())
    last = saved["rejected"][-1]
    assert (last["candidate"], last["seed"], last["score"]) == (13, 42, None)


def test_saving(result: Result, tmp_path: Path) -> None:
    folder = result.save(tmp_path / "new" / "folder")
    names = {f"{rank}.png" for rank in range(1, 10)} | {"sheet.png", "recipe.json"}
    assert {path.name for path in folder.iterdir()} == names
    for rank, picture in enumerate(result.pictures, start=1):
        marked = Image.fromarray(embed(np.asarray(picture.image), "ninefold"))
        assert same_image(Image.open(folder / f"{rank}.png"), marked)
    recipe = json.loads((folder / "recipe.json").read_text())
    assert recipe["prompt"] == "a red apple"
    assert [picture["candidate"] for picture in recipe["pictures"]] == [
        picture.candidate for picture in result.pictures
    ]
    assert set(recipe["seconds"]) == set(result.seconds)
    result.save(folder)  # over itself
    assert {path.name for path in folder.iterdir()} == names


def test_saving_where_one_cannot(result: Result, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a file")
    with pytest.raises(DalleError, match=r"could not be written to .*taken .*name a folder"):
        result.save(taken)


def test_nothing_half_written_stays(
    result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(path: Path, content: bytes) -> None:
        with path.open("wb") as file:
            file.write(content[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full_disk)
    with pytest.raises(DalleError, match="No space left on device"):
        result.save(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_smaller_batches_where_memory_is_short_are_said(pipeline, monkeypatch):
    whole = pipeline.generate("a red apple", seed=4, candidates=9)
    assert not [note for note in whole.notes if "memory" in note]
    monkeypatch.setattr("dalle.generation.batch.free_memory", lambda: 0)
    small = dataclasses.replace(pipeline)  # what it has measured is not copied
    assert small.batch_slots == 1
    result = small.generate("a red apple", seed=4, candidates=9)
    (note,) = (note for note in result.notes if "memory" in note)
    assert note == (
        "16 candidates at a time do not fit into the memory that is free here: they are drawn 4 "
        "at a time, which takes longer."
    )
    expected = by_candidate(whole)
    for candidate, picture in by_candidate(result).items():
        np.testing.assert_array_equal(picture.image, expected[candidate].image)
