"""Work on a store as a whole, by its address: checking, repairing, forgetting."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from hiveboard.settings import SettingsError

from .errors import StoreFailedError
from .sqlite_connect import connect_writer
from .sqlite_erase import Erased
from .sqlite_erase import erase_user as erase_in_file
from .sqlite_exclusive import exclusive, in_transaction
from .sqlite_prune import prune_step
from .sqlite_schema import create
from .week import week_of

__all__ = ["Erased", "compact_store", "erase_user", "prune_store", "prunes_before"]


def prunes_before(before: int) -> int:
    """The moment (microseconds) up to which weeks that lie wholly before ``before`` reach."""
    return week_of(before)[0]


def prune_store(store: Path | str, before: int, on_progress: Callable[[int], None]) -> int:
    """Remove the weeks that lie wholly before a moment. Returns the number of events removed.

    Safe while a collector runs on the store: it is held up for moments only. Raises StoreFailedError.
    """
    try:
        connection = connect_writer(_file(store))
        try:
            create(connection)
            removed = 0
            while True:
                with in_transaction(connection):
                    events = prune_step(connection, before)
                if events is None:
                    return removed
                removed += events
                on_progress(removed)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise StoreFailedError(str(error)) from error


def compact_store(store: Path | str) -> tuple[int, int]:
    """Give the space of what was removed back to the disk. Returns the bytes before and after.

    Raises StoreFailedError, also while anything else (a collector) has the file open.
    """
    file = _file(store)
    before = file.stat().st_size
    with exclusive(file) as connection:
        connection.execute("VACUUM")
    return before, file.stat().st_size


def erase_user(
    store: Path | str, user_id: str, tenant: str | None, on_progress: Callable[[int, int], None]
) -> Erased:
    """Remove every run of a user, and its bytes; see :func:`hiveboard.store.sqlite_erase.erase_user`."""
    return erase_in_file(_file(store), user_id, tenant, on_progress)


def _file(store: Path | str) -> Path:
    if isinstance(store, str):
        raise SettingsError(f"{store} is gone with the process that kept it: there is nothing to work on")
    return store
