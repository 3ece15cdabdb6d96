"""Checking a store: whether its summaries say what its events say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .settings import SettingsError
from .store.sqlite_verify import TableReport
from .store.sqlite_verify import verify_store as verify_file

__all__ = ["TableReport", "verify_store"]


def verify_store(store: Path | str, on_progress: Callable[[int], None]) -> tuple[int, list[TableReport]]:
    """Recount every summary. Returns the number of events and a report per table.

    Raises SettingsError for an address whose store outlives no process, StoreFailedError when it cannot be read.
    """
    if isinstance(store, str):
        raise SettingsError(f"{store} is gone with the process that kept it: there is nothing to verify")
    return verify_file(store, on_progress)
