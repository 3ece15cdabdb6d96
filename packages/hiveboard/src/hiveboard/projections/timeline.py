"""One run of a task, told: its events, what nested in what, the plan, the errors, where the time went."""

from __future__ import annotations

from hiveboard.store.records import StoredEvent

from .action_tree import ActionNode, LlmNode, action_tree
from .error_chain import ErrorChain, error_chains
from .event_view import EventView, event_view, payload_of
from .plan import Plan, current_plan, plan_history
from .task_status import TaskView
from .time_breakdown import TimeBreakdown, time_breakdown

__all__ = ["Timeline", "build_timeline"]


class Timeline(TaskView, kw_only=True):
    """A task row plus everything known of the run. ``events`` are in order of time, the earliest first."""

    events: list[EventView]
    events_truncated: bool
    action_tree: list[ActionNode]
    llm_calls: list[LlmNode]
    error_chains: list[ErrorChain]
    plan: Plan | None
    plan_history: list[Plan]
    time_breakdown: TimeBreakdown


def build_timeline(task: TaskView, events: list[StoredEvent], limit: int) -> Timeline:
    """Assemble the answer from the run's events in order of time; beyond ``limit`` they are cut off."""
    told = [(event, payload_of(event)) for event in events[:limit]]
    tree, loose = action_tree(told)
    fields = {name: getattr(task, name) for name in TaskView.__struct_fields__}
    return Timeline(
        **fields,
        events=[event_view(event) for event, _ in told],
        events_truncated=len(events) > limit,
        action_tree=tree,
        llm_calls=loose,
        error_chains=error_chains(told),
        plan=current_plan(told),
        plan_history=plan_history(told),
        time_breakdown=time_breakdown(told, task.duration_ms),
    )
