"""The summary rows one commit changes: each loaded once and changed in memory; a store writes them when all is folded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from . import fold_agent, fold_task
from .fold_issue import fold_issue, issue_action, issue_key
from .fold_latest import LATEST_KINDS
from .process import payload_process
from .records import EventRecord
from .rollup import FINEST, Rollup, add_row
from .session_changes import SessionChanges
from .state import AgentState, IssueState, TaskState
from .stretch import Stored, Stretch, stretches
from .tally_rollup import TROUBLE_EVENTS, TROUBLE_KINDS, TallyRollup
from .values import dict_of, text_in

__all__ = ["Summaries", "SummarySource"]

Payload = dict[str, Any] | None
_Fold = Callable[["Summaries", AgentState, "TaskState | None", EventRecord, Payload], None]


class SummarySource(Protocol):
    """Where the rows come from that a commit changes: what is stored of each key, else a fresh row with that key."""

    def tasks(self, keys: Sequence[tuple[str, str, str]]) -> list[TaskState]:
        """Runs by (tenant, task, run)."""

    def agent(self, key: tuple[str, str]) -> AgentState:
        """An agent by (tenant, agent)."""

    def issue(self, key: tuple[str, str, str]) -> IssueState:
        """An issue by (tenant, agent, issue)."""


class Summaries:
    """Every summary that the events of one commit touch. ``processes`` names the process of an origin, where it is known."""

    def __init__(self, source: SummarySource, processes: Mapping[int, str | None]) -> None:
        self._source = source
        self._process_of = processes.get
        self.agents: dict[tuple[str, str], AgentState] = {}
        self.tasks: dict[tuple[str, str, str], TaskState] = {}
        self.issues: dict[tuple[str, str, str], IssueState] = {}
        self.projects: dict[tuple[str, str, str], list[int]] = {}
        self.heard: dict[tuple[str, str], int] = {}
        self.approvals: list[Stored] = []
        self.affected: set[tuple[str, str, str, str, str]] = set()
        self.latest: list[tuple[str, Stored]] = []
        self.rollup, self.tallies = Rollup(), TallyRollup()
        self.sessions = SessionChanges()

    def fold_all(self, events: list[Stored]) -> None:
        """Change the summaries in memory by events that are stored now and were not before, in order of arrival."""
        runs = {(one.tenant, one.task_id, one.task_run_id) for one, _ in events if one.task_id is not None}
        unknown = [key for key in runs if key not in self.tasks]
        for task in self._source.tasks(unknown):
            self.tasks[task.tenant, task.task_id, task.task_run_id] = task
            self.rollup.task(task, -1)
            self.tallies.task(task, -1)
            self.sessions.before(task)
        for stretch in stretches(events):
            self._fold(stretch)

    def _fold(self, stretch: Stretch) -> None:
        record = stretch.records[0]
        agent = self._agent(record)
        task = (
            None if record.task_id is None else self.tasks[record.tenant, record.task_id, record.task_run_id]
        )
        process = self._process_of(record.origin_id)
        if process is not None:
            self.hear(record, process)
        fold_agent.fold_agent(agent, stretch)
        if task is not None:
            fold_task.fold_task(task, stretch, process)
        self._count(stretch)
        for record, payload in stretch.events:
            event_type = record.event_type
            fold = _BY_KIND.get(record.kind or "") if event_type == "custom" else _BY_TYPE.get(event_type)
            if fold is not None:
                fold(self, agent, task, record, payload)

    def hear(self, record: EventRecord, process: str) -> None:
        """Note that an event came from a process."""
        key = (record.tenant, process)
        self.heard[key] = max(self.heard.get(key, record.received_at), record.received_at)

    def issue(self, record: EventRecord, payload: Payload) -> IssueState:
        """The issue an event is about; a report concerns the run it came from."""
        data = dict_of((payload or {}).get("data"))
        issue_id = text_in(data, "issue_id") or text_in(payload, "issue_id")
        key = (record.tenant, record.agent_id, issue_key(issue_id, text_in(payload, "summary")))
        issue = self.issues.get(key)
        if issue is None:
            issue = self.issues[key] = self._source.issue(key)
        if record.task_id is not None and issue_action(payload) == "reported":
            self.affected.add((*key, record.task_id, record.task_run_id))
        return issue

    def settle(self) -> None:
        """Work out what follows from the folded rows; called once, when all events are folded."""
        for task in self.tasks.values():
            fold_task.settle(task)
            self.rollup.task(task, +1)
            self.tallies.task(task, +1)
            self.sessions.after(task)
        self.rollup.widen()

    def _agent(self, record: EventRecord) -> AgentState:
        key = (record.tenant, record.agent_id)
        agent = self.agents.get(key)
        if agent is None:
            agent = self.agents[key] = self._source.agent(key)
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
            have = self.projects.setdefault(key, [stretch.first, stretch.last, 0])
            have[:] = min(have[0], stretch.first), max(have[1], stretch.last), have[2] + events

    def _count_activity(self, record: EventRecord, bucket: int, row: tuple[int, int, int]) -> None:
        key = (record.tenant, FINEST, bucket, record.agent_id, record.scope_id)
        add_row(self.rollup.activity, key, row)


def _llm_call(
    to: Summaries, agent: AgentState, task: TaskState | None, record: EventRecord, payload: Payload
) -> None:
    to.rollup.llm_call(record, payload)
    to.tallies.llm_call(record, payload)
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


def _vital(
    to: Summaries, agent: AgentState, task: TaskState | None, record: EventRecord, payload: Payload
) -> None:
    """A heartbeat or a task's start says which process it comes from."""
    process = payload_process(payload)
    if process is not None:
        to.hear(record, process)


def _heartbeat(
    to: Summaries, agent: AgentState, task: TaskState | None, record: EventRecord, payload: Payload
) -> None:
    _latest(to, agent, task, record, payload)
    _vital(to, agent, task, record, payload)


def _action(
    to: Summaries, agent: AgentState, task: TaskState | None, record: EventRecord, payload: Payload
) -> None:
    if to.tallies.action(record, payload) and task is not None:
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


def _trouble(
    to: Summaries, agent: AgentState, task: TaskState | None, record: EventRecord, payload: Payload
) -> None:
    to.tallies.trouble(record, payload)


#: What changes more than counters, by type of event and by kind of custom event.
_BY_TYPE: dict[str, _Fold] = {
    "action_completed": _action,
    "action_failed": _action,
    "task_completed": _end,
    "task_failed": _end,
    "agent_registered": _registered,
    "heartbeat": _heartbeat,
    "task_started": _vital,
    "approval_requested": _approval,
    "approval_received": _approval,
    **dict.fromkeys(TROUBLE_EVENTS, _trouble),
}
_BY_KIND: dict[str, _Fold] = {
    "llm_call": _llm_call,
    "runtime": _runtime,
    "issue": _issue,
    **dict.fromkeys(LATEST_KINDS, _latest),
    **dict.fromkeys(TROUBLE_KINDS, _trouble),
}
