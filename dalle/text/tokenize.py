"""Byte-level BPE tokenizers: BART's for the prompt, CLIP's for the scoring, and one to train.

Both read the published files with the `tokenizers` library and give the ids that the classes of
`transformers` give, with one difference: a special token typed in a prompt ("</s>") is ordinary
text, so that writing one does not end the prompt.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from tokenizers import (
    Regex,
    Tokenizer,
    decoders,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from tokenizers.models import BPE

from dalle.errors import DalleError
from dalle.files import write_atomically

# In the order of their ids.
BART_SPECIALS = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
CLIP_SPECIALS = ("<|startoftext|>", "<|endoftext|>")


@dataclass(frozen=True)
class Tokens:
    """Prompts as rows of one length, and the part of each that found room."""

    input_ids: np.ndarray  # [B, S] int32
    attention_mask: np.ndarray  # [B, S] int32, 1 up to the end token
    used: list[int]  # tokens of the prompt itself in the row: at most S - 2
    truncated: list[bool]  # whether the prompt had more


class _BytePairTokenizer:
    """Texts to rows of ids: start, the text's tokens, end, padding."""

    PUBLISHED: str  # the class of transformers for the older pair of files
    START: str
    END: str
    PAD: str

    def __init__(self, tokenizer: Tokenizer, max_length: int):
        if max_length < 3:
            raise ValueError(
                f"max_length is {max_length}; it must be >= 3 (start, one token, end); "
                "take it from the model's config.json"
            )
        tokenizer.encode_special_tokens = True
        self.max_length = max_length
        self._tokenizer = tokenizer
        self._start, self._end, self._pad = map(self._special, (self.START, self.END, self.PAD))

    @classmethod
    def _read(cls, folder: str | Path) -> Tokenizer:
        folder = Path(folder)
        whole, vocab, merges = (folder / n for n in ("tokenizer.json", "vocab.json", "merges.txt"))
        if whole.is_file():
            return _parse(lambda: Tokenizer.from_file(str(whole)), str(whole))
        if vocab.is_file() and merges.is_file():
            return _parse(
                lambda: cls._convert(str(vocab), str(merges)),
                f"{vocab} with {merges.name}",
            )
        raise DalleError(
            f"{folder} holds no tokenizer; it must hold tokenizer.json, or vocab.json and "
            "merges.txt; copy them from the model's repository"
        )

    @classmethod
    def _convert(cls, vocab: str, merges: str) -> Tokenizer:
        """The older pair of files, as transformers reads it."""
        import transformers  # takes seconds, and only such folders need it

        published = getattr(transformers, cls.PUBLISHED)
        return published(vocab=vocab, merges=merges).backend_tokenizer

    @property
    def vocab_size(self) -> int:
        """One more than the largest id that a row can hold."""
        # The published BART vocabulary ends with <mask>, which has no row in the embedding.
        vocab = self._tokenizer.get_vocab()
        return 1 + max(id_ for token, id_ in vocab.items() if token != "<mask>")

    @property
    def end(self) -> int:
        """The id of the token that ends a text."""
        return self._end

    def _special(self, token: str) -> int:
        id_ = self._tokenizer.token_to_id(token)
        if id_ is None:
            raise DalleError(
                f"the tokenizer's vocabulary has no {token}; it must have {self.START}, "
                f"{self.END} and {self.PAD}; check that the folder is this kind of model's"
            )
        return id_

    def _rows(self, texts: Sequence[str]) -> Tokens:
        room = self.max_length - 2
        shape = (len(texts), self.max_length)
        input_ids = np.full(shape, self._pad, np.int32)  # [B, S]
        attention_mask = np.zeros(shape, np.int32)  # [B, S]
        used, truncated = [], []
        # A lone surrogate, which JSON can carry, is no text to the tokenizer: it becomes "?".
        clean = [text.encode("utf-8", "replace").decode() for text in texts]
        encodings = self._tokenizer.encode_batch(clean, add_special_tokens=False)
        for row, encoding in enumerate(encodings):
            ids = [self._start, *encoding.ids[:room], self._end]
            input_ids[row, : len(ids)] = ids
            attention_mask[row, : len(ids)] = 1
            used.append(len(ids) - 2)
            truncated.append(len(encoding.ids) > room)
        return Tokens(input_ids, attention_mask, used, truncated)


