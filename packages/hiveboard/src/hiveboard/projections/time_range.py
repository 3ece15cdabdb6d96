"""Ranges and intervals that metrics are asked for, as aligned buckets."""

from __future__ import annotations

from hiveboard.instant import HOUR_US, MINUTE_US
from hiveboard.store import Span

__all__ = ["DEFAULT_INTERVALS", "INTERVALS", "RANGES", "bucket_starts", "span_of", "total_span"]

_DAY_US = 24 * HOUR_US

#: Range name -> microseconds.
RANGES = {"1h": HOUR_US, "6h": 6 * HOUR_US, "24h": _DAY_US, "7d": 7 * _DAY_US, "30d": 30 * _DAY_US}
#: Interval name -> microseconds.
INTERVALS = {"5m": 5 * MINUTE_US, "15m": 15 * MINUTE_US, "1h": HOUR_US, "6h": 6 * HOUR_US, "1d": _DAY_US}
#: The interval of a range when none is asked for.
DEFAULT_INTERVALS = {"1h": "5m", "6h": "15m", "24h": "1h", "7d": "6h", "30d": "1d"}
_MAX_POINTS = 750


def span_of(range_name: str, interval_name: str | None, now: int) -> tuple[str, Span] | None:
    """The interval used and the buckets that cover the range up to ``now``; None when that would be too many."""
    interval = interval_name or DEFAULT_INTERVALS[range_name]
    width, length = INTERVALS[interval], RANGES[range_name]
    count = max(1, length // width)
    if count > _MAX_POINTS:
        return None
    start = now - now % width - (count - 1) * width
    grain = _DAY_US if width % _DAY_US == 0 else HOUR_US if width % HOUR_US == 0 else 5 * MINUTE_US
    return interval, Span(start, start + count * width, grain, width)


def total_span(span: Span) -> Span:
    """The same stretch read from the widest buckets that fit it exactly: totals need no fine ones."""
    for grain in (_DAY_US, HOUR_US):
        if span.since % grain == 0 and span.until % grain == 0 and grain > span.grain:
            return Span(span.since, span.until, grain, grain)
    return span


def bucket_starts(span: Span) -> range:
    """Start of every bucket of the span, the empty ones included."""
    return range(span.since, span.until, span.width)
