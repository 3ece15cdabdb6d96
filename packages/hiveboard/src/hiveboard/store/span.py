"""A stretch of time cut into buckets, as counters are asked for."""

from __future__ import annotations

from msgspec import Struct

__all__ = ["Span"]


class Span(Struct, frozen=True):
    """From ``since`` to before ``until``; ``grain`` is the stored width to read, ``width`` the width wanted. Microseconds."""

    since: int
    until: int
    grain: int
    width: int
