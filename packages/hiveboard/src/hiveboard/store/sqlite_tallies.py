"""The tallies in SQLite: their tables, adding to them; all made from their declarations."""

from __future__ import annotations

import sqlite3
from typing import Any

from .rollup import Counters
from .tallies import DURATIONS, RUNS, TALLIES, Tally

__all__ = ["TALLY_SCHEMA", "save_tallies"]

_TEXT = ("tenant", "agent_id", "name", "model", "what", "reason")


def _table(tally: Tally[Any]) -> str:
    columns = [f"{name} {'TEXT' if name in _TEXT else 'INTEGER'} NOT NULL" for name in tally.key]
    columns += [f"{name} INTEGER NOT NULL" for name in tally.counters]
    return (
        f"CREATE TABLE IF NOT EXISTS {tally.name} ({', '.join(columns)}, "
        f"PRIMARY KEY ({', '.join(tally.key)})) WITHOUT ROWID;"
    )


def _upsert(tally: Tally[Any]) -> str:
    key, names = ", ".join(tally.key), tally.counters
    marks = ", ".join("?" * (len(tally.key) + len(names)))
    added = ", ".join(f"{name} = {name} + excluded.{name}" for name in names)
    return f"INSERT INTO {tally.name} ({key}, {', '.join(names)}) VALUES ({marks}) ON CONFLICT ({key}) DO UPDATE SET {added}"


#: Creates the tables that are missing.
TALLY_SCHEMA = "\n".join(map(_table, TALLIES))
_UPSERTS = [(tally.name, _upsert(tally)) for tally in TALLIES]
# A run that ended again elsewhere leaves zeros behind; without them the rows depend on the events alone.
_DROP_EMPTY = [
    (
        tally.name,
        f"DELETE FROM {tally.name} WHERE {' AND '.join(f'{name} = ?' for name in tally.key)} AND runs = 0",
    )
    for tally in (RUNS, DURATIONS)
]


def save_tallies(connection: sqlite3.Connection, counters: dict[str, Counters]) -> None:
    """Add what a commit gathered."""
    for name, statement in _UPSERTS:
        if counters[name]:
            connection.executemany(statement, [(*key, *row) for key, row in counters[name].items()])
    for name, statement in _DROP_EMPTY:
        taken_back = [key for key, row in counters[name].items() if row[0] <= 0]
        connection.executemany(statement, taken_back)
