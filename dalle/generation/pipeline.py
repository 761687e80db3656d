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
from dalle.generation.batch import fitting_slots, report_slots, stack
from dalle.generation.comparison import Comparison
from dalle.generation.lanes import lanes_for
from dalle.generation.loop import draw_codes
from dalle.generation.machine import machine_kind
from dalle.generation.opening import Layout
from dalle.generation.previews import make_previews
from dalle.generation.rank import keep_best, likeness, report_unranked, total_scores
from dalle.generation.result import Picture, Preview, Result
from dalle.generation.run import SLOT_ROWS, Run, Slot
from dalle.models.bart import Bart
from dalle.models.cells import CellTokenizer
from dalle.models.clip import Clip
from dalle.models.decoding import DecoderWeights
from dalle.models.sharding import spread, whole_rows
from dalle.models.vqgan import Vqgan
from dalle.safety.concepts import Concepts, add_concepts
from dalle.safety.pictures import (
    PictureChecker,
    as_shown,
    default_checker,
    report_verdicts,
)
from dalle.safety.prompts import PromptFilter
from dalle.settings import GenerationSettings, SettingsError, check_prompt
from dalle.text import Tokens

NO_NUMBERS = (
    "The model gave something that is no number, so there is nothing to draw; try another seed, "
    "or a condition scale and a temperature nearer to the defaults."
)


