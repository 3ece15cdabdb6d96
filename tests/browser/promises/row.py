"""The shape of one promise."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Promise"]


class Promise(NamedTuple):
    """One promise of the manual and how it is checked: by looking at an address, or by a test named ``file::function``.

    Looking is: open ``address``, click ``click`` if there is one, and within the usual patience something that matches
    ``sign`` and contains ``text`` is visible. ``by`` names a test of tests/browser that proves the promise instead.
    """

    #: Part of the manual: its number and section.
    part: str
    says: str
    address: str = ""
    sign: str = ""
    text: str | None = None
    click: str | None = None
    by: str | None = None

    @property
    def name(self) -> str:
        words = "".join(char if char.isalnum() else " " for char in self.says.lower()).split()
        part = self.part.replace("§", "").replace(" ", "-")
        return f"{part}-{'-'.join(words[:9])}"
