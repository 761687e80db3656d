"""A pipeline that draws plain squares at once; run as a program it serves the page with it.

PORT=8000 SECONDS_PER_FRAME=0.4 python -m tests.fakes.engine
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
from PIL import Image

from dalle.engine.admission import BusyError
from dalle.engine.engine import LocalEngine
from dalle.engine.model_pool import ModelInfo, ModelPool
from dalle.errors import DalleError
from dalle.generation.editing.change import Change
from dalle.generation.editing.methods import EditingMethods
from dalle.generation.result import Picture, Preview, Result
from dalle.generation.run import Run, Slot
from dalle.models.image_tokenizer import NO_HEADER
from dalle.safety.pictures.checker import PictureChecker
from dalle.serving.page.examples import read_examples
from dalle.serving.page.site import Site
from dalle.serving.page.words.known_words import KnownWords
from dalle.serving.server import open_website, stop_on_signal
from dalle.serving.settings import ServerSettings
from dalle.settings import GenerationSettings, check_prompt
from dalle.text.heard import Heard, Substitution

REFUSALS = 2  # of prompts that begin with "crowd", before they are drawn
# What was heard in a prompt, as a small model tells it.
HEARD = {
    "godzilla in mordor": Heard(
        "a t-rex", (Substitution("godzilla", "a T-Rex"),), ("a T-Rex",), ("mordor",)
    ),
    "blorf": Heard("blorf", unheard=("blorf",), suggestions=("a cat", "a dog", "an apple")),
}
SLOW = 20  # times the seconds, for prompts that begin so


class FakePipeline(EditingMethods):
    """Candidate n of seed s is a square of colour (s, 16 n, 0), the more green the better.

    What goes on with a picture takes new pixels from such a square.
    """

    normalize = str
    batch_slots = 4
    revision = None
    checker = PictureChecker("off")
    concepts = None
    thing_codes = None
    image_tokenizer = SimpleNamespace(layout=NO_HEADER, length=64, resolution=64)
    layout = NO_HEADER

    def __init__(
        self, seconds: float = 0.0, name: str = "fake", precision: str | None = None
    ) -> None:
        self.seconds = seconds  # between two frames
        self.name, self.precision = name, precision
        self.generated: list[str] = []  # prompts, as they end
        self.judged: list[str] = []  # prompts that it was asked to judge itself
        self.chunks = 0
        self.batches: list[list[str]] = []  # the prompts of the slots of each batch
        self.refused = 0

    def generate(self, prompt: str, **knobs: Any) -> Result:
        run = self.begin(prompt, self.check(prompt, **knobs))
        while run.pending:
            list(self.generate_batch(run.pending[:4]))
        return self.finish(run)

    def stream(self, prompt: str, **knobs: Any) -> Iterator[Result]:
        yield self.generate(prompt, **knobs)

    def compile_finishing(self) -> None:
        """Nothing is compiled here."""

    def check(self, prompt: str, promptless: bool = False, **knobs: Any) -> GenerationSettings:
        self.judged.append(prompt)
        return self.settle(prompt, promptless, **knobs)

    def settle(self, prompt: str, promptless: bool = False, **knobs: Any) -> GenerationSettings:
        settings = GenerationSettings.of({}, knobs)
        if not promptless:
            check_prompt(prompt)
        if prompt == "fail":
            raise DalleError("This prompt fails; choose another one.")
        return settings if settings.seed is not None else replace(settings, seed=11)

    def begin(self, prompt: str, settings: GenerationSettings, change: Change | None = None) -> Run:
        if prompt == "break":
            raise RuntimeError("secret detail")
        if prompt.startswith("crowd") and self.refused < REFUSALS:
            self.refused += 1
            raise BusyError("Too many wait.", retry_after=1.0)
        if prompt.startswith("throng"):
            raise BusyError("Too many wait.", retry_after=60.0)
        notes = list(change.notes) if change else []
        return Run(prompt, settings, None, None, notes, change=change)

    def read(self, square: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """It reads every picture as its negative."""
        return np.zeros(64, np.int32), 255 - square

    def generate_batch(self, slots: Sequence[Slot], size: int = 4) -> Iterator[None]:
        self.batches.append([slot.run.prompt for slot in slots])
        slow = any(slot.run.prompt.startswith("slowly") for slot in slots)
        for chunk in range(1, 5):
            time.sleep(self.seconds * (SLOW if slow else 1))
            if any(slot.run.prompt == "slowly break" for slot in slots):
                raise RuntimeError("secret detail")
            self.chunks += 1
            for slot in slots:
                slot.codes = np.zeros((len(slot.candidates), chunk), np.int32)
                if chunk == 4:
                    slot.pixels = np.zeros((len(slot.candidates), 64, 64, 3), np.uint8)
            yield

    def previews(self, runs: Sequence[Run]) -> list[Preview]:
        return [self.preview(run) for run in runs]

    def preview(self, run: Run) -> Preview:
        done = sum(4 if slot.pixels is not None else slot.codes.shape[1]
                   for slot in run.slots if slot.codes is not None)  # fmt: skip
        images = [self.paint(run, number) for number in run.settings.candidate_numbers]
        return Preview(images[: run.settings.keep], done / (4 * len(run.slots)))

    def paint(self, run: Run, number: int) -> Image.Image:
        square = Image.new("RGB", (64, 64), (run.settings.seed % 256, 16 * number % 256, 0))
        if run.change is None:
            return square
        return Image.fromarray(run.change.compose(np.asarray(square)[None])[0])

    def finish(self, run: Run) -> Result:
        settings, seed = run.settings, run.settings.seed
        recipe = {
            "model": self.name, "prompt": run.prompt, "seed": seed, "settings": settings.as_dict()
        }  # fmt: skip
        recipe |= {"precision": self.precision} if self.precision else {}
        heard = HEARD.get(run.prompt)
        recipe |= {"heard": heard.as_dict()} if heard else {}
        recipe |= run.change.recipe() if run.change else {}
        more = {"codes": (0,) * 64, "place": run.change.place if run.change else (0, 0)}
        ranked = [
            Picture(self.paint(run, n), float(n), n, recipe | {"candidate": n}, **more)
            for n in reversed(settings.candidate_numbers)
        ]
        self.generated.append(run.prompt)
        kept, rejected = ranked[: settings.keep], ranked[settings.keep :]
        notes = [*(heard.notes if heard else []), *run.notes]
        return Result(kept, rejected, recipe, {"drawing": 4 * self.seconds}, notes)

    def score(
        self,
        images: Sequence[Image.Image],
        prompt: str,
        log_likelihoods: Sequence[float] | None = None,
    ) -> list[float]:
        """The other way round than in a run: the less red the better."""
        return [-float(image.getpixel((0, 0))[1]) for image in images]


def write_down(
    category: str, note: str, *, recipe: dict, prompt: str | None, png: bytes | None
) -> str:
    """A report's number that tells what came with it."""
    return f"{category}/{note}/{recipe['candidate']}/{prompt}/{png is not None}"


