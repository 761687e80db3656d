"""From a prompt to ranked pictures: the parts meet here, once."""

import dataclasses
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from jax import Array
from PIL import Image

from dalle.errors import FaultError
from dalle.generation import pictures
from dalle.generation.batch import fitting_slots, report_slots, stack, stack_kept
from dalle.generation.editing.change import Change
from dalle.generation.editing.methods import EditingMethods
from dalle.generation.finish import make_result
from dalle.generation.hear import hear_prompts
from dalle.generation.loop import generate_tokens
from dalle.generation.parallel import LANES, lanes_for
from dalle.generation.previews import make_previews
from dalle.generation.progress import with_bar
from dalle.generation.ranking.rank import total_scores
from dalle.generation.ranking.scoring import ClipScorer
from dalle.generation.reading import PromptReader
from dalle.generation.result import Preview, Result
from dalle.generation.run import SLOT_ROWS, Run, Slot
from dalle.models.bart.decoding import DecoderWeights
from dalle.models.bart.network import Bart
from dalle.models.cells.things import ThingTable
from dalle.models.clip.network import Clip
from dalle.models.image_tokenizer import ImageTokenizer, TokenLayout
from dalle.models.sharding import spread, whole_rows
from dalle.safety.pictures.checker import (
    ANY_PICTURE,
    DRAWINGS,
    PictureChecker,
    default_checker,
)
from dalle.safety.pictures.concepts import Concepts
from dalle.safety.prompts.filter import PromptFilter
from dalle.settings import GenerationSettings, check_prompt
from dalle.text import Tokens
from dalle.text.heard import Hearing

NO_NUMBERS = (
    "The model gave something that is no number, so there is nothing to draw; try another seed, "
    "or a condition scale and a temperature nearer to the defaults."
)
NO_PICTURE = (
    "The image decoder gave values that are no numbers, so there is no picture: its weights are "
    "damaged; download the model again."
)


