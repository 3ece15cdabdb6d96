"""What a person's answer means: approved, rejected, or simply answered. Pure."""

from __future__ import annotations

import re

__all__ = ["decision_of"]

_YES = frozenset({"approve", "approved", "accept", "accepted", "allow", "yes", "y", "ok", "okay", "continue"})
_NO = frozenset({"reject", "rejected", "deny", "denied", "decline", "declined", "no", "n", "cancel", "stop"})
_WORD = re.compile(r"[a-z]+")


def decision_of(text: object) -> str:
    """By the first word of a free text: ``approved``, ``rejected``, or ``answered`` where it is neither."""
    first = _WORD.match(text.strip().lower()[:40]) if isinstance(text, str) else None
    word = first.group() if first is not None else ""
    if word in _YES:
        return "approved"
    return "rejected" if word in _NO else "answered"
