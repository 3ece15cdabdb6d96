"""How a SQLite store itself is doing: what it takes, what is left on its disk, whether it can be changed."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

from .condition import StoreCondition
from .errors import QueueFullError
from .sqlite_schema import SCHEMA_VERSION

__all__ = ["store_condition"]

_FILES = ("", "-wal", "-shm")


def store_condition(
    path: Path, perform: Callable[[Callable[[sqlite3.Connection], None]], Future[None]]
) -> StoreCondition:
    """Look at the files, and have the writer commit a change that changes nothing."""
    trouble = None
    try:
        perform(_touch).result()
    except (sqlite3.Error, OSError) as error:
        trouble = str(error)
    except QueueFullError:
        trouble = "the store is closed"
    files = [Path(f"{path}{ending}") for ending in _FILES]
    try:
        free_bytes = shutil.disk_usage(path.absolute().parent).free
    except OSError:
        free_bytes = None
    return StoreCondition(
        kind="sqlite",
        schema_version=SCHEMA_VERSION,
        size_bytes=sum(file.stat().st_size for file in files if file.is_file()),
        free_bytes=free_bytes,
        trouble=trouble,
    )


def _touch(connection: sqlite3.Connection) -> None:
    # The header is written as it is: a real commit, with the same content after as before.
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
