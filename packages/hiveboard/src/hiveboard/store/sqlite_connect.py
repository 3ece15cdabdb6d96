"""Opening a SQLite file: the connection that writes, those that read, and the refusal of files of another program."""

from __future__ import annotations

import sqlite3
from pathlib import Path

__all__ = ["APPLICATION_ID", "connect_reader", "connect_writer", "require_own"]

#: What a store says in its header that it is: "HIVE".
APPLICATION_ID = 0x48495645

# Without an adapter of its own, every bound NULL and BLOB is searched for one, which costs four times its binding.
# These give back what they are given.
_NOTHING: dict[None, None] = {}
sqlite3.register_adapter(type(None), _NOTHING.get)
sqlite3.register_adapter(bytes, bytes)


def require_own(connection: sqlite3.Connection) -> None:
    """Raise sqlite3.DatabaseError for a file that holds something else. A new file is ours; nothing is written."""
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    if application == APPLICATION_ID:
        return
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    # Stores of before 1.0 did not say what they are; their version is refused later, with another reason.
    if application != 0 or (tables and not {"events", "scopes", "agent_activity"} <= tables):
        raise sqlite3.DatabaseError("it is a database of another program; name another file")


def connect_writer(path: Path) -> sqlite3.Connection:
    """The one connection that writes: WAL, every commit on disk before it returns."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    try:
        require_own(connection)
    except sqlite3.Error:
        connection.close()
        raise
    connection.execute("PRAGMA page_size = 8192")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA cache_size = -40960")
    connection.execute("PRAGMA wal_autocheckpoint = 4000")
    connection.execute("PRAGMA journal_size_limit = 67108864")
    connection.execute("PRAGMA busy_timeout = 5000")
    connection.execute("PRAGMA temp_store = MEMORY")
    return connection


def connect_reader(path: Path) -> sqlite3.Connection:
    """A connection that can only read; sees the last commit."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, cached_statements=256,
        check_same_thread=False,
    )  # fmt: skip
    connection.execute("PRAGMA query_only = ON")
    connection.execute("PRAGMA cache_size = -8192")
    connection.execute("PRAGMA busy_timeout = 5000")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.create_function("casefold", 1, _casefold, deterministic=True)
    return connection


def _casefold(text: str | None) -> str | None:
    return None if text is None else text.casefold()
