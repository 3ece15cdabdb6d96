"""Whether something lies within the filters of a rule."""

from __future__ import annotations

from hiveboard.store.rows import ApprovalRow, IssueRow, LatestRow, Scope, TaskRow

from .condition import Filters

__all__ = ["run_within", "scope_of", "within"]


def scope_of(filters: Filters) -> Scope:
    """The filters that counters know."""
    return Scope(
        project_id=filters.project_id,
        agent_id=filters.agent_id,
        environment=filters.environment,
        group=filters.group,
    )


def within(filters: Filters, row: LatestRow | ApprovalRow | IssueRow) -> bool:
    """Whether what hangs on an agent counts; what names no project belongs to all projects of its agent."""
    state = row.state if isinstance(row, IssueRow) else row
    return (
        filters.project_id in (None, state.project_id or filters.project_id)
        and filters.agent_id in (None, state.agent_id)
        and filters.environment in (None, row.environment)
        and filters.group in (None, row.group)
    )


def run_within(filters: Filters, row: TaskRow) -> bool:
    """Whether a run counts."""
    state = row.state
    return (
        filters.project_id in (None, state.project_id)
        and filters.agent_id in (None, state.agent_id)
        and filters.environment in (None, row.environment)
        and filters.group in (None, row.group)
        and filters.task_type in (None, state.task_type)
    )