@dataclass(frozen=True, eq=False)
class Pipeline:
    """A loaded model; `generate` for the pictures, `stream` for the previews on the way too."""

    name: str
    revision: str
    precision: str
    encoder: Bart  # its parameters may be the encoder's alone
    weights: DecoderWeights
    vqgan: Vqgan | CellTokenizer
    clip: Clip
    normalize: Callable[[str], str]
    tokenizer: Callable[[list[str]], Tokens]
    clip_tokenizer: Callable[[list[str]], Tokens]
    defaults: Mapping[str, Any] = field(default_factory=dict)  # the model's own, over the general
    likelihood_weight: float = 0.0  # of the model's own opinion beside CLIP's
    prompt_filter: PromptFilter = field(default_factory=PromptFilter.load)
    checker: PictureChecker = field(default_factory=default_checker)
    concepts: Concepts | None = None  # where CLIP knows what they look like

    def generate(self, prompt: str, **knobs: Any) -> Result:
        """Draws a prompt, ranks the candidates and returns them all, the best ones first.

        The knobs are the fields of GenerationSettings; SettingsError for an impossible one,
        PromptRefused for a prompt that the filter does not allow, FaultError where the model
        gives no numbers.
        """
        *_, result = self._run(prompt, self.check(prompt, **knobs), previews=False)
        return result

    def stream(
        self, prompt: str, cancelled: Callable[[], bool] = lambda: False, **knobs: Any
    ) -> Iterator[Preview | Result]:
        """As `generate`, with a Preview after each chunk of the drawing; the Result comes last.

        Where decoding is slow, only the first chunk has one, and those that finish pictures.
        Closing the iterator stops between two chunks; so does `cancelled`, which is asked after
        each chunk: once it is true nothing more comes, no Result either.
        """
        return self._run(prompt, self.check(prompt, **knobs), previews=True, cancelled=cancelled)

    def _run(
        self,
        prompt: str,
        settings: GenerationSettings,
        previews: bool,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Iterator[Preview | Result]:
        run = self.begin(prompt, settings)
        while run.undrawn:
            for _ in self.draw_together(run.undrawn[: self.slots_together]):
                if run.failure:
                    raise run.failure
                if previews and run.may_preview:
                    yield self.previews([run])[0]
                if cancelled():
                    return
        yield self.finish(run)

    # The same steps one by one, for whoever draws for several people at once: check, begin,
    # draw_together with slots of several runs, previews after each chunk, finish.

    def check(self, prompt: str, **knobs: Any) -> GenerationSettings:
        """The settings that a prompt is drawn with, the seed among them; errors as `generate`."""
        settings = GenerationSettings.of(self.defaults, knobs)
        if settings.seed is None:
            settings = dataclasses.replace(settings, seed=secrets.randbits(32))
        check_prompt(prompt)
        for text in (prompt, settings.negative_prompt):
            self.prompt_filter.require(text, self.normalize)
        return settings

    def begin(self, prompt: str, settings: GenerationSettings) -> Run:
        """Reads a prompt, and what stands against it; SettingsError where nothing can be read."""
        started, notes = time.perf_counter(), []
        memory, mask = self._read("The prompt", prompt, notes)
        against = self._without_prompt
        if settings.negative_prompt.strip():
            against = self._read("The negative prompt", settings.negative_prompt, notes)
        memory = np.concatenate([memory, against[0]])  # [2, S, D]
        run = Run(prompt, settings, memory, np.concatenate([mask, against[1]]), notes)
        notes += report_slots(self.slots_together)
        run.took("reading", time.perf_counter() - started)
        return run

    def draw_together(self, slots: Sequence[Slot], size: int | None = None) -> Iterator[None]:
        """Draws up to `size` slots, of whatever runs; comes back after each of the four chunks.

        The slots hold their codes then, and after the last chunk their pixels, which another
        thread checks. A run whose codes are no numbers has a `failure`; its mates have not.
        """
        size = size or self.slots_together
        runs = list(dict.fromkeys(slot.run for slot in slots))
        since = time.perf_counter()

        def lap(stage: str) -> None:
            nonlocal since
            for run in runs:
                run.took(stage, time.perf_counter() - since)
            since = time.perf_counter()

        steps = draw_codes(self.weights, *stack(slots, size), self.known_codes, self.layout)
        for codes, odds in steps:  # [N, t]
            parts = zip(slots, np.split(codes, size), np.split(odds, size), strict=False)
            for slot, drawn, likely in parts:
                slot.codes = drawn[: len(slot.candidates)]
                slot.log_odds = likely[: len(slot.candidates)]
                if (slot.codes < 0).any():
                    slot.run.failure = FaultError(NO_NUMBERS)
            lap("drawing")
            if codes.shape[1] == self.weights.config.image_length:
                self._finish_slots([slot for slot in slots if not slot.run.failure])
                lap("decoding")
            yield
            since = time.perf_counter()  # what the caller did is not counted

    def _finish_slots(self, slots: Sequence[Slot]) -> None:
        """Decodes the codes of slots, whosoever they are, and has the pictures checked."""
        if not slots:
            return
        pixels = self._decode(np.concatenate([slot.codes for slot in slots]))
        ends = np.cumsum([len(slot.codes) for slot in slots])[:-1]
        for slot, drawn in zip(slots, np.split(pixels, ends), strict=True):
            slot.pixels = drawn
            # By another thread, while the next ones are drawn, or all are ranked.
            slot.checks = [self.checker.submit(picture) for picture in drawn]

    def previews(self, runs: Sequence[Run]) -> list[Preview]:
        """What there is of each run of a batch."""
        return make_previews(runs, self._decode, self.vqgan, self.checker)

    def finish(self, run: Run) -> Result:
        """Ranks the pictures of a run that is drawn; each comes with what remakes it."""
        numbers, notes = run.settings.drawn, list(run.notes)
        started = time.perf_counter()
        images = pictures.to_images(np.concatenate([slot.pixels for slot in run.slots]))
        compared = self._comparison.of(images, run.prompt)  # [N, 1 + concepts]
        log_likelihoods = self._log_likelihoods(run)
        scores = total_scores(compared[:, 0], log_likelihoods, self.likelihood_weight)
        notes += report_unranked(scores, numbers)
        codes = np.concatenate([slot.codes for slot in run.slots])
        overviews = [tuple(row) for row in codes[:, : self.vqgan.overview].tolist()]
        likenesses = list(map(likeness, images, overviews))
        kept, rest = keep_best(scores, numbers, likenesses, run.settings.keep)
        ranked_at = time.perf_counter()
        run.took("ranking", ranked_at - started)

        # What may not be seen is a tile from here on.
        verdicts = self.checker.collect([check for slot in run.slots for check in slot.checks])
        if self.concepts and self.checker.policy != "off":
            verdicts = list(map(add_concepts, verdicts, self._comparison.cosines(compared[:, 1:])))
        images = [
            as_shown(image, verdict) if verdict.check == "hide" else image
            for image, verdict in zip(images, verdicts, strict=True)
        ]
        run.took("checking", time.perf_counter() - ranked_at)

        recipe = {
            "model": self.name,
            "revision": self.revision,
            "precision": self.precision,
            "machine": machine_kind(),
            "prompt": run.prompt,
            "normalized_prompt": self.normalize(run.prompt).strip(),
            "settings": run.settings.as_dict(),
            "seed": run.settings.seed,
        }
        drawn = [
            Picture(
                image=images[i],
                score=scores[i],
                candidate=numbers[i],
                recipe=recipe | {"candidate": numbers[i]},
                verdict=verdicts[i],
                log_likelihood=float(log_likelihoods[i]),
                overview=overviews[i],
            )
            for i in range(len(numbers))
        ]
        notes += report_verdicts([drawn[i].verdict for i in kept])
        return Result(
            [drawn[i] for i in kept], [drawn[i] for i in rest], recipe, run.seconds, notes
        )

    def _log_likelihoods(self, run: Run) -> np.ndarray:
        """Of each candidate's codes with its prompt, in nats, [N].

        Not of the codes for the whole picture: a style is no better for being more usual.
        """
        odds = np.concatenate([slot.log_odds for slot in run.slots])
        return odds[:, self.vqgan.overview :].sum(1)

    def _read(self, name: str, text: str, notes: list[str]) -> tuple[np.ndarray, np.ndarray]:
        """A prompt's memory [1, S, D] and mask [1, S]; a note where it was too long."""
        words = self.normalize(text)
        tokens = self.tokenizer([words])
        if not words.strip() or tokens.used[0] == 0:
            raise SettingsError(
                f"{name} holds nothing that the model can read; write a few English words."
            )
        if tokens.truncated[0]:
            notes.append(
                f"{name} is longer than the model reads: only its first {tokens.used[0]} tokens "
                "were used."
            )
        return self._encode(tokens)

    @cached_property
    def _without_prompt(self) -> tuple[np.ndarray, np.ndarray]:
        """Memory [1, S, D] and mask [1, S] of no prompt at all; the same in every run."""
        return self._encode(self.tokenizer.without_prompt())

    def _encode(self, tokens: Tokens) -> tuple[np.ndarray, np.ndarray]:
        memory = self.encoder.encode(tokens.input_ids, tokens.attention_mask)
        return np.asarray(memory), tokens.attention_mask

    @property
    def known_codes(self) -> int:
        """Codes from here on stand for no picture, though the network has an output for them."""
        return min(self.vqgan.num_codes, self.weights.config.image_vocab_size)

    @property
    def layout(self) -> Layout:
        return Layout(self.vqgan.overview, self.vqgan.blank)

    @cached_property
    def slots_together(self) -> int:
        """How many slots are drawn at a time, on all devices together; as memory allows."""
        return fitting_slots(self.weights.config, self.vqgan.config, self.encoder.dtype)

    def _decode(self, codes: np.ndarray) -> np.ndarray:
        """[N, T] -> [N, H, W, 3] uint8."""

        def decode(batch: np.ndarray) -> Array:
            return self.vqgan.decode(spread(batch))

        together = whole_rows(SLOT_ROWS)
        lanes = lanes_for(together)
        decoded = pictures.in_batches(decode, codes, together // lanes, lanes)
        return pictures.to_pixels(decoded)

    def score(
        self,
        images: Sequence[Image.Image],
        prompt: str,
        log_likelihoods: Sequence[float] | None = None,
    ) -> list[float]:
        """How well each picture fits the prompt; CLIP alone says it where nothing else is known."""
        clip = self._comparison.of(images, prompt)[:, 0]
        if log_likelihoods is None:
            return clip.tolist()
        return total_scores(clip, np.float32(log_likelihoods), self.likelihood_weight)

    def compile_finishing(self) -> None:
        """Compiles what follows drawing, by decoding and ranking pictures of nothing."""
        blank = np.zeros((SLOT_ROWS, self.vqgan.length), np.int32)
        self._comparison.of(pictures.to_images(self._decode(blank)), "")

    @cached_property
    def _comparison(self) -> Comparison:
        return Comparison(self.clip, self.clip_tokenizer, self.concepts)
