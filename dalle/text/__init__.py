"""From a typed prompt to the token ids that the models read."""

from dalle.text.normalize import TextNormalizer
from dalle.text.tokenize import ClipTokenizer, PromptTokenizer, Tokens, train_tokenizer

__all__ = ["ClipTokenizer", "PromptTokenizer", "TextNormalizer", "Tokens", "train_tokenizer"]
