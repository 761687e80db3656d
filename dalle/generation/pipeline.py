"""From a prompt to ranked pictures: the parts meet here, once."""

import dataclasses
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array
from PIL import Image

from dalle.generation import pictures
from dalle.generation.loop import draw_codes
from dalle.generation.machine import machine_kind
from dalle.generation.rank import best_first, report_unranked
from dalle.generation.result import Picture, Preview, Result
from dalle.generation.sampling import make_rows
from dalle.models.bart import Bart
from dalle.models.cells import CellTokenizer
from dalle.models.clip import Clip
from dalle.models.decoding import DecoderWeights
from dalle.models.hardware import free_memory
from dalle.models.memory import DECODED_TOGETHER, DRAWN_TOGETHER, drawn_at_once
from dalle.models.sharding import local_mesh, spread, whole_rows
from dalle.models.vqgan import Vqgan
from dalle.safety.concepts import Concepts, add_concepts
from dalle.safety.pictures import (
    PictureChecker,
    Verdict,
    as_shown,
    default_checker,
    report_verdicts,
)
from dalle.safety.prompts import PromptFilter
from dalle.settings import GenerationSettings, SettingsError, check_prompt
from dalle.text import Tokens


class Stopwatch:
    """Seconds by stage; what the caller does between two frames is not counted."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.resume()

    def resume(self) -> None:
        self._since = time.perf_counter()

    def lap(self, stage: str) -> None:
        """The time since the last lap goes to this stage."""
        elapsed = time.perf_counter() - self._since
        self.seconds[stage] = self.seconds.get(stage, 0.0) + elapsed
        self.resume()


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
    prompt_filter: PromptFilter = field(default_factory=PromptFilter.load)
    checker: PictureChecker = field(default_factory=default_checker)
    concepts: Concepts | None = None  # where CLIP knows what they look like

    def generate(self, prompt: str, **knobs: Any) -> Result:
        """Draws a prompt, ranks the candidates and returns them all, the best ones first.

        The knobs are the fields of GenerationSettings; SettingsError for an impossible one,
        PromptRefused for a prompt that the filter does not allow.
        """
        *_, result = self._run(*self._check(prompt, knobs), previews=False)
        return result

    def stream(
        self, prompt: str, cancelled: Callable[[], bool] = lambda: False, **knobs: Any
    ) -> Iterator[Preview | Result]:
        """As `generate`, with a Preview after each chunk of the drawing; the Result comes last.

        Closing the iterator stops between two chunks; so does `cancelled`, which is asked after
        each chunk: once it is true nothing more comes, no Result either.
        """
        return self._run(*self._check(prompt, knobs), previews=True, cancelled=cancelled)

    def _check(self, prompt: str, knobs: dict[str, Any]) -> tuple[str, GenerationSettings]:
        settings = GenerationSettings.of(self.defaults, knobs)
        if settings.seed is None:
            settings = dataclasses.replace(settings, seed=secrets.randbits(32))
        check_prompt(prompt)
        for text in (prompt, settings.negative_prompt):
            self.prompt_filter.require(text, self.normalize)
        return prompt, settings

    def _run(
        self,
        prompt: str,
        settings: GenerationSettings,
        previews: bool,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Iterator[Preview | Result]:
        watch, notes = Stopwatch(), []

        # 1. Read the prompt, and what stands against it.
        memory, mask = self._read("The prompt", prompt, notes)
        against = self._without_prompt
        if settings.negative_prompt.strip():
            against = self._read("The negative prompt", settings.negative_prompt, notes)
        memory = jnp.concatenate([memory, against[0]])  # [2, S, D]
        mask = np.concatenate([mask, against[1]])  # [2, S]
        watch.lap("reading")

        # 2. Draw the codes and decode them, as many candidates at a time as a run has rows.
        numbers, length = settings.drawn, self.weights.config.image_length
        pixels = np.zeros((0, self.vqgan.resolution, self.vqgan.resolution, 3), np.uint8)
        checks = []  # a future for each of them
        at_once = self.drawn_together
        if at_once < DRAWN_TOGETHER:
            notes.append(
                f"{DRAWN_TOGETHER} candidates at a time do not fit into the memory that is free "
                f"here: they are drawn {at_once} at a time, which takes longer."
            )
        for start in range(0, len(numbers), at_once):
            together = numbers[start : start + at_once]
            for codes in self._draw(memory, mask, settings, together):
                watch.lap("drawing")
                if codes.shape[1] == length:
                    decoded = self._decode(codes)
                    # Checked by another thread while the next ones are drawn, or all are ranked.
                    checks += [self.checker.submit(picture) for picture in decoded]
                    pixels = np.concatenate([pixels, decoded])
                    codes = codes[:0]
                    watch.lap("decoding")
                if previews:
                    done = len(pixels) + len(codes) * codes.shape[1] / length
                    verdicts = self.checker.collect(checks[: settings.keep])
                    watch.lap("checking")
                    shown = self._preview(pixels, verdicts, codes, settings.keep)
                    watch.lap("previews")
                    yield Preview(shown, done / len(numbers))
                    watch.resume()
                if cancelled():
                    return

        # 3. Rank the pictures; what may not be seen is a tile from here on.
        images = pictures.to_images(pixels)
        compared = self._compare(images, prompt)  # [N, 1 + concepts]
        scores = compared[:, 0].tolist()
        notes += report_unranked(scores, numbers)
        watch.lap("ranking")
        verdicts = self.checker.collect(checks)
        if self.concepts and self.checker.policy != "off":
            verdicts = list(map(add_concepts, verdicts, self._cosines(compared[:, 1:])))
        images = [
            as_shown(image, verdict) if verdict.check == "hide" else image
            for image, verdict in zip(images, verdicts, strict=True)
        ]
        watch.lap("checking")

        # 4. Hand them over, each with what remakes it.
        recipe = {
            "model": self.name,
            "revision": self.revision,
            "precision": self.precision,
            "machine": machine_kind(),
            "prompt": prompt,
            "normalized_prompt": self.normalize(prompt).strip(),
            "settings": settings.as_dict(),
            "seed": settings.seed,
        }
        ranked = [
            Picture(
                images[i], scores[i], numbers[i], recipe | {"candidate": numbers[i]}, verdicts[i]
            )
            for i in best_first(scores, numbers)
        ]
        keep = settings.keep
        notes += report_verdicts([picture.verdict for picture in ranked[:keep]])
        yield Result(ranked[:keep], ranked[keep:], recipe, watch.seconds, notes)

    def _read(self, name: str, text: str, notes: list[str]) -> tuple[Array, np.ndarray]:
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
    def _without_prompt(self) -> tuple[Array, np.ndarray]:
        """Memory [1, S, D] and mask [1, S] of no prompt at all; the same in every run."""
        return self._encode(self.tokenizer.without_prompt())

    def _encode(self, tokens: Tokens) -> tuple[Array, np.ndarray]:
        return self.encoder.encode(tokens.input_ids, tokens.attention_mask), tokens.attention_mask

    @cached_property
    def drawn_together(self) -> int:
        """How many candidates are drawn at a time, on all devices together; as memory allows."""
        free, devices = free_memory(), local_mesh().size
        dtype = self.encoder.dtype
        fitting = drawn_at_once(
            self.weights.config, self.vqgan.config, dtype, None if free is None else free * devices
        )
        return whole_rows(fitting)

    def _draw(
        self,
        memory: Array,
        mask: np.ndarray,
        settings: GenerationSettings,
        candidates: tuple[int, ...],
    ) -> Iterator[np.ndarray]:
        """Codes so far of up to `drawn_together` candidates, [N, t], after each chunk."""
        missing = self.drawn_together - len(candidates)
        rows = make_rows(settings, settings.seed, candidates + candidates[-1:] * missing)
        known = min(self.vqgan.num_codes, self.weights.config.image_vocab_size)
        for codes in draw_codes(self.weights, memory, mask, rows, known):
            yield codes[: len(candidates)]

    def _decode(self, codes: np.ndarray) -> np.ndarray:
        """[N, T] -> [N, H, W, 3] uint8."""

        def decode(batch: np.ndarray) -> Array:
            return self.vqgan.decode(spread(batch))

        together = whole_rows(DECODED_TOGETHER)
        return pictures.to_pixels(pictures.in_batches(decode, codes, together))

    def _preview(
        self, finished: np.ndarray, verdicts: list[Verdict], codes: np.ndarray, keep: int
    ) -> list:
        """The first `keep` candidates: finished pixels, then codes so far, then plain grey.

        What is finished is checked; half a picture is not, and is grey where no check works.
        """
        shown = finished[:keep].copy()  # [N, H, W, 3]
        for i, verdict in enumerate(verdicts):
            if verdict.check != "show":
                shown[i] = as_shown(pictures.to_images(shown[i : i + 1])[0], verdict)
        unfinished = 0 if self.checker.fault else keep - len(shown)
        codes = codes[:unfinished]  # [N, t]
        if len(codes):
            pixels = self._decode(self.vqgan.fill(codes))
            partly = pictures.grey_out(pixels, self.vqgan.rows_known(codes.shape[1]))
            shown = np.concatenate([shown, partly])
        waiting = np.full((keep - len(shown), *shown.shape[1:]), pictures.NEUTRAL_GREY, np.uint8)
        return pictures.to_images(np.concatenate([shown, waiting]))

    def score(self, images: Sequence[Image.Image], prompt: str) -> list[float]:
        """How well each picture fits the prompt, in CLIP's opinion."""
        return self._compare(images, prompt)[:, 0].tolist()

    def _compare(self, images: Sequence[Image.Image], prompt: str) -> np.ndarray:
        """How well the prompt, and then each concept, fits each picture, [N, 1 + concepts]."""
        tokens = self.clip_tokenizer([prompt])
        text = self.clip.embed_text(tokens.input_ids, tokens.attention_mask)  # [1, D]
        if self.concepts:
            text = jnp.concatenate([text, self._concept_vectors])  # [1 + concepts, D]

        def compare(values: np.ndarray) -> Array:
            return self.clip.similarity(self.clip.embed_images(spread(values)), text)

        values = np.asarray(self.clip.preprocess(images))  # [N, H, W, 3]
        return pictures.in_batches(compare, values, whole_rows(DECODED_TOGETHER))

    @cached_property
    def _concept_vectors(self) -> Array:
        tokens = self.clip_tokenizer(list(self.concepts.phrases))
        return self.clip.embed_text(tokens.input_ids, tokens.attention_mask)  # [concepts, D]

    def _cosines(self, compared: np.ndarray) -> np.ndarray:
        """CLIP's logits without their scale, [N, concepts]."""
        return compared / np.exp(np.asarray(self.clip.params["logit_scale"], np.float32))
