"""A rule: what to watch, how urgent it is, whom to tell and how often; as stored, and what is wrong with one."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from hiveboard.instant import SECOND_US

from .channel import InvalidFieldError
from .condition import (
    Budget,
    Condition,
    CostThreshold,
    DurationExceeded,
    ErrorRate,
    Filters,
    IssueOpened,
    NoProgress,
    TaskFailed,
    TaskLost,
)

__all__ = [
    "FEED_CONDITIONS",
    "WINDOW_CONDITIONS",
    "AlertSeverity",
    "Rule",
    "check_rule",
    "cooldown_us",
    "is_silenced",
]

AlertSeverity = Literal["info", "warning", "critical"]

#: Conditions that look at events as they arrive.
FEED_CONDITIONS = (TaskFailed, DurationExceeded, IssueOpened)
#: Conditions that sum counters over a stretch of time.
WINDOW_CONDITIONS = (ErrorRate, CostThreshold, Budget)
_TASK_CONDITIONS = (TaskFailed, ErrorRate, DurationExceeded, CostThreshold, Budget, NoProgress, TaskLost)


class Rule(Struct, kw_only=True):
    """A rule as it is kept. Times are microseconds.

    ``generation`` grows whenever what is watched changes: what was going on before then is forgotten. ``from_seq``
    is the newest event at that moment; only later ones count as news. ``link_base`` is where the dashboard was when the
    rule was made.
    """

    id: str
    name: str
    condition: Condition
    filters: Filters
    severity: AlertSeverity
    channels: list[str]
    cooldown_seconds: float
    enabled: bool
    notify_resolved: bool
    silenced_until: int | None
    created_at: int
    updated_at: int
    generation: int
    from_seq: int
    link_base: str


def is_silenced(rule: Rule, now: int) -> bool:
    """Whether nobody is to be told at ``now`` (microseconds)."""
    return rule.silenced_until is not None and now < rule.silenced_until


def cooldown_us(rule: Rule) -> int:
    """How long a rule keeps quiet about the same agent after it told something; microseconds."""
    return round(rule.cooldown_seconds * SECOND_US)


def check_rule(condition: Condition, filters: Filters) -> None:
    """Raise InvalidFieldError for what the types cannot say."""
    if filters.task_type is not None and not isinstance(condition, _TASK_CONDITIONS):
        kind = condition.__struct_config__.tag
        raise InvalidFieldError("filters.task_type", f"leave it out: {kind} does not look at tasks")
    if isinstance(condition, Budget) and sorted(set(condition.steps)) != condition.steps:
        raise InvalidFieldError("condition.steps", "send each percentage once, the smallest first")
