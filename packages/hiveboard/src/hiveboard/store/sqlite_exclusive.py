"""A store file to ourselves: nobody else has it open, and nobody can open it, while its content is rewritten."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from .errors import StoreFailedError
from .sqlite_connect import require_own
from .sqlite_schema import create, require_readable

__all__ = ["exclusive", "in_transaction"]


@contextlib.contextmanager
def exclusive(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that owns the file. Raises StoreFailedError, also while anything else (a collector) has it open."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=0.0)
    try:
        # Asked for before anything is read: whoever has the file open keeps it from us, and we keep it from others.
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        require_own(connection)
        if require_readable(connection) == 0:
            raise sqlite3.DatabaseError("it holds no store")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA cache_size = -65536")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("COMMIT")
        create(connection)  # what was dropped is there again
        yield connection
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        busy = getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
        reason = "a collector or another command has it open; stop that first" if busy else str(error)
        raise StoreFailedError(reason) from error
    finally:
        connection.close()


@contextlib.contextmanager
def in_transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of the block or nothing of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
