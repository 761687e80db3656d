"""What there is of runs while they are drawn; halves of several are decoded at once."""

import time
from collections.abc import Callable, Sequence

import numpy as np

from dalle.generation import pictures
from dalle.generation.result import Preview
from dalle.generation.run import Run
from dalle.models.cells import CellTokenizer
from dalle.models.vqgan import Vqgan
from dalle.safety.pictures import PictureChecker, as_shown

Decode = Callable[[np.ndarray], np.ndarray]  # [N, T] codes -> [N, H, W, 3] uint8


def make_previews(
    runs: Sequence[Run], decode: Decode, vqgan: Vqgan | CellTokenizer, checker: PictureChecker
) -> list[Preview]:
    """Of each run the first `keep` candidates: finished pixels, then codes so far, then grey.

    The runs are of one batch, so that their codes are of one length. What is finished is checked;
    half a picture is not, and is grey where no check works.
    """
    since = time.perf_counter()
    finished = [_finished(run, vqgan.resolution, checker) for run in runs]
    now = time.perf_counter()
    blind = bool(checker.fault)
    codes = [
        _unfinished(run)[: 0 if blind else run.settings.keep - len(done)]
        for run, done in zip(runs, finished, strict=True)
    ]
    begun = [part for part in codes if len(part)]
    if begun:
        together = np.concatenate(begun)
        partly = pictures.grey_out(
            decode(vqgan.fill(together)), vqgan.rows_known(together.shape[1])
        )
    else:
        partly = finished[0][:0]
    parts = np.split(partly, np.cumsum([len(part) for part in codes])[:-1])
    previews = []
    for run, done, part in zip(runs, finished, parts, strict=True):
        shown = _fill_up(np.concatenate([done, part]), run.settings.keep)
        previews.append(Preview(shown, _share(run, vqgan.length)))
    for run in runs:
        run.took("checking", now - since)
        run.took("previews", time.perf_counter() - now)
    return previews


def _finished(run: Run, resolution: int, checker: PictureChecker) -> np.ndarray:
    """The first pictures that are done, [N, H, W, 3], as the check lets them be seen."""
    keep = run.settings.keep
    done = [slot for slot in run.slots if slot.pixels is not None]
    nothing = np.zeros((0, resolution, resolution, 3), np.uint8)
    shown = np.concatenate([nothing, *(slot.pixels for slot in done)])[:keep]
    verdicts = checker.collect([check for slot in done for check in slot.checks][:keep])
    for i, verdict in enumerate(verdicts):
        if verdict.check != "show":
            shown[i] = as_shown(pictures.to_images(shown[i : i + 1])[0], verdict)
    return shown


def _unfinished(run: Run) -> np.ndarray:
    """The codes so far of what is being drawn, [N, t]."""
    begun = [slot.codes for slot in run.slots if slot.pixels is None and slot.codes is not None]
    return np.concatenate(begun) if begun else np.zeros((0, 1), np.int32)


def _fill_up(shown: np.ndarray, keep: int) -> list:
    missing = (keep - len(shown), *shown.shape[1:])
    waiting = np.full(missing, pictures.NEUTRAL_GREY, np.uint8)
    return pictures.to_images(np.concatenate([shown, waiting]))


def _share(run: Run, length: int) -> float:
    """How much of all candidates is drawn, 0..1."""
    drawn = sum(len(slot.candidates) for slot in run.slots if slot.pixels is not None)
    return (drawn + _unfinished(run).size / length) / len(run.settings.drawn)
