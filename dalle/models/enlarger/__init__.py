"""A small network that makes any picture twice as large."""

from dalle.models.enlarger.enlarger import Enlarger, count_steps, load_enlarger

__all__ = ["Enlarger", "count_steps", "load_enlarger"]
