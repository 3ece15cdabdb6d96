"""The table at the end of a test session: calls, tokens and cost of each test, and their totals."""

from __future__ import annotations

from collections.abc import Sequence

from ._story import dollars

__all__ = ["Row", "summary_lines"]

#: Test, model calls, tokens, US dollars; ``None`` is unknown.
Row = tuple[str, int, int | None, float | None]


def summary_lines(rows: Sequence[Row]) -> list[str]:
    """A head, a line a test, and a total that says of how many tests it knows."""
    head = ("calls", "tokens", "cost", "test")
    cells = [
        head,
        *((f"{calls:,}", _number(tokens), _money(cost), name) for name, calls, tokens, cost in rows),
    ]
    tokens = [row[2] for row in rows if row[2] is not None]
    costs = [row[3] for row in rows if row[3] is not None]
    calls = sum(row[1] for row in rows)
    label = f"total of {len(rows)}"
    unknown = [
        f"{name} of {len(rows) - len(known)} unknown"
        for name, known in (("tokens", tokens), ("cost", costs))
        if len(known) < len(rows)
    ]
    if unknown:
        label += f" ({', '.join(unknown)})"
    # Where nothing is known the total is unknown too, not 0.
    all_tokens = _number(sum(tokens) if tokens else None)
    cells.append((f"{calls:,}", all_tokens, _money(round(sum(costs), 9) if costs else None), label))
    widths = [max(len(row[column]) for row in cells) for column in range(3)]
    return ["  ".join([*(row[column].rjust(widths[column]) for column in range(3)), row[3]]) for row in cells]


def _number(value: int | None) -> str:
    return "unknown" if value is None else f"{value:,}"


def _money(value: float | None) -> str:
    return "unknown" if value is None else dollars(value)
