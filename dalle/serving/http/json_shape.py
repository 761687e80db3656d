"""The shape of JSON, looked at before it is parsed: its depth, its numbers, its encoding.

Python's parser breaks off at a depth of some thousand, at numbers of 4,300 digits and at bytes that
are no text. Frameworks don't expect these faults, and answer them as mistakes of the server. The
work here grows with the length alone.
"""

import codecs
import re
import string

MOST_DEPTH = 64  # lists and objects in one another; requests of ours have about eight
MOST_DIGITS = 1_000  # of a number; a knob that is out of its range is told by its name, not here

ESCAPED = re.compile(rb"\\.", re.DOTALL)
# Without the look behind, each digit of a run would be tried as its first.
LONG_NUMBER = re.compile(rb"(?<![0-9])[0-9]{%d}" % (MOST_DIGITS + 1))
DIGITS = string.digits.encode()
BRACKETS = b"[]{}"
ALL_ELSE = bytes(set(range(256)) - set(BRACKETS))

TOO_LONG = f"A number in the body has too many digits; at most {MOST_DIGITS:,} are read."
TOO_DEEP = f"The body is nested too deeply; at most {MOST_DEPTH} levels are read."
NOT_OPENED = "The body is no JSON that can be read: a bracket closes what nothing opened."
NOT_UTF_8 = "The body is no JSON that can be read: it must be in UTF-8."


class JsonShape:
    """What came so far of a body, piece by piece; a piece may end anywhere."""

    def __init__(self) -> None:
        self._depth, self._in_text = 0, False
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._escape, self._digits = b"", b""  # at the end of a piece; the next may go on with them

    def take(self, piece: bytes, last: bool = False) -> str:
        """The sentence that refuses the body; empty where it may be read on."""
        try:
            text = self._decoder.decode(piece, final=last)
        except UnicodeDecodeError:
            return NOT_UTF_8
        if "\0" in text:  # as in UTF-16
            return NOT_UTF_8
        unescaped = ESCAPED.sub(b"", self._escape + piece)
        self._escape = b"\\" if unescaped.endswith(b"\\") else b""
        parts = unescaped.split(b'"')
        outside = self._digits + b'"'.join(parts[self._in_text :: 2])
        self._in_text ^= len(parts) % 2 == 0
        if LONG_NUMBER.search(outside):
            return TOO_LONG
        begun = outside[len(outside.rstrip(DIGITS)) :]
        self._digits = b"" if self._in_text else begun
        for bracket in outside.translate(None, ALL_ELSE):
            self._depth += 1 if bracket in b"[{" else -1
            if self._depth < 0:
                return NOT_OPENED
            if self._depth > MOST_DEPTH:
                return TOO_DEEP
        return ""
