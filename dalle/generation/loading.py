"""A model by its name: the networks, the tokenizers that belong to them, and that they fit."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from dalle.errors import DalleError
from dalle.generation.pipeline import Pipeline
from dalle.generation.precision import chosen_precision, decoding_dtype, product_dtypes
from dalle.models import load_bart, load_clip, load_vqgan
from dalle.models.bart.decoding import prepare
from dalle.models.bart.network import Bart
from dalle.models.cells.things import ThingTable
from dalle.models.checkpoints.folder import read_json
from dalle.models.clip.network import Clip
from dalle.models.hub.registry import ModelFiles, locate
from dalle.models.sharding import everywhere
from dalle.runtime.malloc import keep_heaps_small
from dalle.safety.pictures.concepts import PUBLISHED_VOCABULARY, read_concepts
from dalle.safety.prompts.filter import PromptFilter
from dalle.settings import PRECISIONS, GenerationSettings, SettingsError, check_precision
from dalle.text import ClipTokenizer, PromptTokenizer, TextNormalizer, Tokens
from dalle.text.heard import Hearing
from dalle.text.normalize import WORD_LIST

# The settings that a model may have its own defaults for.
SAMPLING = ("condition_scale", "temperature", "top_k", "top_p")


def load(name: str | Path, precision: str | None = None, policy: str = "standard") -> Pipeline:
    """A registered name, a Hub repository "owner/name[@revision]", or a folder -> its Pipeline.

    precision is that of BART and of the image decoder: "bfloat16", "float16", "float32", or
    (None too) "auto", the fastest on this machine; "int8" is that of drawing the codes, and of the
    published image decoder on some processors (decoding_dtype). CLIP is always float32.
    policy is the prompt filter's: "standard", "strict" or "off".
    DalleError where the model is not found or its parts do not fit.
    """
    precision = check_precision(precision or PRECISIONS[0])
    return assemble(locate(name), precision, PromptFilter.load(policy))


def assemble(files: ModelFiles, precision: str, prompt_filter: PromptFilter) -> Pipeline:
    """The Pipeline of a model that is on this machine, or of a geometry; otherwise as `load`."""
    keep_heaps_small()
    decoder_dtype, products = product_dtypes(precision)
    bart = load_bart(files.bart, dtype=products)
    vqgan = load_vqgan(files.vqgan, dtype=decoding_dtype(precision), reads=False)
    clip = load_clip(files.clip)
    if vqgan.length != bart.config.image_length:
        raise DalleError(
            f"the model {files.name} does not fit together: it draws {bart.config.image_length} "
            f"codes, and its image decoder reads {vqgan.length}; "
            "check that both folders are of the same model."
        )

    # The decoder's parameters are there once, in the form that draws.
    encoder = {"model": {"encoder": bart.params["model"]["encoder"]}}
    normalize = str
    if bart.config.normalize_text and files.bart.is_dir():
        normalize = TextNormalizer(files.bart / WORD_LIST)
    # Random weights and small vocabularies have no opinion on violence.
    published = files.clip.is_dir() and clip.config.text_config.vocab_size == PUBLISHED_VOCABULARY
    return Pipeline(
        name=files.name,
        revision=files.revision,
        precision=chosen_precision(precision),
        encoder=replace(bart, params=everywhere(encoder)),
        weights=everywhere(prepare(bart.params, bart.config, decoder_dtype, donate=True)),
        image_tokenizer=replace(vqgan, params=everywhere(vqgan.params)),
        clip=replace(clip, params=everywhere(clip.params)),
        normalize=normalize,
        tokenizer=load_prompt_tokenizer(files.bart, bart),
        clip_tokenizer=load_clip_tokenizer(files.clip, clip),
        defaults=read_defaults(files.bart),
        likelihood_weight=read_likelihood_weight(files.bart),
        prompt_filter=prompt_filter,
        hearing=Hearing.beside(files.bart.parent) if files.bart.is_dir() else None,
        thing_codes=ThingTable.read(files.bart.parent) if files.bart.is_dir() else None,
        concepts=read_concepts() if published else None,
        load_reader=lambda: load_vqgan(files.vqgan, dtype=products),
    )


def read_defaults(path: Path) -> dict[str, Any]:
    """The settings that a model is drawn with best, where its generation_config.json tells."""
    file, published = _generation_config(path)
    defaults = {name: published[name] for name in SAMPLING if published.get(name) is not None}
    try:
        GenerationSettings(**defaults)
    except SettingsError as error:
        raise DalleError(f"{file} cannot be used: {error}") from error
    return defaults


def read_likelihood_weight(path: Path) -> float:
    """How much the model's own opinion counts beside CLIP's, where generation_config.json tells."""
    file, published = _generation_config(path)
    weight = published.get("likelihood_weight", 0)
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight < 1e6:
        raise DalleError(
            f"{file} cannot be used: likelihood_weight is {weight!r}; "
            "it must be a number from 0 on."
        )
    return float(weight)


def _generation_config(path: Path) -> tuple[Path, dict[str, Any]]:
    file = path / "generation_config.json"
    return file, read_json(file) if file.is_file() else {}


def load_prompt_tokenizer(path: Path, bart: Bart) -> "PromptTokenizer | ByteTokenizer":
    """The tokenizer in BART's folder; normalizing is the pipeline's."""
    config = bart.config
    if not path.is_dir():
        return ByteTokenizer(config.max_text_length, start=0, end=2, pad=1)
    tokenizer = PromptTokenizer.from_folder(path, config.max_text_length)
    if tokenizer.vocab_size > config.encoder_vocab_size:
        raise DalleError(
            f"the tokenizer in {path} has {tokenizer.vocab_size} tokens, and the model's "
            f"config.json knows {config.encoder_vocab_size}; take both from the same model."
        )
    return tokenizer


def load_clip_tokenizer(path: Path, clip: Clip) -> "ClipTokenizer | ByteTokenizer":
    """The tokenizer in CLIP's folder."""
    config = clip.config.text_config
    if not path.is_dir():
        end = config.vocab_size - 1
        return ByteTokenizer(config.max_position_embeddings, start=end - 1, end=end, pad=end)
    tokenizer = ClipTokenizer.from_folder(path, config.max_position_embeddings)
    if tokenizer.vocab_size > config.vocab_size:
        raise DalleError(
            f"the tokenizer in {path} has {tokenizer.vocab_size} tokens, and the model's "
            f"config.json knows {config.vocab_size}; take both from the same model."
        )
    # Older files say 2 for any token; the largest id of a text is its end then.
    ends = {config.eos_token_id, tokenizer.vocab_size - 1 if config.eos_token_id == 2 else None}
    if tokenizer.end not in ends:
        raise DalleError(
            f"the tokenizer in {path} ends a text with {tokenizer.end}, and the model's "
            f"config.json with eos_token_id {config.eos_token_id}; take both from the same model."
        )
    return tokenizer


class ByteTokenizer:
    """One token a byte: reads prompts for random models, which have no tokenizer of their own."""

    FIRST_BYTE = 3  # after start, padding and end

    def __init__(self, max_length: int, start: int, end: int, pad: int):
        self.max_length, self.start, self.end, self.pad = max_length, start, end, pad

    def __call__(self, texts: Sequence[str]) -> Tokens:
        room = self.max_length - 2
        shape = (len(texts), self.max_length)
        input_ids = np.full(shape, self.pad, np.int32)  # [B, S]
        attention_mask = np.zeros(shape, np.int32)  # [B, S]
        encoded = [text.encode() for text in texts]
        for row, data in enumerate(encoded):
            ids = [self.start, *(byte + self.FIRST_BYTE for byte in data[:room]), self.end]
            input_ids[row, : len(ids)] = ids
            attention_mask[row, : len(ids)] = 1
        used = [min(len(data), room) for data in encoded]
        return Tokens(input_ids, attention_mask, used, [len(data) > room for data in encoded])

    def without_prompt(self) -> Tokens:
        """The row of no prompt at all."""
        return self([""])
