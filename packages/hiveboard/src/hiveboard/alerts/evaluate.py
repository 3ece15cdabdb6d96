"""Does the condition of a rule hold now: asks the store for what the condition needs and hands it to pure functions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from hiveloop import events
from hiveloop.payloads import Issue

from hiveboard.instant import MILLISECOND_US, SECOND_US
from hiveboard.store import StoredEvent
from hiveboard.store.fold_task import outcome_of
from hiveboard.store.rows import TaskRow

from . import evaluate_agents, evaluate_people, evaluate_runs, evaluate_windows
from .condition import (
    AgentStuck,
    ApprovalWaiting,
    Budget,
    CostThreshold,
    DurationExceeded,
    ErrorRate,
    HeartbeatLost,
    IssueOpened,
    NoProgress,
    QueueDepth,
    TaskFailed,
    TaskLost,
)
from .episode import RuleState
from .facts import Facts
from .finding import Finding, Found
from .rule import Rule
from .scope import run_within

__all__ = ["FEED_KINDS", "evaluate"]

#: What the feed brings.
FEED_KINDS = (events.TaskCompleted.event_type, events.TaskFailed.event_type, Issue.kind)
_MAX_FAILURES = 2_000
#: Told runs that a partial look missed are looked up one by one, at most so many each time.
_LOOKED_UP = 50


async def evaluate(rule: Rule, state: RuleState, facts: Facts, walk: dict[str, Any]) -> Found:
    """What holds and what happened. ``state.failures`` is brought up to date; ``walk`` remembers a partial look."""
    return await _EVALUATIONS[type(rule.condition)](rule, state, facts, walk)


def _holding(findings: Iterable[Finding]) -> Found:
    return Found({finding.subject: finding for finding in findings})


def _news(state: RuleState, facts: Facts) -> list[StoredEvent]:
    return [event for event in facts.feed.events if event.seq > state.cursor]


def _ends(state: RuleState, facts: Facts) -> list[StoredEvent]:
    """Runs that ended since the last look; those of long ago are no news."""
    return [
        event
        for event in _news(state, facts)
        if outcome_of(event.record) is not None and facts.now - event.record.ts < evaluate_runs.NEWS_US
    ]


async def _agent_stuck(rule: Rule, state: RuleState, facts: Facts, walk: dict[str, Any]) -> Found:
    # Mostly nobody is late, and then there is no need to ask what they are doing.
    late = evaluate_agents.stuck_agents(await facts.agents(), {}, set(), state.firing, facts.now)
    if not late:
        return Found()
    within = await facts.agents_within(rule.filters, {finding.subject for finding in late})
    waiting = {row.agent_id for row in await facts.approvals()}
    tasks = await facts.open_tasks()
    return _holding(evaluate_agents.stuck_agents(within, tasks, waiting, state.firing, facts.now))


async def _heartbeat_lost(rule: Rule, state: RuleState, facts: Facts, walk: dict[str, Any]) -> Found:
    condition = rule.condition
    assert isinstance(condition, HeartbeatLost)
    silent = evaluate_agents.silent_agents(await facts.agents(), {}, condition, state.firing, facts.now)
    if not silent:
        return Found()
    within = await facts.agents_within(rule.filters, {finding.subject for finding in silent})
    tasks = await facts.open_tasks()
    return _holding(evaluate_agents.silent_agents(within, tasks, condition, state.firing, facts.now))


async def _queue_depth(rule: Rule, state: RuleState, facts: Facts, walk: dict[str, Any]) -> Found:
    assert isinstance(rule.condition, QueueDepth)
    return _holding(evaluate_agents.deep_queues(await facts.queues(), rule.condition, rule.filters))


async def _approval_waiting(rule: Rule, state: RuleState, facts: Facts, walk: dict[str, Any]) -> Found:
    assert isinstance(rule.condition, ApprovalWaiting)
    rows = await facts.approvals()
    return _holding(evaluate_people.waiting_approvals(rows, rule.condition, rule.filters, facts.now))


async def _issue_opened(rule: Rule, state: RuleState, facts: Facts, walk: dict[str, Any]) -> Found:
    """Issues reported since the last look begin; those told hold until news of their agent says that they are closed."""
    assert isinstance(rule.condition, IssueOpened)
    reported: dict[str, set[int]] = {}
    for event in _news(state, facts):
        if event.record.kind == Issue.kind:
            reported.setdefault(event.record.agent_id, set()).add(event.record.ts)
    holding = {subject: episode.finding for subject, episode in state.firing.items()}
    for agent_id, times in reported.items():
        rows = await facts.issues(agent_id)
        listed = {evaluate_people.issue_subject(agent_id, row.state.issue_key) for row in rows}
        active = evaluate_people.open_issues(rows, rule.condition, rule.filters)
        now_open = {finding.subject: finding for finding in active}
        for subject in listed & holding.keys() - now_open.keys():
            del holding[subject]
        for subject, finding in now_open.items():
            if subject in holding or finding.since in times:
                holding[subject] = finding
    return Found(holding)


async def _run_of(event: StoredEvent, rule: Rule, facts: Facts) -> TaskRow | None:
    """The run an end is about, when the rule is about it."""
    record = event.record
    if record.task_id is None or rule.filters.agent_id not in (None, record.agent_id):
        return None
    row = await facts.run(record.task_id, record.task_run_id)
    return row if row is not None and run_within(rule.filters, row) else None


async def _task_failed(rule: Rule, state: RuleState, facts: Facts, walk: dict[str, Any]) -> Found:
    condition = rule.condition
    assert isinstance(condition, TaskFailed)
    happened, counted = [], {seq for _, _, seq in state.failures}
    for event in _ends(state, facts):
        record = event.record
        if outcome_of(record) != "failed" or event.seq in counted:
            continue
        row = await _run_of(event, rule, facts)
        if row is None or row.state.outcome != "failed":
            continue
        if condition.count == 1:
            happened.append(evaluate_runs.failed_run(row))
        else:
            state.failures.append((min(record.ts, record.received_at), row.state.agent_id, event.seq))
    if condition.count == 1:
        return Found({}, happened)
    oldest = facts.now - condition.window_seconds * SECOND_US
    state.failures = [one for one in state.failures if one[0] > oldest][-_MAX_FAILURES:]
    return _holding(evaluate_runs.failures_in_window(state.failures, condition, facts.now))


async def _open_runs(
    rule: Rule, state: RuleState, facts: Facts, walk: dict[str, Any], longer_than_us: float, *, waiting: bool
) -> tuple[list[TaskRow], dict[str, Finding]]:
    """Open runs that began long enough ago, and of those told before the ones that were not looked at this time."""
    began_before = facts.now - round(longer_than_us)
    rows = {
        evaluate_runs.run_subject(row.state.task_id, row.state.task_run_id): row
        for row in await facts.open_runs(rule.filters, began_before, walk, waiting=waiting)
    }
    missed = [subject for subject in state.firing if subject not in rows]
    turn = walk.get("turn", 0) % max(1, len(missed))
    looked_up = (missed[turn:] + missed[:turn])[:_LOOKED_UP]
    walk["turn"] = turn + _LOOKED_UP if len(missed) > _LOOKED_UP else 0
    for subject in looked_up:
        task_id, _, run_id = subject.partition("\x1f")
        row = await facts.run(task_id, run_id)
        if row is not None:
            rows[subject] = row
    unseen = set(missed).difference(looked_up)
    return list(rows.values()), {subject: state.firing[subject].finding for subject in unseen}


async def _duration_exceeded(rule: Rule, state: RuleState, facts: Facts, walk: dict[str, Any]) -> Found:
    condition = rule.condition
    assert isinstance(condition, DurationExceeded)
    happened = []
    for event in _ends(state, facts):
        row = await _run_of(event, rule, facts)
        slow = None if row is None else evaluate_runs.slow_end(row, condition)
        if slow is not None:
            happened.append(slow)
    limit = condition.threshold_ms * MILLISECOND_US
    rows, unseen = await _open_runs(rule, state, facts, walk, limit, waiting=True)
    found = _holding(evaluate_runs.slow_runs(rows, condition, facts.now))
    return Found(unseen | found.holding, happened)


async def _no_progress(rule: Rule, state: RuleState, facts: Facts, walk: dict[str, Any]) -> Found:
    condition = rule.condition
    assert isinstance(condition, NoProgress)
    limit = condition.after_seconds * SECOND_US
    rows, unseen = await _open_runs(rule, state, facts, walk, limit, waiting=False)
    found = _holding(evaluate_runs.idle_runs(rows, condition, state.firing, facts.now))
    return Found(unseen | found.holding)


async def _task_lost(rule: Rule, state: RuleState, facts: Facts, walk: dict[str, Any]) -> Found:
    rows, unseen = await _open_runs(rule, state, facts, walk, 0, waiting=True)
    found = _holding(evaluate_runs.lost_runs(rows, state.firing, facts.now))
    return Found(unseen | found.holding)


async def _error_rate(rule: Rule, state: RuleState, facts: Facts, walk: dict[str, Any]) -> Found:
    assert isinstance(rule.condition, ErrorRate)
    span = evaluate_windows.window_span(rule.condition.window_seconds, facts.now)
    rows = await facts.outcomes(rule.filters, span)
    return _holding(evaluate_windows.error_rates(rows, rule.condition, rule.filters, span))


async def _cost_threshold(rule: Rule, state: RuleState, facts: Facts, walk: dict[str, Any]) -> Found:
    assert isinstance(rule.condition, CostThreshold)
    span = evaluate_windows.window_span(rule.condition.window_seconds, facts.now)
    rows = await facts.usage(rule.filters, span)
    return _holding(evaluate_windows.costly(rows, rule.condition, rule.filters, span))


async def _budget(rule: Rule, state: RuleState, facts: Facts, walk: dict[str, Any]) -> Found:
    assert isinstance(rule.condition, Budget)
    span = evaluate_windows.budget_span(rule.condition, facts.now)
    rows = await facts.usage(rule.filters, span)
    return _holding(evaluate_windows.budget_steps(rows, rule.condition, rule.filters, span))


_Evaluation = Callable[[Rule, RuleState, Facts, dict[str, Any]], Awaitable[Found]]
_EVALUATIONS: dict[type[Any], _Evaluation] = {
    AgentStuck: _agent_stuck,
    HeartbeatLost: _heartbeat_lost,
    TaskFailed: _task_failed,
    ErrorRate: _error_rate,
    DurationExceeded: _duration_exceeded,
    CostThreshold: _cost_threshold,
    Budget: _budget,
    NoProgress: _no_progress,
    TaskLost: _task_lost,
    QueueDepth: _queue_depth,
    IssueOpened: _issue_opened,
    ApprovalWaiting: _approval_waiting,
}
