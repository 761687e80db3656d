"""A small network that makes any picture twice as large."""

from dalle.models.enlarger.enlarger import Enlarger, load_enlarger

__all__ = ["Enlarger", "load_enlarger"]
