"""A link that hides its prompt: its visitors guess it from the nine pictures.

The query is in base64, which hides it from the eye and from nobody who wants to read it.
"""

import base64
import binascii
from urllib.parse import parse_qs, urlencode

from dalle.settings import SettingsError

FIELD = "riddle"
LONGEST = 4096  # characters


def hide(query: str) -> str:
    """The query of a riddle."""
    return urlencode({FIELD: base64.urlsafe_b64encode(query.encode()).decode().rstrip("=")})


def unveil(query: str) -> tuple[str, bool]:
    """The query that a link stands for, and whether it was hidden; SettingsError if damaged."""
    hidden = parse_qs(query).get(FIELD)
    if not hidden:
        return query, False
    text = hidden[-1][:LONGEST]
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode(), True
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise SettingsError(
            "This riddle is damaged; ask for its link again, or type a prompt of your own."
        ) from error
