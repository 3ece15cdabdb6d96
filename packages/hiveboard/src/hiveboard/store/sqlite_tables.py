"""Statements that read and write summary rows of the SQLite store, generated from the structs' fields."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from .rollup import USAGE_COUNTERS
from .state import AgentState, IssueState, TaskState

__all__ = ["AGENTS", "COUNTER_TABLES", "ISSUES", "TASKS", "StateTable", "add_counters"]

S = TypeVar("S", bound=Struct)


class StateTable(Generic[S]):
    """Load and save rows of one summary table; the struct's fields are the columns, the first ones the key."""

    def __init__(self, table: str, row_type: type[S], key_length: int) -> None:
        columns = row_type.__struct_fields__
        key = " AND ".join(f"{column} = ?" for column in columns[:key_length])
        names = ", ".join(columns)
        self._row_type = row_type
        self._key_length = key_length
        parts = [
            f"s.{column} = json_extract(k.value, '$[{at}]')" for at, column in enumerate(columns[:key_length])
        ]
        self._select_all = (
            f"SELECT {', '.join(f's.{column}' for column in columns)} FROM json_each(?) k "
            f"CROSS JOIN {table} s ON {' AND '.join(parts)}"
        )
        self._select = f"SELECT {names} FROM {table} WHERE {key}"
        self._replace = f"INSERT OR REPLACE INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})"

    def load(self, connection: sqlite3.Connection, key: tuple[Any, ...]) -> S:
        """The stored row, or a fresh one with that key."""
        row = connection.execute(self._select, key).fetchone()
        return self._row_type(*(key if row is None else row))

    def load_all(self, connection: sqlite3.Connection, keys: Sequence[tuple[str, ...]]) -> list[S]:
        """The stored row of every key, or a fresh one with that key; one statement for all of them."""
        if not keys:
            return []
        wanted = msgspec.json.encode(keys).decode()
        stored = {row[: self._key_length]: row for row in connection.execute(self._select_all, (wanted,))}
        return [self._row_type(*stored.get(key, key)) for key in keys]

    def save(self, connection: sqlite3.Connection, rows: Iterable[S]) -> None:
        """Write the rows, replacing those with the same key."""
        connection.executemany(self._replace, map(msgspec.structs.astuple, rows))


AGENTS = StateTable("agents", AgentState, 2)
TASKS = StateTable("tasks", TaskState, 3)
ISSUES = StateTable("issues", IssueState, 3)


def _counter_statement(table: str, key: str, counters: str) -> str:
    names = [name.strip() for name in counters.split(",")]
    added = ", ".join(f"{name} = {name} + excluded.{name}" for name in names)
    marks = ", ".join("?" * (len(key.split(",")) + len(names)))
    return (
        f"INSERT INTO {table} ({key}, {counters}) VALUES ({marks}) ON CONFLICT ({key}) DO UPDATE SET {added}"
    )


_USAGE = ", ".join(USAGE_COUNTERS)

#: Attribute of :class:`~hiveboard.store.rollup.Rollup` -> the statement that adds its rows.
COUNTER_TABLES = {
    "activity": _counter_statement(
        "agent_activity", "tenant, grain, bucket, agent_id, scope_id", "events, errors, heartbeats"
    ),
    "llm_usage": _counter_statement("llm_usage", "tenant, grain, bucket, agent_id, model, scope_id", _USAGE),
    "llm_by_model": _counter_statement("llm_usage_by_model", "tenant, grain, bucket, model", _USAGE),
    "task_outcomes": _counter_statement(
        "task_outcomes",
        "tenant, grain, bucket, agent_id, scope_id",
        "completed, failed, other, escalated, timed, duration_ms",
    ),
}


def add_counters(
    connection: sqlite3.Connection, statement: str, rows: dict[tuple[Any, ...], list[int]]
) -> None:
    """Add the gathered counters to the stored ones."""
    if rows:
        connection.executemany(statement, [(*key, *counts) for key, counts in rows.items()])
