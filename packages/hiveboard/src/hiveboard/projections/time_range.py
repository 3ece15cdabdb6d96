"""Ranges and intervals that metrics are asked for: which stretch of time they mean, and its buckets."""

from __future__ import annotations

from hiveboard.instant import HOUR_US, MINUTE_US
from hiveboard.store import Span

__all__ = ["DEFAULT_INTERVALS", "INTERVALS", "RANGES", "SERVED_AS", "bucket_starts", "recent_span", "span_of"]

_DAY_US = 24 * HOUR_US
_FINEST = 5 * MINUTE_US

#: Range name -> microseconds.
RANGES = {"1h": HOUR_US, "6h": 6 * HOUR_US, "24h": _DAY_US, "7d": 7 * _DAY_US, "30d": 30 * _DAY_US}
#: Interval name -> microseconds.
INTERVALS = {"5m": _FINEST, "15m": 15 * MINUTE_US, "1h": HOUR_US, "6h": 6 * HOUR_US, "1d": _DAY_US}
#: Intervals that are understood but finer than anything stored -> what is answered instead.
SERVED_AS = {"1m": "5m"}
#: The interval of a range when none is asked for.
DEFAULT_INTERVALS = {"1h": "5m", "6h": "15m", "24h": "1h", "7d": "6h", "30d": "1d"}
_MAX_POINTS = 750


def recent_span(length: int, width: int, now: int) -> Span:
    """The last ``length`` microseconds in buckets of ``width``.

    It begins with the five minutes in which it began and ends with the five minutes that run: nothing of the range
    is left out, and at most that one finest bucket is more than asked.
    """
    start = now - length
    return Span(start - start % _FINEST, now - now % _FINEST + _FINEST, width)


def span_of(range_name: str, interval_name: str | None, now: int) -> tuple[str, Span] | str:
    """The interval used and the span up to ``now``; what to choose instead when the two do not go together."""
    asked = interval_name or DEFAULT_INTERVALS[range_name]
    interval = SERVED_AS.get(asked, asked)
    width, length = INTERVALS[interval], RANGES[range_name]
    if width > length:
        return "choose an interval that is not longer than the range"
    if length // width > _MAX_POINTS:
        return "choose a wider interval or a shorter range"
    return interval, recent_span(length, width, now)


def bucket_starts(span: Span) -> range:
    """Start of every bucket of the span, the empty ones included; the first may begin before the span does."""
    return range(span.since - span.since % span.width, span.until, span.width)
