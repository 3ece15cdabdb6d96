"""Reading from memory what waits for people: approval requests and issues."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec

from .memory_data import ApprovalEvent, MemoryData, TenantData
from .memory_lost import heard, is_lost
from .rows import ApprovalRow, IssueRow, Scope, Silence, ended_last
from .state import IssueState
from .values import dict_of, text_in
from .waiting import ApprovalFilter, IssueFilter

__all__ = [
    "active_issues",
    "affected",
    "awaited_runs",
    "expired_approvals",
    "get_approval",
    "get_issue",
    "list_all_issues",
    "list_approvals",
    "list_issues",
    "open_approvals",
]


def _run_ended(own: TenantData, request: ApprovalEvent) -> int | None:
    """When the run of a request ended, unless the request was made after that."""
    record = request.record
    if record.task_id is None:
        return None
    task = own.runs.get((record.tenant, record.task_id, record.task_run_id))
    return None if task is None or task.end_ts is None or record.ts > task.end_ts else task.end_ts


def _requests(own: TenantData) -> Iterator[ApprovalEvent]:
    return (event for event in own.approvals.values() if event.fact.is_request)


def awaited_runs(own: TenantData) -> set[tuple[str, str | None, str]]:
    """The runs, by (agent, task, run), that go on when somebody answers their agent."""
    return {
        (one.record.agent_id, one.record.task_id, one.record.task_run_id)
        for one in _requests(own)
        if one.record.event_id not in own.answers and _run_ended(own, one) is None
    }


def _row(data: MemoryData, own: TenantData, request: ApprovalEvent, silence: Silence) -> ApprovalRow:
    record, place = request.record, data.place(request.record.scope_id)
    answer = own.approvals.get(own.answers.get(record.event_id, ""))
    ended, lost_ts = _run_ended(own, request), None
    task = own.runs.get((record.tenant, record.task_id or "", record.task_run_id))
    if answer is None and ended is None and task is not None and is_lost(own, task, silence):
        lost_ts = heard(own, task)
    return ApprovalRow(
        event_id=record.event_id,
        agent_id=record.agent_id,
        task_id=record.task_id,
        task_run_id=record.task_run_id,
        approval_id=request.fact.approval_id,
        ts=record.ts,
        project_id=record.project_id,
        body=msgspec.json.encode(request.body).decode(),
        environment=place.environment,
        group=place.group,
        answer_event=answer and answer.record.event_id,
        answered_ts=answer and answer.record.ts,
        decision=answer and answer.body.get("decision", ""),
        approved_by=answer and answer.body.get("approved_by"),
        answer_reason=answer and answer.body.get("reason"),
        run_ended_ts=ended,
        lost_ts=lost_ts,
    )


def _rows(data: MemoryData, tenant: str, silence: Silence) -> list[ApprovalRow]:
    own = data.of(tenant)
    return [_row(data, own, request, silence) for request in _requests(own)]


def _pending(row: ApprovalRow) -> bool:
    return row.answer_event is None and row.run_ended_ts is None and row.lost_ts is None


def _age(row: ApprovalRow) -> tuple[int, str]:
    return row.ts, row.event_id


def open_approvals(
    data: MemoryData, tenant: str, agent_id: str | None, limit: int, silence: Silence
) -> list[ApprovalRow]:
    """Requests nobody has answered while their run goes on, the oldest first."""
    rows = [row for row in _rows(data, tenant, silence) if _pending(row) and agent_id in (None, row.agent_id)]
    return sorted(rows, key=_age)[:limit]


def expired_approvals(
    data: MemoryData, tenant: str, agent_id: str | None, limit: int, silence: Silence
) -> list[ApprovalRow]:
    """Requests nobody answered before their run ended or was lost, those that ended last first."""
    rows = [
        row
        for row in _rows(data, tenant, silence)
        if row.answer_event is None and not _pending(row) and agent_id in (None, row.agent_id)
    ]
    return sorted(rows, key=ended_last)[:limit]


def _approval_status(row: ApprovalRow) -> str:
    if row.answer_event is None:
        return "expired" if row.lost_ts is None else "lost"
    return row.decision if row.decision in ("approved", "rejected") else "answered"


def list_approvals(
    data: MemoryData, tenant: str, want: ApprovalFilter, silence: Silence
) -> list[ApprovalRow]:
    """A page of requests: the pending ones by age, or the others from the newest on."""
    rows = []
    for row in _rows(data, tenant, silence):
        exact = (
            (want.agent_id, row.agent_id),
            (want.task_id, row.task_id),
            (want.project_id, row.project_id),
            (want.environment, row.environment),
            (want.group, row.group),
        )
        if _pending(row) != want.pending or any(asked not in (None, has) for asked, has in exact):
            continue
        if not want.pending and want.statuses and _approval_status(row) not in want.statuses:
            continue
        if want.after is None or (_age(row) > want.after if want.pending else _age(row) < want.after):
            rows.append(row)
    return sorted(rows, key=_age, reverse=not want.pending)[: want.limit]


def get_approval(data: MemoryData, tenant: str, approval_id: str, silence: Silence) -> ApprovalRow | None:
    """The request of that approval_id, or whose event has that id; of several the pending one, else the newest."""
    rows = sorted(_rows(data, tenant, silence), key=lambda row: (not _pending(row), -row.ts, row.event_id))
    named = [row for row in rows if row.approval_id == approval_id]
    return next(iter([*named, *(row for row in rows if row.event_id == approval_id)]), None)


def _issue_status(state: IssueState) -> str:
    if state.is_closed:
        return state.closed_action or ""
    opened = state.closed_ts is None or (
        state.reopened_ts is not None and state.reopened_ts >= state.closed_ts
    )
    return "open" if opened else "regressed"


def _issues(data: MemoryData, tenant: str, *, counted: bool) -> list[IssueRow]:
    own = data.of(tenant)
    states = [state for state in own.issues.values() if state.occurrences > 0]
    states.sort(key=lambda state: (-(state.reported_ts or 0), state.agent_id, state.issue_key))
    rows = []
    for state in states:
        place, key = data.place(state.scope_id), (state.tenant, state.agent_id, state.issue_key)
        tasks, cost_nano = _affected(own, key) if counted else (None, None)
        rows.append(IssueRow(state, place.environment, place.group, tasks, cost_nano))
    return rows


def list_all_issues(data: MemoryData, tenant: str, agent_id: str | None, limit: int) -> list[IssueRow]:
    """Issues with at least one report, the most recently reported first; their runs are not counted."""
    rows = _issues(data, tenant, counted=False)
    return [row for row in rows if agent_id in (None, row.agent_id)][:limit]


def active_issues(data: MemoryData, tenant: str, scope: Scope) -> dict[str, int]:
    """How many issues of each agent are open or regressed; one that names no project belongs to all projects."""
    return Counter(
        row.agent_id
        for row in _issues(data, tenant, counted=False)
        if _issue_status(row.state) in ("open", "regressed")
        and scope.agent_id in (None, row.agent_id)
        and (scope.project_id is None or row.project_id in (None, scope.project_id))
        and scope.environment in (None, row.environment)
        and scope.group in (None, row.group)
    )


def list_issues(data: MemoryData, tenant: str, want: IssueFilter) -> list[IssueRow]:
    """A page of issues, the most recently reported first."""
    rows = _issues(data, tenant, counted=want.counted)
    return [row for row in rows if _issue_wanted(row, want)][: want.limit]


def affected(
    data: MemoryData, tenant: str, issues: Sequence[tuple[str, str]]
) -> list[tuple[int, int | None]]:
    """In how many runs each issue was reported, and what these cost together as far as it is known."""
    own = data.of(tenant)
    return [_affected(own, (tenant, agent_id, issue_key)) for agent_id, issue_key in issues]


def _affected(own: TenantData, key: tuple[str, str, str]) -> tuple[int, int | None]:
    runs = [(one[0], *one[3:]) for one in own.affected if one[:3] == key]
    costs = [own.runs[run].cost_nano for run in runs if run in own.runs]
    told = [cost for cost in costs if cost is not None]
    return len(runs), sum(told) if told else None


def _issue_wanted(row: IssueRow, want: IssueFilter) -> bool:
    exact = (
        (want.agent_id, row.agent_id),
        (want.project_id, row.project_id),
        (want.environment, row.environment),
        (want.group, row.group),
    )
    if any(asked not in (None, has) for asked, has in exact):
        return False
    if want.statuses and _issue_status(row.state) not in want.statuses:
        return False
    if want.severities and _severity(row.state) not in want.severities:
        return False
    if want.after is None:
        return True
    reported, *name = want.after
    at = row.state.reported_ts or 0
    return at < reported or (at == reported and [row.agent_id, row.state.issue_key] > name)


def _severity(state: IssueState) -> str | None:
    payload = dict_of(msgspec.json.decode(state.reported or b"{}"))
    return text_in(dict_of(payload.get("data")), "severity")


def get_issue(data: MemoryData, tenant: str, agent_id: str, issue_key: str) -> IssueRow | None:
    """One issue of an agent."""
    rows = _issues(data, tenant, counted=True)
    return next((row for row in rows if (row.agent_id, row.state.issue_key) == (agent_id, issue_key)), None)
