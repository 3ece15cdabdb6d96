"""Small numbers for what repeats in every event: tenants, origins, scopes, labels."""

from __future__ import annotations

import sqlite3
from typing import Any

import msgspec

from .records import EventRecord, Origin
from .sqlite_codec import TYPE_LABELS

__all__ = ["Dictionary"]

_MAX_CACHED = 20_000


class Dictionary:
    """Ids of tenants, origins, scopes and labels, which events and summaries point to. Lives as long as the writer."""

    def __init__(self) -> None:
        self._origins: dict[Origin, int] = {}
        self._scopes: dict[tuple[Any, ...], int] = {}
        self._labels: dict[str, int] = {}
        self._tenants: dict[str, int] = {}

    def tenant(self, connection: sqlite3.Connection, name: str) -> int:
        """The number of a tenant, stored when it is new."""
        known = self._tenants.get(name)
        if known is None:
            known = _intern(connection, "tenants", ("name",), (name,))
            _remember(self._tenants, name, known)
        return known

    def origin(self, connection: sqlite3.Connection, origin: Origin) -> int:
        """The id of an origin, stored when it is new."""
        known = self._origins.get(origin)
        if known is None:
            columns = (
                "agent_version", "framework", "runtime", "sdk_version", "environment", "group_name", "process",
            )  # fmt: skip
            known = _intern(connection, "origins", columns, msgspec.structs.astuple(origin))
            _remember(self._origins, origin, known)
        return known

    def scope(self, connection: sqlite3.Connection, record: EventRecord, origin: Origin) -> int:
        """The id of what counters are split by: project, task type, environment, group, version."""
        key = (record.project_id, record.task_type, origin.environment, origin.group, origin.agent_version)
        known = self._scopes.get(key)
        if known is None:
            columns = ("project_id", "task_type", "environment", "group_name", "agent_version")
            known = _intern(connection, "scopes", columns, key)
            _remember(self._scopes, key, known)
        return known

    def label(self, connection: sqlite3.Connection, record: EventRecord) -> int:
        """The id of an event's type, or of its kind when it is a custom event that has one."""
        kind = record.kind
        if kind is None:
            return TYPE_LABELS[record.event_type]
        known = self._labels.get(kind)
        if known is None:
            known = _intern(connection, "labels", ("event_type", "kind"), (record.event_type, kind))
            _remember(self._labels, kind, known)
        return known

    def clear(self) -> None:
        """Forget everything; after a rollback an id may not exist."""
        for cache in (self._tenants, self._origins, self._scopes, self._labels):
            cache.clear()


def _remember(cache: dict[Any, int], key: Any, number: int) -> None:
    if len(cache) >= _MAX_CACHED:
        cache.clear()
    cache[key] = number


def _intern(
    connection: sqlite3.Connection, table: str, columns: tuple[str, ...], values: tuple[Any, ...]
) -> int:
    where = " AND ".join(f"{column} IS ?" for column in columns)
    row = connection.execute(f"SELECT id FROM {table} WHERE {where}", values).fetchone()
    if row is not None:
        return int(row[0])
    marks = ", ".join("?" * len(columns))
    cursor = connection.execute(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", values)
    return int(cursor.lastrowid or 0)
