"""Plain words for lengths of time, money and names, and addresses within the dashboard."""

from __future__ import annotations

import re
from urllib.parse import quote

from hiveboard.instant import SECOND_US

__all__ = ["count_words", "duration_words", "link", "money_words", "name_words", "percent_words", "run_link"]

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")
_MAX_NAME = 120


def duration_words(length_us: float) -> str:
    """Two units at most: ``6 min 12 s``; below ten seconds with a decimal."""
    seconds = max(0.0, length_us / SECOND_US)
    if seconds < 10:
        return f"{seconds:.1f} s".replace(".0 s", " s")
    left, parts = round(seconds), []
    for unit, size in _UNITS:
        if left >= size:
            parts.append(f"{left // size} {unit}")
            left %= size
        elif parts:
            break
        if len(parts) == 2:
            break
    return " ".join(parts)


def money_words(usd: float) -> str:
    """US dollars; small sums keep the digits that tell something."""
    if usd == 0 or abs(usd) >= 0.01:
        return f"${usd:,.2f}"
    return f"${usd:.3g}"


def percent_words(percent: float) -> str:
    """At most one decimal."""
    return f"{percent:.1f}".removesuffix(".0") + " %"


def count_words(count: int, one: str, many: str) -> str:
    """``1 run``, ``3 runs``."""
    return f"{count:,} {one if count == 1 else many}"


def name_words(name: str | None, length: int = _MAX_NAME) -> str:
    """A name or text that anybody may have chosen, on one line, without control or direction marks, cut."""
    text = _CONTROL.sub(" ", name or "").strip()
    return text if len(text) <= length else text[: length - 1] + "…"


def link(view: str, **query: str | None) -> str:
    """Address of a view of the dashboard."""
    given = "&".join(f"{name}={_encode(value)}" for name, value in query.items() if value)
    return f"#/{view}" + (f"?{given}" if given else "")


def run_link(task_id: str | None, task_run_id: str | None) -> str:
    """Address of a run; of the list of tasks when it has no id."""
    if not task_id:
        return link("tasks")
    return f"#/run/{_encode(task_id)}" + (f"/{_encode(task_run_id)}" if task_run_id else "")


def _encode(text: str) -> str:
    return quote(text.encode("utf-8", "replace"), safe="")
