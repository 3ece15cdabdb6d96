"""Commands that make a store forget: ``hiveboard prune`` and ``hiveboard erase``."""

from __future__ import annotations

from typing import Annotated

import typer

from hiveboard.instant import format_instant, parse_instant

from .options import Quiet, Store, existing_store, moment
from .progress import progress_bar
from .terminal import fail, say

__all__ = ["erase", "prune"]


def prune(
    keep: Annotated[
        str,
        typer.Option(
            metavar="TIME", help="How much to keep: 30d, 12w, or everything from a date on: 2026-01-31."
        ),
    ],
    store: Store = "hiveboard.db",
    compact: Annotated[
        bool,
        typer.Option(
            "--compact", help="Give the space back to the disk as well; no collector may run on the file."
        ),
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Remove old events, and the summaries of what ended before them. Whole weeks go, so up to six days more stay.

    Safe while a collector runs on the file; space is used again by what comes next.
    """
    from hiveboard.store import StoreFailedError
    from hiveboard.store.care import compact_store, prune_store, prunes_before

    file = existing_store(store)
    before = parse_instant(moment(keep, "--keep") or "") or 0
    try:
        with progress_bar("removing", quiet=quiet) as advance:
            removed = prune_store(file, before, lambda done: advance(done, 0))
        say(
            f"{removed:,} events from before {format_instant(prunes_before(before))[:10]} were removed",
            quiet=quiet,
        )
        if compact:
            old, new = compact_store(file)
            say(f"{store} shrank from {old / 1e6:,.1f} to {new / 1e6:,.1f} MB", quiet=quiet)
    except StoreFailedError as error:
        raise fail(f"cannot prune {store}: {error}") from None


def erase(
    user: Annotated[str, typer.Option(help="The user_id whose runs are to be forgotten.")],
    store: Store = "hiveboard.db",
    namespace: Annotated[
        str | None, typer.Option(help="Only in this namespace (a tenant); without it in all.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    quiet: Quiet = False,
) -> None:
    """Remove every run made for a user: events, summaries and their bytes in the file. No collector may run on it."""
    from hiveboard.store import StoreFailedError
    from hiveboard.store.care import erase_user

    file = existing_store(store)
    if not yes:
        typer.confirm(f"Remove everything of user {user!r} from {store}, for good?", abort=True)
    try:
        with progress_bar("counting what is left", quiet=quiet) as advance:
            erased = erase_user(file, user, namespace, advance)
    except StoreFailedError as error:
        raise fail(f"cannot erase from {store}: {error}") from None
    if not erased.runs:
        raise fail(f"no run in {store} names the user {user}")
    say(
        f"{erased.runs:,} runs with {erased.events:,} events were erased; {erased.left:,} events are left",
        quiet=quiet,
    )
