"""Repairing a store: its summaries written anew from its events."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .settings import SettingsError
from .store.sqlite_rebuild import rebuild_store as rebuild_file

__all__ = ["rebuild_store"]


def rebuild_store(store: Path | str, on_progress: Callable[[int, int], None]) -> int:
    """Write every summary anew, all or nothing. Returns the number of events.

    Raises SettingsError for an address whose store outlives no process, StoreFailedError when the store cannot be
    changed, also while a collector runs on it.
    """
    if isinstance(store, str):
        raise SettingsError(f"{store} is gone with the process that kept it: there is nothing to rebuild")
    return rebuild_file(store, on_progress)
