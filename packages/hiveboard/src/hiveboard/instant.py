"""Instants: ISO 8601 text on the wire, whole microseconds since 1970 (UTC) everywhere inside."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

__all__ = [
    "HOUR_US",
    "MILLISECOND_US",
    "MINUTE_US",
    "SECOND_US",
    "format_instant",
    "format_optional",
    "now_us",
    "parse_instant",
]

MILLISECOND_US = 1_000
SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 3_600 * SECOND_US

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = _EPOCH.toordinal()
_EARLIEST_US = (datetime.min.toordinal() - _EPOCH_DAY) * 86_400 * SECOND_US
_LATEST_US = (datetime.max.toordinal() + 1 - _EPOCH_DAY) * 86_400 * SECOND_US - 1

# The wall-clock second repeats for hundreds of events; parsing its text once is most of the work.
_seconds: dict[str, int] = {}
_MILLIS = {f"{number:03d}Z": number * MILLISECOND_US for number in range(1000)}
_MAX_SECONDS = 4096


def now_us() -> int:
    """The current time in microseconds since 1970."""
    return time.time_ns() // 1000


def parse_instant(text: str) -> int | None:
    """Microseconds of an ISO 8601 text, or None. Without an offset it is UTC; beyond year 9999 it is clamped."""
    # The usual form: a second that was seen before, milliseconds, Z.
    millis = _MILLIS.get(text[20:])
    if millis is None:
        return _parse(text)
    second = text[:20]
    base = _seconds.get(second)
    if base is None:
        base = _parse(second[:19]) if second[19] == "." else None
        if base is None:
            return _parse(text)
        if len(_seconds) >= _MAX_SECONDS:
            _seconds.clear()
        _seconds[second] = base
    return base + millis


def _parse(text: str) -> int | None:
    if len(text) < 10:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    seconds = (
        (moment.toordinal() - _EPOCH_DAY) * 86_400 + moment.hour * 3_600 + moment.minute * 60 + moment.second
    )
    offset = moment.utcoffset()
    shift = 0 if offset is None else offset // timedelta(microseconds=1)
    return max(_EARLIEST_US, min(_LATEST_US, seconds * SECOND_US + moment.microsecond - shift))


def format_instant(instant_us: int) -> str:
    """ISO 8601 in UTC with ``Z``; milliseconds, or microseconds where the instant has them. Clamped to years 1-9999."""
    moment = _EPOCH + timedelta(microseconds=max(_EARLIEST_US, min(_LATEST_US, instant_us)))
    precision = "microseconds" if instant_us % MILLISECOND_US else "milliseconds"
    return moment.replace(tzinfo=None).isoformat(timespec=precision) + "Z"


def format_optional(instant_us: int | None) -> str | None:
    """Like :func:`format_instant`; None stays None."""
    return None if instant_us is None else format_instant(instant_us)
