"""Pieces of sentences: foreign text on one line, durations, money, errors, plurals."""

from __future__ import annotations

import math
import re
from typing import Any

from hiveboard.store.values import text_in

__all__ = ["after_colon", "amount", "duration", "failure_text", "one_line", "plural"]

_GAPS = re.compile(r"[\s\x00-\x1f\x7f]+")
_MAX_PIECE = 300


def one_line(text: str) -> str:
    """Foreign text without line breaks and control characters, at most 300 characters."""
    flat = _GAPS.sub(" ", text[: 4 * _MAX_PIECE]).strip()
    return f"{flat[:_MAX_PIECE]}…" if len(flat) > _MAX_PIECE else flat


def after_colon(text: str | None) -> str:
    """The text as the end of a sentence; nothing when there is none."""
    return f": {text}" if text else ""


def duration(milliseconds: int) -> str:
    """``840 ms``, ``12.4 s``, ``3 min 5 s``, ``2 h 4 min``."""
    if milliseconds < 1_000:
        return f"{milliseconds} ms"
    if milliseconds < 59_950:
        return f"{milliseconds / 1_000:.1f} s"
    seconds = round(milliseconds / 1_000)
    minutes = seconds // 60
    return f"{minutes} min {seconds % 60} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def amount(dollars: float) -> str:
    """US dollars with three figures, as the page shows them: ``$0.0000284``, ``$0.134``, ``$12.50``."""
    if dollars <= 0:
        return "$0"
    digits = 2 if dollars >= 1 else min(12, 2 - math.floor(math.log10(dollars)))
    shown = f"{dollars:,.{digits}f}"
    return f"${shown if dollars >= 1 else shown.rstrip('0').rstrip('.')}"


def plural(count: int, noun: str) -> str:
    """``1 step``, ``2 steps``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def failure_text(payload: dict[str, Any]) -> str | None:
    """What went wrong as one line, from any of the names under which it is told."""
    kind = text_in(payload, "exception_type") or text_in(payload, "type") or text_in(payload, "error_type")
    message = next(
        (
            found
            for name in ("exception_message", "message", "error_message", "error")
            if (found := text_in(payload, name)) is not None
        ),
        None,
    )
    text = ": ".join(part for part in (kind, message) if part)
    return one_line(text) if text else None
