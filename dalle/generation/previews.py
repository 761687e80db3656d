"""Previews of unfinished runs; parts of several are decoded at once."""

import time
from collections.abc import Callable, Sequence

import numpy as np

from dalle.generation import pictures
from dalle.generation.result import Preview
from dalle.generation.run import Run
from dalle.models.image_tokenizer import ImageTokenizer
from dalle.safety.pictures.checker import PictureChecker, as_shown

Decode = Callable[[np.ndarray], np.ndarray]  # [N, T] codes -> [N, H, W, 3] uint8


def make_previews(
    runs: Sequence[Run], decode: Decode, tokenizer: ImageTokenizer, checker: PictureChecker
) -> list[Preview]:
    """Of each run the first `keep` candidates: finished pixels, then codes so far, then grey.

    The runs are of one batch, so that their codes are of one length. Finished pictures are checked;
    half a picture is not, and is grey where no check works.
    """
    since = time.perf_counter()
    finished = [_finished(run, tokenizer.resolution, checker) for run in runs]
    now = time.perf_counter()
    blind = bool(checker.fault)
    codes = [
        _unfinished(run)[: 0 if blind else run.settings.keep - len(done)]
        for run, done in zip(runs, finished, strict=True)
    ]
    begun = [part for part in codes if len(part)]
    if begun:
        together = np.concatenate(begun)
        decoded = pictures.repeat_pixels(decode(tokenizer.fill(together)), tokenizer.resolution)
        partly = pictures.grey_out(decoded, tokenizer.rows_known(together.shape[1]))
    else:
        partly = np.zeros((0, tokenizer.resolution, tokenizer.resolution, 3), np.uint8)
    parts = np.split(partly, np.cumsum([len(part) for part in codes])[:-1])
    previews = []
    for run, done, part in zip(runs, finished, parts, strict=True):
        if run.change and len(part):
            part = run.change.compose(part)
        # Without any picture it is the square of a part, of no matter which size.
        there = [pixels for pixels in (done, part) if len(pixels)] or [part]
        shown = _fill_up(np.concatenate(there), run.settings.keep)
        previews.append(Preview(shown, _share(run, tokenizer.length)))
    for run in runs:
        run.took("checking", now - since)
        run.took("previews", time.perf_counter() - now)
    return previews


def _finished(run: Run, resolution: int, checker: PictureChecker) -> np.ndarray:
    """The first pictures that are done, [N, H, W, 3], as the check lets them be seen."""
    keep = run.settings.keep
    done = [slot for slot in run.slots if slot.pixels is not None]
    if not done:
        return np.zeros((0, resolution, resolution, 3), np.uint8)
    shown = np.concatenate([slot.pixels for slot in done])[:keep]
    verdicts = checker.collect([check for slot in done for check in slot.checks][:keep])
    for i, verdict in enumerate(verdicts):
        if verdict.check != "show":
            shown[i] = as_shown(pictures.to_images(shown[i : i + 1])[0], verdict)
    return shown


def _unfinished(run: Run) -> np.ndarray:
    """The codes so far of unfinished slots, [N, t]."""
    begun = [slot.codes for slot in run.slots if slot.pixels is None and slot.codes is not None]
    return np.concatenate(begun) if begun else np.zeros((0, 1), np.int32)


def _fill_up(shown: np.ndarray, keep: int) -> list:
    missing = (keep - len(shown), *shown.shape[1:])
    waiting = np.full(missing, pictures.NEUTRAL_GREY, np.uint8)
    return pictures.to_images(np.concatenate([shown, waiting]))


def _share(run: Run, length: int) -> float:
    """How much of all candidates is drawn, 0..1."""
    done = sum(len(slot.candidates) for slot in run.slots if slot.pixels is not None)
    return (done + _unfinished(run).size / length) / len(run.settings.candidate_numbers)
