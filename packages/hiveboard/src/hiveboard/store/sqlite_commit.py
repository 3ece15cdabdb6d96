"""One commit: new events go in, and every summary they touch changes with them."""

from __future__ import annotations

import sqlite3
from typing import Any

from .fold_agent import fold_agent
from .fold_issue import fold_issue, issue_key
from .fold_task import fold_task, settle
from .records import Appended, Batch, EventRecord, Origin, Published
from .rollup import FINEST, Rollup, add_row
from .sqlite_approvals import save_approvals
from .sqlite_codec import insert_events, to_row
from .sqlite_dictionary import Dictionary
from .sqlite_latest import LATEST_KINDS, save_latest, save_projects
from .sqlite_tables import AGENTS, COUNTER_TABLES, ISSUES, TASKS, add_counters
from .state import AgentState, IssueState, TaskState
from .values import dict_of, text_in

__all__ = ["Commit"]

_ACTION_ENDS = ("action_completed", "action_failed")
_APPROVALS = ("approval_requested", "approval_received")
#: Event types that may change more than counters, agents and tasks.
_STATEFUL = ("custom", "heartbeat", *_APPROVALS)
# A run that ended again elsewhere leaves zeros behind; without them the rows depend on the events alone.
_DROP_EMPTY_OUTCOME = """
DELETE FROM task_outcomes WHERE tenant = ? AND grain = ? AND bucket = ? AND agent_id = ? AND scope_id = ?
  AND completed = 0 AND failed = 0 AND other = 0
"""

Stored = tuple[EventRecord, "dict[str, Any] | None"]


def _results(batches: list[Batch], stored: list[EventRecord]) -> list[Appended]:
    if sum(len(batch.records) for batch in batches) == len(stored):
        return [Appended(len(batch.records), 0) for batch in batches]
    new = {id(record) for record in stored}
    counts = [sum(id(record) in new for record in batch.records) for batch in batches]
    return [Appended(count, len(batch.records) - count) for batch, count in zip(batches, counts, strict=True)]


class _Group:
    """Events of one agent in one scope: what is counted for them is looked up once."""

    __slots__ = ("activity", "agent", "events", "first", "last", "project_id")

    def __init__(self, agent: AgentState, project_id: str | None) -> None:
        self.agent = agent
        self.project_id = project_id
        self.activity: dict[int, list[int]] = {}
        self.first, self.last, self.events = 1 << 62, -(1 << 62), 0

    def count(self, record: EventRecord) -> None:
        ts = record.ts
        self.events += 1
        if ts < self.first:
            self.first = ts
        if ts > self.last:
            self.last = ts
        bucket = ts - ts % FINEST
        row = self.activity.get(bucket)
        if row is None:
            row = self.activity[bucket] = [0, 0, 0]
        row[0] += 1
        if record.severity == "error":
            row[1] += 1
        if record.event_type == "heartbeat":
            row[2] += 1


