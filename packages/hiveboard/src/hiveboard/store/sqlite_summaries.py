"""The summary rows of one commit in SQLite: reading those it changes, and writing them when it is folded."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from .sqlite_approvals import expire_approvals, save_approvals
from .sqlite_latest import save_latest, save_processes, save_projects, save_scopes
from .sqlite_session_parts import save_sessions
from .sqlite_tables import AGENTS, COUNTER_TABLES, ISSUES, TASKS, add_counters
from .sqlite_tallies import save_tallies
from .state import AgentState, IssueState, TaskState
from .summaries import Summaries

__all__ = ["StoredSummaries", "save_summaries"]

# A run that ended again elsewhere leaves zeros behind; without them the rows depend on the events alone.
_DROP_EMPTY_OUTCOME = """
DELETE FROM task_outcomes WHERE tenant = ? AND grain = ? AND bucket = ? AND agent_id = ? AND scope_id = ?
  AND completed = 0 AND failed = 0 AND other = 0
"""


class StoredSummaries:
    """The rows as they are stored: a :class:`~hiveboard.store.summaries.SummarySource`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def tasks(self, keys: Sequence[tuple[str, str, str]]) -> list[TaskState]:
        """Runs by (tenant, task, run)."""
        return TASKS.load_all(self._connection, keys)

    def agent(self, key: tuple[str, str]) -> AgentState:
        """An agent by (tenant, agent)."""
        return AGENTS.load(self._connection, key)

    def issue(self, key: tuple[str, str, str]) -> IssueState:
        """An issue by (tenant, agent, issue)."""
        return ISSUES.load(self._connection, key)


def save_summaries(connection: sqlite3.Connection, changed: Summaries) -> None:
    """Write what was changed."""
    changed.settle()
    save_scopes(connection, changed.rollup.activity)
    TASKS.save(connection, changed.tasks.values())
    save_sessions(connection, changed.sessions)
    AGENTS.save(connection, changed.agents.values())
    ISSUES.save(connection, changed.issues.values())
    connection.executemany("INSERT OR IGNORE INTO issue_tasks VALUES (?, ?, ?, ?, ?)", changed.affected)
    save_latest(connection, changed.latest)
    save_projects(connection, changed.projects)
    save_processes(connection, changed.heard)
    save_approvals(connection, changed.approvals)
    expire_approvals(connection, changed.tasks.values())
    for name, statement in COUNTER_TABLES.items():
        add_counters(connection, statement, getattr(changed.rollup, name))
    save_tallies(connection, changed.tallies.widened())
    taken_back = [key for key, counts in changed.rollup.task_outcomes.items() if min(counts) < 0]
    connection.executemany(_DROP_EMPTY_OUTCOME, taken_back)