def make_site(engine: LocalEngine) -> Site:
    """A site that tells about the fake, and whose checks and reports say what they were given."""
    return Site(
        ServerSettings(name="Fake"),
        engine,
        {"model": "fake", "revision": "1", "precision": "float32", "machine": "cpu"},
        words=KnownWords(frozenset(("cat", "dog", "apple", "red"))),
        examples=tuple(read_examples()),
        card="The card of the fake model.",
        facts=lambda: [("Seal", "Every picture is checked.")],
        verify=lambda content: f"Checked {len(content)} bytes.",
        categories={"hate": "hate", "other": "something else"},
        report=write_down,
    )


def main(
    make: Callable[[float], FakePipeline] = FakePipeline,
    site_of: Callable[[LocalEngine], Site] = make_site,
    **engine_options: Any,
) -> None:
    seconds = float(os.environ.get("SECONDS_PER_FRAME", "0.4"))
    settings = ServerSettings.from_environment(
        {"NINEFOLD_RATE_LIMIT": "100000/minute", "NINEFOLD_QUEUE_SIZE": "3"} | os.environ
    )
    pool = ModelPool(lambda *key: FakePipeline(seconds, *key))
    pool.add(ModelInfo("other", defaults={"condition_scale": 3.5}))
    engine = LocalEngine(
        lambda: make(seconds),
        settings.queue_size,
        pool,
        max_wait=settings.max_wait,
        # Nothing is kept: seeds are not drawn by lot here, and tests want to see a run each time.
        cache_bytes=0,
        **engine_options,
    )
    engine.start()
    site = site_of(engine)
    page = open_website(site, settings, {}, server_port=int(os.environ["PORT"]), quiet=True)
    stop_on_signal(engine, page)


if __name__ == "__main__":
    main()
