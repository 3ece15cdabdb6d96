"""A stretch of time cut into buckets, as counters are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

__all__ = ["Piece", "Span", "blocks", "cut", "pieces"]

#: A stored width, and from when to before when buckets of that width are read.
Piece = tuple[int, int, int]
_DAY_US = 86_400_000_000
#: How many buckets make a block, and how many days.
_BLOCK, _BLOCK_OF_DAYS = 6, 30


class Span(Struct, frozen=True):
    """From ``since`` to before ``until``, whatever the ``width`` of the buckets wanted. Microseconds.

    Buckets are aligned to the epoch: where ``since`` lies within one, the first holds only what came after it.
    """

    since: int
    until: int
    width: int


def pieces(span: Span, grains: Sequence[int], widest: int) -> list[Piece]:
    """The span as stretches of stored buckets, each as wide as fits: fine ones at its ends, wide ones between.

    ``grains`` are the stored widths, each a multiple of the one before; the ends of the span lie on the finest.
    No stretch is read from buckets wider than ``widest``.
    """
    usable = [grain for grain in grains if grain <= widest] or [grains[0]]
    found: list[Piece] = []
    left, right = span.since, span.until
    tail: list[Piece] = []
    for grain, wider in zip(usable, [*usable[1:], 0], strict=True):
        inner_left = left + -left % wider if wider else right
        inner_right = right - right % wider if wider else right
        if not wider or inner_left >= inner_right:
            found.append((grain, left, right))
            break
        found.append((grain, left, inner_left))
        tail.append((grain, inner_right, right))
        left, right = inner_left, inner_right
    return [piece for piece in (*found, *reversed(tail)) if piece[1] < piece[2]]


def cut(parts: Sequence[Piece], at: int) -> tuple[list[Piece], list[Piece]]:
    """What lies before a moment, which is a multiple of every width, and what lies after it."""
    before = [(grain, since, min(until, at)) for grain, since, until in parts if since < at]
    after = [(grain, max(since, at), until) for grain, since, until in parts if until > at]
    return before, after


def blocks(parts: Sequence[Piece]) -> Iterator[Piece]:
    """The stretches cut into blocks that begin at round times, so that most are the same when it is later; the last
    bucket, which changes most, is a block of its own."""
    for number, (grain, since, until) in enumerate(parts, 1):
        length = grain * (_BLOCK_OF_DAYS if grain >= _DAY_US else _BLOCK)
        last = max(since, until - grain) if number == len(parts) else until
        while since < last:
            end = min(last, since - since % length + length)
            yield grain, since, end
            since = end
        if last < until:
            yield grain, last, until