class Commit:
    """The work of one transaction; the caller begins and ends it."""

    def __init__(self, connection: sqlite3.Connection, dictionary: Dictionary) -> None:
        self._connection = connection
        self._dictionary = dictionary
        self._agents: dict[tuple[str, str], AgentState] = {}
        self._tasks: dict[tuple[str, str, str], TaskState] = {}
        self._issues: dict[tuple[str, str, str], IssueState] = {}
        self._approvals: list[Stored] = []
        self._latest: list[tuple[str, Stored]] = []
        self._projects: dict[tuple[str, str, str], list[int]] = {}
        self._rollup = Rollup()

    def append(self, batches: list[Batch]) -> tuple[list[Appended], Published]:
        """Store what is new. Returns a result per batch, and what was added."""
        events: list[Stored] = []
        origins: dict[int, Origin] = {}
        for batch in batches:
            origin_id = self._dictionary.origin(self._connection, batch.origin)
            origins[origin_id] = batch.origin
            scope_of, scope_id = None, 0
            for record in batch.records:
                record.origin_id = origin_id
                named = (record.project_id, record.task_type)
                if named != scope_of:
                    scope_of, scope_id = named, self._dictionary.scope(self._connection, record, batch.origin)
                record.scope_id = scope_id
            events.extend(zip(batch.records, batch.payloads, strict=True))
        stored, first_seq = self._insert(events)
        self.fold(stored)
        records = [record for record, _ in stored]
        return _results(batches, records), Published(first_seq, records, origins)

    def _insert(self, events: list[Stored]) -> tuple[list[Stored], int]:
        connection = self._connection
        last = connection.execute("SELECT max(seq) FROM events").fetchone()[0] or 0
        label = self._dictionary.label
        # Labels may be stored on the way, so the rows are made before changes are counted.
        rows = [to_row(record, label(connection, record)) for record, _ in events]
        before = connection.total_changes
        insert_events(connection, rows)
        if connection.total_changes - before == len(events):
            return events, last + 1
        new = set(connection.execute("SELECT tenant, event_id FROM events WHERE seq > ?", (last,)))
        stored = []
        for event in events:
            key = (event[0].tenant, event[0].event_id)
            if key in new:
                new.discard(key)  # the first of equal ids was stored
                stored.append(event)
        return stored, last + 1

    def fold(self, events: list[Stored]) -> None:
        """Change the summaries by events that are stored now and were not before."""
        groups: dict[tuple[str, str, int], _Group] = {}
        rollup = self._rollup
        # Neighbours mostly share agent, scope and task: what was looked up for one serves the next.
        group_key: tuple[str, str, int] | None = None
        task_key: tuple[str, str, str] | None = None
        for record, payload in events:
            key = (record.tenant, record.agent_id, record.scope_id)
            if key != group_key:
                group_key, group = key, self._group(groups, key, record)
            group.count(record)
            if record.kind == "llm_call":
                rollup.llm_call(record)
            elif record.event_type in _ACTION_ENDS:
                rollup.action(record, payload)
            fold_agent(group.agent, record, payload)
            if record.task_id is not None:
                run = (record.tenant, record.task_id, record.task_run_id)
                if run != task_key:
                    task_key, task = run, self._task(run)
                fold_task(task, record, payload)
            if record.event_type in _STATEFUL:
                self._fold_state(record, payload)
        for (tenant, agent_id, scope_id), group in groups.items():
            self._count_group(tenant, agent_id, scope_id, group)
        self._save()

    def _fold_state(self, record: EventRecord, payload: dict[str, Any] | None) -> None:
        kind = record.kind
        if kind in LATEST_KINDS:
            self._latest.append((kind or "", (record, payload)))
        elif kind == "issue":
            fold_issue(self._issue(record, payload), record, payload)
        elif record.event_type == "heartbeat":
            self._latest.append(("heartbeat", (record, payload)))
        elif record.event_type in _APPROVALS:
            self._approvals.append((record, payload))

    def _count_group(self, tenant: str, agent_id: str, scope_id: int, group: _Group) -> None:
        for bucket, row in group.activity.items():
            add_row(self._rollup.activity, (tenant, FINEST, bucket, agent_id, scope_id), row)
        if group.project_id is not None:
            have = self._projects.setdefault(
                (tenant, group.project_id, agent_id), [group.first, group.last, 0]
            )
            have[:] = min(have[0], group.first), max(have[1], group.last), have[2] + group.events

    def _agent(self, record: EventRecord) -> AgentState:
        key = (record.tenant, record.agent_id)
        agent = self._agents.get(key)
        if agent is None:
            agent = self._agents[key] = AGENTS.load(self._connection, key)
        return agent

    def _group(
        self, groups: dict[tuple[str, str, int], _Group], key: tuple[str, str, int], record: EventRecord
    ) -> _Group:
        group = groups.get(key)
        if group is None:
            group = groups[key] = _Group(self._agent(record), record.project_id)
        return group

    def _task(self, key: tuple[str, str, str]) -> TaskState:
        task = self._tasks.get(key)
        if task is None:
            task = self._tasks[key] = TASKS.load(self._connection, key)
            self._rollup.task(task, -1)
        return task

    def _issue(self, record: EventRecord, payload: dict[str, Any] | None) -> IssueState:
        data = dict_of((payload or {}).get("data"))
        issue_id = text_in(data, "issue_id") or text_in(payload, "issue_id")
        key = (record.tenant, record.agent_id, issue_key(issue_id, text_in(payload, "summary")))
        issue = self._issues.get(key)
        if issue is None:
            issue = self._issues[key] = ISSUES.load(self._connection, key)
        return issue

    def _save(self) -> None:
        connection = self._connection
        for task in self._tasks.values():
            settle(task)
            self._rollup.task(task, +1)
        self._rollup.widen()
        TASKS.save(connection, self._tasks.values())
        AGENTS.save(connection, self._agents.values())
        ISSUES.save(connection, self._issues.values())
        save_latest(connection, self._latest)
        save_projects(connection, self._projects)
        save_approvals(connection, self._approvals)
        for name, statement in COUNTER_TABLES.items():
            add_counters(connection, statement, getattr(self._rollup, name))
        taken_back = [key for key, counts in self._rollup.task_outcomes.items() if min(counts) < 0]
        connection.executemany(_DROP_EMPTY_OUTCOME, taken_back)
