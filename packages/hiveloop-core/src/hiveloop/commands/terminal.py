"""What is said to a terminal: colour where it is one and nobody minds, foreign text made harmless."""

from __future__ import annotations

import os
import re
from typing import IO

__all__ = ["Paint", "plain", "writable"]

# Everything a terminal may take for a command, and what makes text run backwards; line ends and tabs stay.
_HARMFUL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
_CODES = {"red": "31", "green": "32", "yellow": "33", "dim": "2", "bold": "1"}


def plain(text: str) -> str:
    """Foreign text that only shows."""
    return _HARMFUL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


class Paint:
    """Colours for one stream; none where it is no terminal, or ``NO_COLOR`` is set."""

    def __init__(self, is_terminal: bool) -> None:
        self._is_on = is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    @classmethod
    def of(cls, stream: IO[str]) -> Paint:
        """The colours of a stream."""
        return cls(stream.isatty())

    def __call__(self, text: str, colour: str) -> str:
        return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if self._is_on else text


def writable(text: str, stream: IO[str]) -> str:
    """The text as far as the stream can write it: a terminal of another age knows no ✓."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