class PromptTokenizer(_BytePairTokenizer):
    """BART's tokenizer as DALL·E mini uses it, with the normalization of its training."""

    PUBLISHED = "BartTokenizer"
    START, END, PAD = "<s>", "</s>", "<pad>"

    def __init__(
        self,
        tokenizer: Tokenizer,
        max_length: int,
        normalizer: Callable[[str], str] | None = None,
    ):
        super().__init__(tokenizer, max_length)
        self._normalizer = normalizer

    @classmethod
    def from_folder(
        cls,
        folder: str | Path,
        max_length: int,
        normalizer: Callable[[str], str] | None = None,
    ) -> Self:
        """Reads a model's folder; without a normalizer prompts are taken as they are."""
        return cls(cls._read(folder), max_length, normalizer)

    def __call__(self, prompts: Sequence[str]) -> Tokens:
        """Normalizes and tokenizes each prompt into one row."""
        _refuse_string(prompts)
        return self._rows([self._normalizer(p) if self._normalizer else p for p in prompts])

    def without_prompt(self, rows: int = 1) -> Tokens:
        """Returns the rows that super conditioning compares with: no prompt at all."""
        # Not the same as an empty prompt, whose normalized form is one space.
        return self._rows([""] * rows)


class ClipTokenizer(_BytePairTokenizer):
    """CLIP's tokenizer: lower case, words that end in </w>, padded with the end token."""

    PUBLISHED = "CLIPTokenizer"
    START, END, PAD = "<|startoftext|>", "<|endoftext|>", "<|endoftext|>"

    @classmethod
    def from_folder(cls, folder: str | Path, max_length: int = 77) -> Self:
        """Reads a CLIP model's folder."""
        return cls(cls._read(folder), max_length)

    def __call__(self, texts: Sequence[str]) -> Tokens:
        """Tokenizes each text into one row."""
        _refuse_string(texts)
        return self._rows(texts)


def train_tokenizer(
    captions: Iterable[str],
    vocab_size: int,
    folder: str | Path,
    specials: Sequence[str] = BART_SPECIALS,
) -> None:
    """Learns a vocabulary from captions and writes the folder's tokenizer.json."""
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    smallest = len(specials) + len(alphabet)
    if vocab_size < smallest:
        raise DalleError(
            f"vocab_size is {vocab_size}; it must be >= {smallest} ({len(alphabet)} bytes and "
            f"{len(specials)} special tokens); give a larger one"
        )
    tokenizer = Tokenizer(BPE())
    # Every word has a space before it, the first one too, so that it is one token everywhere.
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(Regex(r"\s+"), " "),
            normalizers.Strip(),
            normalizers.Lowercase(),
            normalizers.Prepend(" "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=list(specials),
        initial_alphabet=alphabet,
        show_progress=False,
    )
    tokenizer.train_from_iterator(captions, trainer)
    # So that `transformers` reads the file too; the rows here are framed by _rows.
    start, end = ("<s>", "</s>") if "<s>" in specials else specials[:2]
    tokenizer.post_processor = processors.RobertaProcessing(
        (end, specials.index(end)), (start, specials.index(start)), add_prefix_space=False
    )
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / "tokenizer.json", tokenizer.to_str(pretty=True))


def _parse(read: Callable[[], Tokenizer], name: str) -> Tokenizer:
    try:
        return read()
    except Exception as error:  # the library raises nothing narrower
        raise DalleError(
            f"{name} could not be read as a tokenizer ({error}); it must be a byte-level BPE "
            "as published with the model; download it again"
        ) from error


def _refuse_string(texts: Sequence[str]) -> None:
    if isinstance(texts, str):
        raise TypeError("the prompts are one string; they must be a list of strings: [prompt]")
