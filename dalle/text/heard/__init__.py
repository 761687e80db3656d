"""A prompt as a small model hears it: its own words, and stand-ins for others."""

from dalle.text.heard.heard import Heard, Substitution
from dalle.text.heard.hearing import Hearing

__all__ = ["Heard", "Hearing", "Substitution"]
