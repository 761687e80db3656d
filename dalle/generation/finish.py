"""From a run that is drawn to its result: scores, verdicts, recipes, the best pictures first."""

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from dalle.generation import pictures
from dalle.generation.editing.change import Change
from dalle.generation.precision import machine_kind
from dalle.generation.ranking.rank import (
    FIT,
    LIKE,
    add_presence,
    keep_best,
    likeness,
    report_unranked,
    set_back_empty,
    total_scores,
)
from dalle.generation.ranking.wanted import presence
from dalle.generation.result import Picture, Result
from dalle.generation.run import Run
from dalle.models.image_tokenizer import TokenLayout
from dalle.safety.pictures.checker import as_shown, report_verdicts
from dalle.safety.pictures.concepts import add_concepts

if TYPE_CHECKING:
    from dalle.generation.pipeline import Pipeline


def make_result(pipeline: "Pipeline", run: Run) -> Result:
    """Ranks the pictures of a run that is drawn; each has the recipe that remakes it."""
    numbers, notes = run.settings.candidate_numbers, list(run.notes)
    started = time.perf_counter()
    images = pictures.to_images(np.concatenate([slot.pixels for slot in run.slots]))
    codes = np.concatenate([slot.codes for slot in run.slots])  # [N, T]
    log_probs = np.concatenate([slot.log_probs for slot in run.slots])
    overview = pipeline.layout.overview
    # Not of the codes for the whole picture: a style is no better for being more usual.
    log_likelihoods = log_probs[:, overview:].sum(1)
    squares = [run.change.square(image) for image in images] if run.change else images
    compared = pipeline.scorer.of(squares, run.words)  # [N, 1 + concepts]
    clip = compared[:, 0]
    if run.change:
        clip = _with_change(pipeline, run, squares, clip, log_probs)
    scores = total_scores(clip, log_likelihoods, pipeline.likelihood_weight)
    if run.words.strip():  # something was asked for
        scores = set_back_empty(scores, nothing_new(codes, run.change, pipeline.layout))
    scores = add_presence(scores, presence(pipeline, codes, run.heard))
    notes += report_unranked(scores, numbers)
    overviews = [tuple(row) for row in codes[:, :overview].tolist()]
    likenesses = list(map(likeness, images, overviews))
    kept, rest = keep_best(scores, numbers, likenesses, run.settings.keep)
    ranked_at = time.perf_counter()
    run.took("ranking", ranked_at - started)

    # A hidden picture is a tile from here on.
    verdicts = pipeline.checker.collect([check for slot in run.slots for check in slot.checks])
    if pipeline.concepts and pipeline.checker.policy != "off":
        verdicts = list(map(add_concepts, verdicts, pipeline.scorer.cosines(compared[:, 1:])))
    images = [
        as_shown(image, verdict) if verdict.check == "hide" else image
        for image, verdict in zip(images, verdicts, strict=True)
    ]
    run.took("checking", time.perf_counter() - ranked_at)

    recipe = _recipe(pipeline, run)
    candidates = [
        Picture(
            image=images[i],
            score=scores[i],
            candidate=numbers[i],
            recipe=recipe | {"candidate": numbers[i]},
            verdict=verdicts[i],
            log_likelihood=float(log_likelihoods[i]),
            overview=overviews[i],
            codes=() if verdicts[i].check == "hide" else tuple(codes[i].tolist()),
            place=run.change.place if run.change else (0, 0),
        )
        for i in range(len(numbers))
    ]
    notes += report_verdicts([candidates[i].verdict for i in kept])
    best, rejected = ([candidates[i] for i in chosen] for chosen in (kept, rest))
    return Result(best, rejected, recipe, run.seconds, notes)


def nothing_new(codes: np.ndarray, change: Change | None, layout: TokenLayout) -> np.ndarray:
    """Where all cells that were sampled are blank, [N, T] -> [N] bool."""
    if change is not None and change.like is None:
        return change.nothing_new(codes, layout)
    return (codes[:, layout.overview :] == layout.blank).all(1)


def _with_change(
    pipeline: "Pipeline", run: Run, squares: list, clip: np.ndarray, log_probs: np.ndarray
) -> np.ndarray:
    """CLIP's opinion [N], and how well each picture goes on with the one before it."""
    if not run.words.strip():
        clip = np.zeros_like(clip)  # nothing was asked for
    if run.change.like is not None:
        return clip + LIKE * pipeline.scorer.likenesses(squares, run.change.like)
    return clip + max(0.0, FIT - pipeline.likelihood_weight) * run.change.fit(log_probs)


def origin_of(pipeline: "Pipeline") -> dict[str, Any]:
    """A recipe's entries about the model: with other ones its pixels would differ."""
    return {
        "model": pipeline.name,
        "revision": pipeline.revision,
        "precision": pipeline.precision,
        "machine": machine_kind(),
    }


def _recipe(pipeline: "Pipeline", run: Run) -> dict[str, Any]:
    return {
        **origin_of(pipeline),
        "prompt": run.prompt,
        "normalized_prompt": pipeline.normalize(run.words).strip(),
        "settings": run.settings.as_dict(),
        "seed": run.settings.seed,
        **({"heard": run.heard.as_dict()} if run.heard else {}),
        **(run.change.recipe() if run.change else {}),
    }
