"""Prompts as the model reads them: normalized, cut into tokens, encoded."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dalle.models.bart.network import Bart
from dalle.settings import SettingsError
from dalle.text import Tokens


@dataclass(frozen=True, eq=False)
class PromptReader:
    """BART's encoder with the tokenizer that belongs to it."""

    encoder: Bart
    normalize: Callable[[str], str]
    tokenizer: Callable[[list[str]], Tokens]

    def read(self, name: str, text: str, notes: list[str]) -> tuple[np.ndarray, np.ndarray]:
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
    def without_prompt(self) -> tuple[np.ndarray, np.ndarray]:
        """Memory [1, S, D] and mask [1, S] of no prompt at all; the same in every run."""
        return self._encode(self.tokenizer.without_prompt())

    def _encode(self, tokens: Tokens) -> tuple[np.ndarray, np.ndarray]:
        memory = self.encoder.encode(tokens.input_ids, tokens.attention_mask)
        return np.asarray(memory), tokens.attention_mask
