"""Everything a store says of a tenant, in a form that two stores, or two tenants of one, can be compared by."""

from __future__ import annotations

from typing import Any

import msgspec
from hiveboard.projections.agent_status import silence_of
from hiveboard.store import Store
from hiveboard.store.records import StoredEvent
from hiveboard.store.rows import TASK_SORTS, EventFilter, Scope, Silence, TaskFilter
from hiveboard.store.samples import SampleFilter
from hiveboard.store.sessions import SessionFilter
from hiveboard.store.span import Span
from hiveboard.store.tallies import TALLIES
from hiveboard.store.waiting import ApprovalFilter, IssueFilter

from .random_events import RECEIVED

__all__ = ["all_sums", "everything"]

_DAY = 86_400_000_000
_SINCE = 1_770_000_000_000_000 // _DAY * _DAY
_SPANS = (
    Span(_SINCE, _SINCE + 2 * _DAY, _DAY),
    Span(_SINCE + 4 * 300_000_000, _SINCE + _DAY, 300_000_000),
    Span(_SINCE - 3_600_000_000, _SINCE + 12 * 3_600_000_000, 3_600_000_000),
)
_SCOPES = (
    Scope(),
    Scope(agent_id="a1"),
    Scope(project_id="p1"),
    Scope(environment="staging"),
    Scope(agent_id="a2", group="default", environment="production"),
)
#: Two moments after everything came in: in one nobody is late, in the other whoever can be is.
_SILENCES = (RECEIVED + 5_000_000, RECEIVED + 100_000_000)
_STATUSES = ("completed", "failed", "cancelled", "lost", "waiting", "stuck", "escalated", "processing")
_ANSWERED = ("approved", "rejected", "answered", "expired", "lost")
#: Numbers that stand for something within one store only.
_OWN = {"tenant", "scope_id", "origin_id", "seq"}


def plain(value: Any) -> Any:
    """A value as plain data, without what differs from store to store and from tenant to tenant."""
    if isinstance(value, msgspec.Struct):
        names = value.__struct_fields__
        return {name: plain(getattr(value, name)) for name in names if name not in _OWN}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return value


def unordered(rows: list[Any]) -> list[Any]:
    """Rows whose order a store may choose."""
    return sorted((plain(row) for row in rows), key=repr)


def ids(events: list[StoredEvent]) -> list[str]:
    return [one.record.event_id for one in events]


async def everything(store: Store, tenant: str) -> dict[str, Any]:
    """The answers to one question after the other."""
    found: dict[str, Any] = {}
    found |= await _events(store, tenant)
    for now in _SILENCES:
        silence = silence_of(await store.agents(tenant, None), now)
        found |= {f"{name} at {now}": rows for name, rows in (await _now(store, tenant, silence)).items()}
    found |= await _runs(store, tenant)
    found |= await all_sums(store, tenant)
    found["agents"] = plain(await store.agents(tenant, None))
    found["agent"] = plain(await store.agents(tenant, "a1"))
    found["projects"] = plain(await store.projects(tenant))
    found["latest"] = plain(await store.latest(tenant, None, ("queue_snapshot", "todo", "heartbeat"), 99))
    found["latest of one"] = plain(await store.latest(tenant, "a1", ("todo",), 1))
    for agent_id in ("a", "a1", "a2"):
        found[f"heartbeats {agent_id}"] = plain(await store.heartbeats(tenant, agent_id, 3))
        found[f"issues {agent_id}"] = plain(await store.issues(tenant, agent_id, 9))
    for told in ("heartbeat", "queue_snapshot"):
        for scope, agents in (
            (_SCOPES[0], ()),
            (_SCOPES[1], ()),
            (_SCOPES[3], ()),
            (_SCOPES[0], ("a2", "a1")),
        ):
            want = SampleFilter(told=told, scope=scope, agents=agents, since=_SINCE, limit=3)
            rows = await store.samples(tenant, want)
            found[f"{told} {scope} {agents}"] = plain(rows)
    for scope in _SCOPES:
        found[f"active {scope}"] = dict(await store.active_issues(tenant, scope))
        found[f"places {scope}"] = plain(await store.agent_places(tenant, scope))
    issues = await store.issue_page(tenant, IssueFilter())
    found["issue page"] = plain(issues)
    keys = [(one.agent_id, one.state.issue_key) for one in issues]
    counts = [(one.tasks, one.cost_nano) for one in issues]
    assert [tuple(one) for one in await store.affected(tenant, keys)] == counts, "issues of a page and by key"
    found["uncounted"] = plain(await store.issue_page(tenant, IssueFilter(counted=False)))
    found["each issue"] = [
        plain(await store.issue(tenant, one.agent_id, one.state.issue_key)) for one in issues
    ]
    for status in ("open", "regressed", "resolved", "dismissed"):
        found[f"issues {status}"] = plain(await store.issue_page(tenant, IssueFilter(statuses=(status,))))
    return found


