"""The weeks that events are kept and removed by."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hiveboard.instant import HOUR_US

__all__ = ["FOREVER", "WEEK_US", "week_of"]

WEEK_US = 7 * 24 * HOUR_US
#: Beyond every time there is.
FOREVER = 1 << 62
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# Weeks begin on Monday. What broken clocks date before or after these years makes one long week on either side, so
# that nobody can make a table per week of all history.
_EARLIEST = (datetime(2020, 1, 6, tzinfo=UTC) - _EPOCH) // _MICROSECOND
_LATEST = (datetime(2040, 1, 2, tzinfo=UTC) - _EPOCH) // _MICROSECOND


def week_of(ts: int) -> tuple[int, int]:
    """The week of a moment: its first microsecond, and the first of the next."""
    if ts < _EARLIEST:
        return -FOREVER, _EARLIEST
    if ts >= _LATEST:
        return _LATEST, FOREVER
    since = ts - (ts - _EARLIEST) % WEEK_US
    return since, since + WEEK_US
