"""Opening a store by its address: a file for SQLite, ``memory:`` for one that is kept nowhere."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from hiveboard.settings import MEMORY, Limits, SettingsError

from . import Store
from .errors import StoreFailedError
from .memory import MemoryStore
from .records import Published
from .sqlite import SqliteStore

__all__ = ["open_store"]


def open_store(address: Path | str, limits: Limits, on_commit: Callable[[Published], None]) -> Store:
    """A store that is ready. ``on_commit`` is told of every commit, in whatever thread writes.

    Raises SettingsError for an address of no known store, StoreFailedError when the store cannot be opened.
    """
    if address == MEMORY:
        return MemoryStore(limits, on_commit)
    if isinstance(address, str):
        raise SettingsError(f"there is no store of the kind {address}")
    try:
        return SqliteStore(address, limits, on_commit)
    except sqlite3.Error as error:
        raise StoreFailedError(str(error)) from error
