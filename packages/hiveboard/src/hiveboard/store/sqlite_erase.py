"""Forgetting a person: every event of the runs that were made for a user leaves the file, and its bytes with it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec import Struct

from .sqlite_exclusive import exclusive, in_transaction
from .sqlite_partitions import partitions
from .sqlite_rebuild import count_anew

__all__ = ["Erased", "erase_user"]


class Erased(Struct, frozen=True):
    """What was removed, and how many events are left."""

    runs: int
    events: int
    left: int


def erase_user(
    path: Path, user_id: str, tenant: str | None, on_progress: Callable[[int, int], None]
) -> Erased:
    """Remove all runs whose task named this ``user_id``, in one namespace or in all.

    Then the summaries are counted anew and the file is written anew, so that nothing is left in pages that are free.
    ``on_progress`` is told how many events are counted, and of about how many. Raises StoreFailedError, also while
    anything else (a collector) has the file open: then nothing was changed.
    """
    with exclusive(path) as connection:
        runs = _runs_of(connection, user_id, tenant)
        if not runs:
            return Erased(0, 0, 0)
        with in_transaction(connection):
            removed = sum(_remove(connection, run) for run in runs)
            _forget_told(connection, runs)
            left = count_anew(connection, on_progress)
        connection.execute("VACUUM")
    return Erased(len(runs), removed, left)


def _runs_of(connection: sqlite3.Connection, user_id: str, tenant: str | None) -> list[tuple[str, str, str]]:
    where, values = ("", []) if tenant is None else (" AND tenant = ?", [tenant])
    sql = f"SELECT tenant, task_id, task_run_id FROM tasks WHERE user_id = ?{where}"
    return connection.execute(sql, [user_id, *values]).fetchall()


def _forget_told(connection: sqlite3.Connection, runs: list[tuple[str, str, str]]) -> None:
    """Remove what was told of the runs outside of events: documents that name one of their tasks, such as alerts.

    Settings, keys and rules name no tasks; what waits to be sent is not sent any more.
    """
    for tenant, task_id in {(tenant, task_id) for tenant, task_id, _ in runs}:
        connection.execute(
            "DELETE FROM documents WHERE tenant = ? AND kind LIKE 'alert%' AND kind <> 'alert_rule' "
            "AND kind <> 'alert_channel' AND instr(body, CAST(? AS BLOB))",
            (tenant, msgspec.json.encode(task_id).decode()),
        )


def _remove(connection: sqlite3.Connection, run: tuple[str, str, str]) -> int:
    """Remove the events of one run. Returns how many there were."""
    removed = 0
    for table in partitions(connection):
        sql = (
            f"DELETE FROM {table.name} WHERE tenant_id = (SELECT id FROM tenants WHERE name = ?) "
            "AND task_id = ? AND task_run_id = ?"
        )
        removed += connection.execute(sql, run).rowcount
    return removed
