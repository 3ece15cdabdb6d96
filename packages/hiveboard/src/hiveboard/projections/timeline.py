"""One run of a task, told: its events, what nested in what, the plan, the errors, where the time went."""

from __future__ import annotations

from typing import Any

from hiveboard.instant import format_optional
from hiveboard.store.rows import RunEvents, TaskRow

from .action_tree import ActionNode, LlmNode, action_tree
from .error_chain import ErrorChain, error_chains
from .event_view import EventView, event_view, payload_of
from .plan import Plan, current_plan, plan_history
from .run_record import ScoreView, StepView, run_record
from .task_status import TaskView, is_lost, task_view
from .time_breakdown import Stretch, TimeBreakdown, time_breakdown

__all__ = ["Timeline", "build_timeline"]


class Timeline(TaskView, kw_only=True):
    """A task row plus everything known of the run. ``events`` are in order of time, the earliest first.

    Of a very long run (``events_truncated``) they are the first and the last, and the failures between them:
    ``events_omitted`` of its ``event_count`` events are missing, all after ``omitted_since`` and before ``omitted_until``.
    ``inputs`` to ``steps`` are the record of the run: what it was given and told of itself, the last word counting.
    """

    events: list[EventView]
    events_truncated: bool
    events_omitted: int
    omitted_since: str | None
    omitted_until: str | None
    action_tree: list[ActionNode]
    llm_calls: list[LlmNode]
    error_chains: list[ErrorChain]
    plan: Plan | None
    plan_history: list[Plan]
    time_breakdown: TimeBreakdown
    inputs: Any
    tags: dict[str, str]
    metadata: dict[str, Any]
    result: Any
    scores: list[ScoreView]
    steps: list[StepView]


def build_timeline(row: TaskRow, run: RunEvents, now: int) -> Timeline:
    """Assemble the answer from the run's events in order of time; ``now`` in microseconds."""
    task = task_view(row, now)
    told = [(event, payload_of(event)) for event in run.events]
    tree, loose = action_tree(told, is_lost=is_lost(row, now))
    fields = {name: getattr(task, name) for name in TaskView.__struct_fields__}
    record = run_record(told)
    fields |= {name: getattr(record, name) for name in record.__struct_fields__}
    return Timeline(
        **fields,
        events=[event_view(event) for event, _ in told],
        events_truncated=run.omitted > 0,
        events_omitted=run.omitted,
        omitted_since=format_optional(run.omitted_since),
        omitted_until=format_optional(run.omitted_until),
        action_tree=tree,
        llm_calls=loose,
        error_chains=error_chains(told),
        plan=current_plan(told),
        plan_history=plan_history(told),
        time_breakdown=time_breakdown(told, _stretch(row, now), is_partial=run.omitted > 0),
    )


def _stretch(row: TaskRow, now: int) -> Stretch:
    """The run as long as its row says; an open one until now, or until its last event where clocks are ahead of ours.

    A lost one went on for as long as its process was heard.
    """
    state = row.state
    if row.heard is not None and is_lost(row, now):
        return Stretch(state.sort_ts, max(row.heard, state.last_ts), is_open=True)
    if state.end_ts is None or state.duration_ms is None:
        return Stretch(state.sort_ts, max(now, state.last_ts), is_open=True)
    return Stretch(state.end_ts - state.duration_ms * 1000, state.end_ts, is_open=False)