@dataclass(frozen=True, eq=False)
class Pipeline(EditingMethods):
    """A loaded model; `generate` for the pictures, `stream` for the previews on the way too."""

    name: str
    revision: str
    precision: str
    encoder: Bart  # its parameters may be the encoder's alone
    weights: DecoderWeights
    image_tokenizer: ImageTokenizer
    clip: Clip
    normalize: Callable[[str], str]
    tokenizer: Callable[[list[str]], Tokens]
    clip_tokenizer: Callable[[list[str]], Tokens]
    defaults: Mapping[str, Any] = field(default_factory=dict)  # the model's own, over the general
    likelihood_weight: float = 0.0  # of the model's own opinion beside CLIP's
    prompt_filter: PromptFilter = field(default_factory=PromptFilter.load)
    checker: PictureChecker = field(default_factory=default_checker)
    thing_codes: ThingTable | None = None  # where the model's folder has one
    hearing: Hearing | None = None  # where the model's folder has a table of stand-ins
    concepts: Concepts | None = None  # where CLIP knows what they look like
    # Loads the image tokenizer with its encoder; None where `image_tokenizer` has it already.
    load_reader: Callable[[], ImageTokenizer] | None = None

    def generate(self, prompt: str, *, progress: bool = False, **knobs: Any) -> Result:
        """Draws a prompt, ranks the candidates and returns them all, the best ones first.

        `progress` shows a bar meanwhile.

        The knobs are the fields of GenerationSettings; SettingsError for an impossible one,
        PromptRefused for a prompt that the filter does not allow, FaultError where the model
        gives no numbers.
        """
        frames = self._run(prompt, self.check(prompt, **knobs), previews=progress)
        return self._last(frames, progress)

    def stream(
        self, prompt: str, cancelled: Callable[[], bool] = lambda: False, **knobs: Any
    ) -> Iterator[Preview | Result]:
        """As `generate`, with a Preview after each chunk of the drawing; the Result comes last.

        Where decoding is slow, only the first chunk has one, and those that finish pictures.
        Closing the iterator stops between two chunks; so does `cancelled`, which is asked after
        each chunk: once it is true nothing more comes, no Result either.
        """
        return self._run(prompt, self.check(prompt, **knobs), previews=True, cancelled=cancelled)

    def _last(self, frames: Iterator[Preview | Result], progress: bool) -> Result:
        if progress:
            return with_bar(frames)
        *_, result = frames
        return result

    def _run(
        self,
        prompt: str,
        settings: GenerationSettings,
        previews: bool,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Iterator[Preview | Result]:
        return self._frames_of(self.begin(prompt, settings), previews, cancelled)

    def _frames_of(
        self, run: Run, previews: bool, cancelled: Callable[[], bool] = lambda: False
    ) -> Iterator[Preview | Result]:
        while run.pending:
            for _ in self.generate_batch(run.pending[: self.batch_slots]):
                if run.failure:
                    raise run.failure
                if previews and run.may_preview:
                    yield self.previews([run])[0]
                if cancelled():
                    return
        yield self.finish(run)

    # The same steps one by one, for batches of several requests: check, begin,
    # generate_batch with slots of several runs, previews after each chunk, finish.

    def check(self, prompt: str, *, promptless: bool = False, **knobs: Any) -> GenerationSettings:
        """The settings that a prompt is drawn with, the seed among them; errors as `generate`.

        `promptless` allows for an empty prompt, as a change of a picture needs none.
        """
        settings = self.settle(prompt, promptless=promptless, **knobs)
        for text in (prompt, settings.negative_prompt):
            self.prompt_filter.require(text, self.normalize)
        return settings

    def settle(self, prompt: str, *, promptless: bool = False, **knobs: Any) -> GenerationSettings:
        """As `check`, for a prompt that the filter has judged already, as this model reads it."""
        settings = GenerationSettings.of(self.defaults, knobs)
        if settings.seed is None:
            settings = dataclasses.replace(settings, seed=secrets.randbits(32))
        if not (promptless and prompt == ""):
            check_prompt(prompt)
        return settings

    def begin(self, prompt: str, settings: GenerationSettings, change: Change | None = None) -> Run:
        """Reads a prompt and its negative prompt; SettingsError where nothing can be read."""
        started = time.perf_counter()
        heard, avoided = None, settings.negative_prompt
        if prompt or not change:
            heard, avoided = hear_prompts(self.hearing, prompt, settings)
        notes = [*(heard.notes if heard else []), *(change.notes if change else [])]
        memory, mask = against = self._reader.without_prompt
        if prompt or not change:
            memory, mask = self._reader.read("The prompt", heard.text if heard else prompt, notes)
        if avoided.strip():
            against = self._reader.read("The negative prompt", avoided, notes)
        memory = np.concatenate([memory, against[0]])  # [2, S, D]
        mask = np.concatenate([mask, against[1]])
        run = Run(prompt, settings, memory, mask, notes, heard, change)
        notes += report_slots(self.batch_slots)
        run.took("reading", time.perf_counter() - started)
        return run

    def generate_batch(self, slots: Sequence[Slot], size: int | None = None) -> Iterator[None]:
        """Draws up to `size` slots of any runs; comes back after each of the four chunks.

        The slots hold their codes then, and after the last chunk their pixels, which another
        thread checks. A run whose codes are no numbers has a `failure`; its mates have not.
        """
        size = size or self.batch_slots
        runs = list(dict.fromkeys(slot.run for slot in slots))
        since = time.perf_counter()

        def lap(stage: str) -> None:
            nonlocal since
            for run in runs:
                run.took(stage, time.perf_counter() - since)
            since = time.perf_counter()

        kept = stack_kept(slots, size, self.weights.config.image_length)
        steps = generate_tokens(
            self.weights, *stack(slots, size), self.known_codes, self.layout, kept
        )
        for codes, probs in steps:  # [N, t]
            parts = zip(slots, np.split(codes, size), np.split(probs, size), strict=False)
            for slot, sampled, likely in parts:
                sampled = sampled[: len(slot.candidates)]
                slot.codes = slot.run.fill(slot, sampled)
                slot.log_probs = likely[: len(slot.candidates)]
                if (sampled < 0).any():
                    slot.run.failure = FaultError(NO_NUMBERS)
            lap("drawing")
            if codes.shape[1] == self.weights.config.image_length:
                self._finish_slots([slot for slot in slots if not slot.run.failure])
                lap("decoding")
            yield
            since = time.perf_counter()  # the caller's time is not counted

    def _finish_slots(self, slots: Sequence[Slot]) -> None:
        """Decodes the codes of slots, whosoever they are, and has the pictures checked."""
        if not slots:
            return
        pixels = self._decode(np.concatenate([slot.codes for slot in slots]))
        ends = np.cumsum([len(slot.codes) for slot in slots])[:-1]
        for slot, decoded in zip(slots, np.split(pixels, ends), strict=True):
            slot.pixels = slot.run.change.compose(decoded) if slot.run.change else decoded
            # By another thread, while the next ones are drawn, or all are ranked.
            drawings = self.image_tokenizer.KNOWN_DRAWINGS and slot.run.change is None
            bounds = DRAWINGS if drawings else ANY_PICTURE
            slot.checks = [self.checker.submit(picture, bounds) for picture in slot.pixels]

    def previews(self, runs: Sequence[Run]) -> list[Preview]:
        """A preview of each run of a batch."""
        return make_previews(runs, self._decode_small, self.image_tokenizer, self.checker)

    def finish(self, run: Run) -> Result:
        """Ranks the pictures of a run that is drawn; each has the recipe that remakes it."""
        return make_result(self, run)

    @property
    def known_codes(self) -> int:
        """Codes from here on stand for no picture, though the network has an output for them."""
        return min(self.image_tokenizer.num_codes, self.weights.config.image_vocab_size)

    @property
    def layout(self) -> TokenLayout:
        return self.image_tokenizer.layout

    @cached_property
    def batch_slots(self) -> int:
        """How many slots are drawn at a time, on all devices together; as memory allows."""
        return fitting_slots(self.weights.config, self.image_tokenizer.config, self.encoder.dtype)

    def _decode(self, codes: np.ndarray) -> np.ndarray:
        """[N, T] -> [N, H, W, 3] uint8; FaultError where the decoder gives no numbers."""
        rows = self.image_tokenizer.LANE_ROWS
        return self._decode_with(self.image_tokenizer.decode, codes, rows)

    def _decode_small(self, codes: np.ndarray) -> np.ndarray:
        """As `_decode` for a look on the way: fewer pixels, where that takes less time."""
        return self._decode_with(self.image_tokenizer.decode_small, codes, SLOT_ROWS // LANES)

    def _decode_with(
        self, decode: Callable[[Array], Array], codes: np.ndarray, lane_rows: int
    ) -> np.ndarray:
        def decode_batch(batch: np.ndarray) -> np.ndarray:
            decoded = np.asarray(decode(spread(batch)))
            if not np.isfinite(decoded).all():
                raise FaultError(NO_PICTURE)
            return pictures.to_pixels(decoded)

        rows = whole_rows(SLOT_ROWS)
        lanes = lanes_for(rows)
        if lanes > 1:
            rows = lane_rows
        return pictures.in_batches(decode_batch, codes, rows, lanes)

    @cached_property
    def _reader(self) -> PromptReader:
        return PromptReader(self.encoder, self.normalize, self.tokenizer)

    def score(
        self,
        images: Sequence[Image.Image],
        prompt: str,
        log_likelihoods: Sequence[float] | None = None,
    ) -> list[float]:
        """How well each picture fits the prompt; CLIP alone says it where nothing else is known."""
        clip = self.scorer.of(images, prompt)[:, 0]
        if log_likelihoods is None:
            return clip.tolist()
        return total_scores(clip, np.float32(log_likelihoods), self.likelihood_weight)

    def compile_finishing(self) -> None:
        """Compiles decoding and ranking, with blank pictures."""
        blank = np.zeros((SLOT_ROWS, self.image_tokenizer.length), np.int32)
        self._decode_small(blank)
        self.scorer.of(pictures.to_images(self._decode(blank)), "")

    @cached_property
    def scorer(self) -> ClipScorer:
        return ClipScorer(self.clip, self.clip_tokenizer, self.concepts)
