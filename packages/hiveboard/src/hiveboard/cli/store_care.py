"""Commands on the store file itself: ``hiveboard verify`` and ``hiveboard rebuild``."""

from __future__ import annotations

import typer

from .options import Quiet, Store, existing_store
from .progress import progress_bar
from .terminal import cell, fail, output, say

__all__ = ["rebuild", "verify"]


def verify(store: Store = "hiveboard.db", quiet: Quiet = False) -> None:
    """Recount all summaries from the stored events and compare. Exits with 1 when they differ.

    Safe at any time, also while a collector runs on the file.
    """
    from rich.table import Table

    from hiveboard.store import StoreFailedError
    from hiveboard.verify import verify_store

    file = existing_store(store)
    try:
        with progress_bar("recounting", quiet=quiet) as advance:
            events, reports = verify_store(file, lambda done: advance(done, 0))
    except StoreFailedError as error:
        raise fail(f"cannot read the store {store}: {error}") from None
    console = output()
    table = Table(
        "summary", "stored", "recounted", "different", box=None, pad_edge=False, padding=(0, 2, 0, 0)
    )
    for report in reports:
        style = "red" if report.different else "green"
        counts = (report.stored, report.recounted, report.different)
        table.add_row(report.table, *(f"{count:,}" for count in counts), style=style)
    console.print(cell(f"{events:,} events in {store}"))
    console.print(table)
    if any(report.different for report in reports):
        console.print(
            "The summaries differ from the events; 'hiveboard rebuild' writes them anew.", style="bold red"
        )
        raise typer.Exit(1)
    older = sum(report.older for report in reports)
    if older:
        console.print(
            f"{older:,} rows reach back to events that were removed and were left out.", style="dim"
        )
    console.print("Every summary agrees with the events.", style="green")


def rebuild(store: Store = "hiveboard.db", quiet: Quiet = False) -> None:
    """Write all summaries anew from the stored events, all or nothing. Refuses while a collector runs on the file."""
    from hiveboard.rebuild import rebuild_store
    from hiveboard.store import StoreFailedError

    file = existing_store(store)
    try:
        with progress_bar("rebuilding", quiet=quiet) as advance:
            events = rebuild_store(file, advance)
    except StoreFailedError as error:
        raise fail(f"cannot rebuild {store}: {error}") from None
    say(f"every summary was written anew from {events:,} events", quiet=quiet)
