"""Which step of one run is which step of another: the longest common subsequence, exact and in bounded time.

Rows of the classic table are kept as bits of one whole number each, so that ten thousand steps against ten thousand
take ten thousand additions and not a hundred million comparisons.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

__all__ = ["Pair", "align"]

#: Positions in the two sequences; None where the other has nothing like it.
Pair = tuple[int | None, int | None]


def align(
    exact_a: Sequence[Hashable],
    exact_b: Sequence[Hashable],
    alike_a: Sequence[Hashable],
    alike_b: Sequence[Hashable],
) -> list[Pair]:
    """Every position of both sequences once, in order. Steps that are exactly the same are paired first; between those,
    steps that are alike. What is left over stands before its successor, first that of the first sequence."""
    pairs: list[Pair] = []
    at_a = at_b = 0
    for i, j in [*_common(exact_a, exact_b), (len(exact_a), len(exact_b))]:
        pairs += _between(alike_a, alike_b, (at_a, i), (at_b, j))
        if i < len(exact_a):
            pairs.append((i, j))
        at_a, at_b = i + 1, j + 1
    return pairs


def _between(
    a: Sequence[Hashable], b: Sequence[Hashable], span_a: tuple[int, int], span_b: tuple[int, int]
) -> list[Pair]:
    (at_a, end_a), (at_b, end_b) = span_a, span_b
    pairs: list[Pair] = []
    matches = _common(a[at_a:end_a], b[at_b:end_b]) if at_a < end_a and at_b < end_b else []
    for i, j in [*((at_a + i, at_b + j) for i, j in matches), (end_a, end_b)]:
        pairs += [(left, None) for left in range(at_a, i)]
        pairs += [(None, right) for right in range(at_b, j)]
        if i < end_a:
            pairs.append((i, j))
        at_a, at_b = i + 1, j + 1
    return pairs


def _common(a: Sequence[Hashable], b: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Positions of a longest common subsequence. What both begin with is always part of it."""
    start = 0
    while start < len(a) and start < len(b) and a[start] == b[start]:
        start += 1
    end = 0
    while end < min(len(a), len(b)) - start and a[-1 - end] == b[-1 - end]:
        end += 1
    middle = _subsequence(a[start : len(a) - end], b[start : len(b) - end])
    return [
        *((at, at) for at in range(start)),
        *((start + i, start + j) for i, j in middle),
        *((len(a) - at, len(b) - at) for at in range(end, 0, -1)),
    ]


def _subsequence(a: Sequence[Hashable], b: Sequence[Hashable]) -> list[tuple[int, int]]:
    if not a or not b:
        return []
    places: dict[Hashable, int] = {}
    for at, key in enumerate(a):
        places[key] = places.get(key, 0) | 1 << at
    full = (1 << len(a)) - 1
    rows, row = [full], full
    for key in b:
        # A zero bit at i says: with a[i] the common subsequence with what was read of b grows by one.
        hits = row & places.get(key, 0)
        row = ((row + hits) | (row - hits)) & full
        rows.append(row)
    return _walk_back(rows, len(a), len(b))


def _walk_back(rows: list[int], i: int, j: int) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    while i and j:
        bit = 1 << (i - 1)
        if rows[j] & bit:
            i -= 1
        elif not rows[j - 1] & bit:
            j -= 1
        else:
            i, j = i - 1, j - 1
            found.append((i, j))
    return found[::-1]
