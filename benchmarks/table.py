"""Tables on the terminal: the ratio to ours first, then the figures, then how they were taken."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

__all__ = ["console", "figure", "notes", "rate", "ratio", "show"]

console = Console(highlight=False, width=132)


def ratio(value: float | None, ours: float | None) -> str:
    """How many times ours: ``4.2×``; a dash where either is unknown or, being a difference, not above 0."""
    if value is None or not ours or ours < 0 or value < 0:
        return "–"
    times = value / ours
    return f"{times:.2f}×" if times < 10 else f"{times:.0f}×"


def figure(value: float | None, unit: str = "") -> str:
    """Three significant digits and a unit; a dash for what is unknown."""
    if value is None:
        return "–"
    digits = 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    return f"{value:,.{digits}f}{unit and ' ' + unit}"


def rate(share: float) -> str:
    """A share as a percentage; nothing lost is plainly 0."""
    return "0" if share <= 0 else f"{share * 100:.1f} %"


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print one table; the first column is text, the others are figures."""
    table = Table(title=title, title_justify="left", title_style="bold")
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    console.print(table)


def notes(*lines: str, missing: dict[str, str] | None = None) -> None:
    """Print how a table was made, and which peers are not in it and why."""
    for line in lines:
        console.print(f"  {line}", style="dim")
    for name, reason in (missing or {}).items():
        console.print(f"  {name}: not installed ({reason})", style="yellow", markup=False)
    console.print()