async def _events(store: Store, tenant: str) -> dict[str, Any]:
    filters = {
        "all": EventFilter(exclude_heartbeats=False),
        "feed": EventFilter(),
        "agent": EventFilter(agent_id="a1", exclude_heartbeats=False),
        "task": EventFilter(task_id="t1"),
        "run": EventFilter(task_id="t1", task_run_id="r1", agent_id="a2"),
        "project": EventFilter(project_id="p1", environment="staging"),
        "model": EventFilter(model="m1"),
        "kinds": EventFilter(kinds=("issue", "todo")),
        "types": EventFilter(event_types=("task_started", "action_failed")),
        "custom": EventFilter(event_types=("custom",)),
        "severities": EventFilter(severities=("warn", "error")),
        "severity": EventFilter(severities=("info",), group="default"),
    }
    found: dict[str, Any] = {}
    for name, want in filters.items():
        events, position = await store.events(tenant, want)
        found[f"events {name}"] = [plain(one.record) for one in events]
        pages = []
        paged = msgspec.structs.replace(want, limit=3)
        while True:
            page, position = await store.events(tenant, paged)
            pages += ids(page)
            if position is None:
                break
            paged = msgspec.structs.replace(paged, before=position)
        assert pages == ids(events), f"pages of {name}"
    after = await store.events_after(tenant, 0, 99)
    found["after"] = sorted(ids(after))
    found["after, only"] = sorted(ids(await store.events_after(tenant, 0, 99, ("heartbeat", "issue"))))
    return found


async def _runs(store: Store, tenant: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for sort in TASK_SORTS:
        want = TaskFilter(sort=sort)
        rows, position = await store.tasks(tenant, want)
        assert position is None
        found[f"tasks by {sort}"] = plain(rows)
        paged, pages = msgspec.structs.replace(want, limit=1), []
        while True:
            page, position = await store.tasks(tenant, paged)
            pages += page
            if position is None:
                break
            paged = msgspec.structs.replace(paged, after=position)
        assert pages == rows, f"pages by {sort}"
    for row in rows:
        for limit in (99, 4, 1):
            run = await store.task_events(tenant, row.state, limit)
            told = ids(run.events), run.omitted, run.omitted_since, run.omitted_until
            found[f"run {row.state.task_id} {row.state.task_run_id} {limit}"] = told
    for task_id in ("t1", "t2", "t3"):
        found[f"task {task_id}"] = plain(await store.task(tenant, task_id, None))
    for name, filtered in {
        "agent": TaskFilter(agent_id="a1"), "project": TaskFilter(project_id="p1"), "q": TaskFilter(q="T1"),
        "session": TaskFilter(session_id="s1"), "user": TaskFilter(user_id="u1"), "place": TaskFilter(environment="staging"),
    }.items():  # fmt: skip
        found[f"tasks of {name}"] = plain((await store.tasks(tenant, filtered))[0])
    return found


async def _sessions(store: Store, tenant: str, silence: Silence) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, wanted in {
        "all": SessionFilter(), "agent": SessionFilter(agent_id="a1"), "user": SessionFilter(user_id="u1"),
        "project": SessionFilter(project_id="p1"), "q": SessionFilter(q="S1"), "place": SessionFilter(environment="staging"),
        "group": SessionFilter(group="g2"), "q of users": SessionFilter(q="U1"),
    }.items():  # fmt: skip
        wanted = msgspec.structs.replace(wanted, silence=silence)
        found[f"sessions of {name}"] = plain((await store.sessions(tenant, wanted))[0])
    found["session"] = plain(await store.session(tenant, "s1", silence))
    return found


async def _now(store: Store, tenant: str, silence: Silence) -> dict[str, Any]:
    found = await _sessions(store, tenant, silence)
    for status in _STATUSES:
        rows, _ = await store.tasks(tenant, TaskFilter(status=status, silence=silence))
        found[f"tasks {status}"] = plain(rows)
    for scope in _SCOPES:
        found[f"counts {scope}"] = plain(await store.open_counts(tenant, scope, silence))
        open_tasks = await store.open_tasks(tenant, scope, silence)
        # Of two that were active in the same microsecond either may be shown.
        found[f"open {scope}"] = sorted((one.agent_id, one.last_ts, one.open_tasks) for one in open_tasks)
    found["lately lost"] = plain(await store.open_counts(tenant, Scope(), silence, RECEIVED + 1))
    for agent_id in (None, "a1"):
        found[f"open approvals {agent_id}"] = plain(await store.open_approvals(tenant, agent_id, 9, silence))
        found[f"expired {agent_id}"] = plain(await store.expired_approvals(tenant, agent_id, 9, silence))
    found["pending"] = plain(await store.approvals(tenant, ApprovalFilter(pending=True), silence))
    for statuses in ((), *((status,) for status in _ANSWERED)):
        want = ApprovalFilter(pending=False, statuses=statuses)
        found[f"answered {statuses}"] = plain(await store.approvals(tenant, want, silence))
    for approval_id in ("x", "y"):
        found[f"approval {approval_id}"] = plain(await store.approval(tenant, approval_id, silence))
    return found


async def all_sums(store: Store, tenant: str) -> dict[str, Any]:
    """The counters by every dimension."""
    found: dict[str, Any] = {}
    for at, span in enumerate(_SPANS):
        for scope in _SCOPES:
            for by in (
                (),
                ("bucket",),
                ("agent",),
                ("agent", "model"),
                ("version", "project"),
                ("task_type",),
            ):
                asked = f"{at} {scope} {by}"
                found[f"usage {asked}"] = unordered(await store.usage(tenant, scope, by, span))
                if "model" not in by:
                    found[f"outcomes {asked}"] = unordered(await store.outcomes(tenant, scope, by, span))
                    found[f"activity {asked}"] = unordered(await store.activity(tenant, scope, by, span))
        found[f"usage {at} m1"] = unordered(await store.usage(tenant, Scope(), ("bucket",), span, "m1"))
        for tally in TALLIES:
            for scope, by in (
                (Scope(), ()),
                (Scope(project_id="p1"), ("agent", *tally.own)),
                (Scope(), ("bucket", "environment")),
            ):
                rows = await store.tallies(tenant, tally, scope, by, span)
                found[f"{tally.name} {at} {scope} {by}"] = unordered(rows)
    return found
