"""The summary rows one commit changes: each loaded once, changed in memory, written once."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from . import fold_agent, fold_task
from .fold_issue import fold_issue, issue_key
from .records import EventRecord
from .rollup import FINEST, Rollup, add_row
from .sqlite_approvals import expire_approvals, save_approvals
from .sqlite_latest import LATEST_KINDS, save_latest, save_projects, save_scopes
from .sqlite_tables import AGENTS, COUNTER_TABLES, ISSUES, TASKS, add_counters
from .state import AgentState, IssueState, TaskState
from .stretch import Stored, Stretch, stretches
from .values import dict_of, text_in

__all__ = ["Summaries"]

Payload = dict[str, Any] | None
_Fold = Callable[["Summaries", AgentState, "TaskState | None", EventRecord, Payload], None]

# A run that ended again elsewhere leaves zeros behind; without them the rows depend on the events alone.
_DROP_EMPTY_OUTCOME = """
DELETE FROM task_outcomes WHERE tenant = ? AND grain = ? AND bucket = ? AND agent_id = ? AND scope_id = ?
  AND completed = 0 AND failed = 0 AND other = 0
"""


class Summaries:
    """Every summary that the events of one commit touch."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._agents: dict[tuple[str, str], AgentState] = {}
        self._tasks: dict[tuple[str, str, str], TaskState] = {}
        self._issues: dict[tuple[str, str, str], IssueState] = {}
        self._projects: dict[tuple[str, str, str], list[int]] = {}
        self.approvals: list[Stored] = []
        self.latest: list[tuple[str, Stored]] = []
        self.rollup = Rollup()

    def fold_all(self, events: list[Stored]) -> None:
        """Change the summaries in memory by events that are stored now and were not before, in order of arrival."""
        runs = {(one.tenant, one.task_id, one.task_run_id) for one, _ in events if one.task_id is not None}
        unknown = [key for key in runs if key not in self._tasks]
        for task in TASKS.load_all(self._connection, unknown):
            self._tasks[task.tenant, task.task_id, task.task_run_id] = task
            self.rollup.task(task, -1)
        for stretch in stretches(events):
            self._fold(stretch)

    def _fold(self, stretch: Stretch) -> None:
        record = stretch.records[0]
        agent = self._agent(record)
        task = (
            None if record.task_id is None else self._tasks[record.tenant, record.task_id, record.task_run_id]
        )
        fold_agent.fold_agent(agent, stretch)
        if task is not None:
            fold_task.fold_task(task, stretch)
        self._count(stretch)
        for record, payload in stretch.events:
            event_type = record.event_type
            fold = _BY_KIND.get(record.kind or "") if event_type == "custom" else _BY_TYPE.get(event_type)
            if fold is not None:
                fold(self, agent, task, record, payload)

    def issue(self, record: EventRecord, payload: Payload) -> IssueState:
        """The issue an event is about."""
        data = dict_of((payload or {}).get("data"))
        issue_id = text_in(data, "issue_id") or text_in(payload, "issue_id")
        key = (record.tenant, record.agent_id, issue_key(issue_id, text_in(payload, "summary")))
        issue = self._issues.get(key)
        if issue is None:
            issue = self._issues[key] = ISSUES.load(self._connection, key)
        return issue

    def save(self) -> None:
        """Write what was changed."""
        connection = self._connection
        for task in self._tasks.values():
            fold_task.settle(task)
            self.rollup.task(task, +1)
        save_scopes(connection, self.rollup.activity)
        self.rollup.widen()
        TASKS.save(connection, self._tasks.values())
        AGENTS.save(connection, self._agents.values())
        ISSUES.save(connection, self._issues.values())
        save_latest(connection, self.latest)
        save_projects(connection, self._projects)
        save_approvals(connection, self.approvals)
        expire_approvals(connection, self._tasks.values())
        for name, statement in COUNTER_TABLES.items():
            add_counters(connection, statement, getattr(self.rollup, name))
        taken_back = [key for key, counts in self.rollup.task_outcomes.items() if min(counts) < 0]
        connection.executemany(_DROP_EMPTY_OUTCOME, taken_back)

    def _agent(self, record: EventRecord) -> AgentState:
        key = (record.tenant, record.agent_id)
        agent = self._agents.get(key)
        if agent is None:
            agent = self._agents[key] = AGENTS.load(self._connection, key)
        return agent

    def _count(self, stretch: Stretch) -> None:
        record, events = stretch.records[0], len(stretch.records)
        bucket = stretch.first - stretch.first % FINEST
        if stretch.last < bucket + FINEST:
            errors = sum(one.severity == "error" for one in stretch.records)
            self._count_activity(record, bucket, (events, errors, stretch.types.count("heartbeat")))
        else:
            for one in stretch.records:
                row = (1, one.severity == "error", one.event_type == "heartbeat")
                self._count_activity(one, one.ts - one.ts % FINEST, row)
        if record.project_id is not None:
            key = (record.tenant, record.project_id, record.agent_id)
            have = self._projects.setdefault(key, [stretch.first, stretch.last, 0])
            have[:] = min(have[0], stretch.first), max(have[1], stretch.last), have[2] + events

    def _count_activity(self, record: EventRecord, bucket: int, row: tuple[int, int, int]) -> None:
        key = (record.tenant, FINEST, bucket, record.agent_id, record.scope_id)
        add_row(self.rollup.activity, key, row)


def _llm_call(
    to: Summaries, agent: AgentState, task: TaskState | None, record: EventRecord, payload: Payload
) -> None:
    to.rollup.llm_call(record, payload)
    if task is not None:
        fold_task.fold_llm_call(task, record)


def _runtime(
    to: Summaries, agent: AgentState, task: TaskState | None, record: EventRecord, payload: Payload
) -> None:
    fold_agent.fold_runtime(agent, record, payload)


def _issue(
    to: Summaries, agent: AgentState, task: TaskState | None, record: EventRecord, payload: Payload
) -> None:
    fold_issue(to.issue(record, payload), record, payload)


def _latest(
    to: Summaries, agent: AgentState, task: TaskState | None, record: EventRecord, payload: Payload
) -> None:
    to.latest.append((record.kind or record.event_type, (record, payload)))


def _action(
    to: Summaries, agent: AgentState, task: TaskState | None, record: EventRecord, payload: Payload
) -> None:
    if to.rollup.action(record, payload) and task is not None:
        fold_task.fold_failure(task, payload)


def _end(
    to: Summaries, agent: AgentState, task: TaskState | None, record: EventRecord, payload: Payload
) -> None:
    fold_agent.fold_end(agent, record)
    if task is not None:
        fold_task.fold_end(task, record, payload)


def _registered(
    to: Summaries, agent: AgentState, task: TaskState | None, record: EventRecord, payload: Payload
) -> None:
    fold_agent.fold_registered(agent, record)


def _approval(
    to: Summaries, agent: AgentState, task: TaskState | None, record: EventRecord, payload: Payload
) -> None:
    to.approvals.append((record, payload))


#: What changes more than counters, by type of event and by kind of custom event.
_BY_TYPE: dict[str, _Fold] = {
    "action_completed": _action,
    "action_failed": _action,
    "task_completed": _end,
    "task_failed": _end,
    "agent_registered": _registered,
    "heartbeat": _latest,
    "approval_requested": _approval,
    "approval_received": _approval,
}
_BY_KIND: dict[str, _Fold] = {
    "llm_call": _llm_call,
    "runtime": _runtime,
    "issue": _issue,
    **dict.fromkeys(LATEST_KINDS, _latest),
}
