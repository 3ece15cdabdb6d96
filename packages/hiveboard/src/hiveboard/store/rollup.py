"""Counters by time bucket, gathered in memory for one commit and then added to the stored ones."""

from __future__ import annotations

from collections.abc import Sequence
from operator import add
from typing import Any

from hiveboard.instant import HOUR_US, MINUTE_US

from .fold_task import OUTCOMES
from .records import EventRecord
from .state import TaskState
from .values import dict_of, text_in

__all__ = ["FINEST", "GRAINS", "Rollup", "action_failed", "action_name", "add_row"]

#: Widths of the stored buckets in microseconds: five minutes, an hour, a day.
GRAINS = (5 * MINUTE_US, HOUR_US, 24 * HOUR_US)
FINEST = GRAINS[0]
_MAX_ACTION_NAME = 256

Counters = dict[tuple[Any, ...], list[int]]


def action_name(payload: dict[str, Any] | None) -> str:
    """Name of the action an event belongs to; ``action`` when it names none."""
    if payload is None:
        return "action"
    name = payload.get("action_name")
    if type(name) is str and 0 < len(name) <= _MAX_ACTION_NAME:
        return name  # the usual case, without the detours
    name = text_in(payload, "action_name") or text_in(dict_of(payload.get("data")), "action_name")
    return (name or text_in(payload, "function") or text_in(payload, "summary") or "action")[
        :_MAX_ACTION_NAME
    ]


def action_failed(event_type: str, payload: dict[str, Any] | None) -> bool:
    """Whether an ``action_*`` event says the action failed: by its type, by ``success: false`` or by an ``error``."""
    if event_type == "action_failed":
        return True
    if event_type != "action_completed" or payload is None:
        return False
    return payload.get("success") is False or bool(payload.get("error"))


class Rollup:
    """What one commit adds to each counter table, by primary key."""

    def __init__(self) -> None:
        self.activity: Counters = {}
        self.llm_usage: Counters = {}
        self.llm_by_model: Counters = {}
        self.task_outcomes: Counters = {}
        self.action_outcomes: Counters = {}

    def llm_call(self, record: EventRecord) -> None:
        """Count one model call."""
        ts, model, cost = record.ts, record.model or "", record.cost_nano
        estimated = record.cost_source == "estimated"
        row = (
            1,
            record.tokens_in or 0,
            record.tokens_out or 0,
            cost if cost is not None and not estimated else 0,
            cost if cost is not None and estimated else 0,
            1 if cost is None else 0,
            record.duration_ms or 0,
        )
        add_row(
            self.llm_usage,
            (record.tenant, FINEST, ts - ts % FINEST, record.agent_id, model, record.scope_id),
            row,
        )

    def action(self, record: EventRecord, payload: dict[str, Any] | None) -> None:
        """Count one finished action."""
        failed = action_failed(record.event_type, payload)
        other = not failed and record.status in OUTCOMES
        row = (int(not failed and not other), int(failed), int(other), record.duration_ms or 0)
        bucket = record.ts - record.ts % HOUR_US
        add_row(self.action_outcomes, (record.tenant, bucket, record.agent_id, action_name(payload)), row)

    def task(self, task: TaskState, sign: int) -> None:
        """Add (or with ``sign`` -1 take back) what a task run contributes once it has ended."""
        if task.end_ts is None:
            return
        completed, failed = task.outcome == "completed", task.outcome == "failed"
        timed = (completed or failed) and task.duration_ms is not None
        row = (
            sign * completed,
            sign * failed,
            sign * (not completed and not failed),
            sign * (task.escalations > 0),
            sign * timed,
            sign * (task.duration_ms or 0) if timed else 0,
        )
        bucket = task.end_ts - task.end_ts % FINEST
        add_row(self.task_outcomes, (task.tenant, FINEST, bucket, task.agent_id, task.scope_id), row)

    def widen(self) -> None:
        """Derive the wider buckets from the finest ones; called once, when everything is counted."""
        for (tenant, _, bucket, _, model, _), row in self.llm_usage.items():
            add_row(self.llm_by_model, (tenant, bucket - bucket % HOUR_US, model), row)
        for table in (self.activity, self.llm_usage, self.task_outcomes):
            for key, row in list(table.items()):
                for grain in GRAINS[1:]:
                    add_row(table, (key[0], grain, key[2] - key[2] % grain, *key[3:]), row)


def add_row(table: Counters, key: tuple[Any, ...], row: Sequence[int]) -> None:
    """Add counts to a row, which may be new."""
    have = table.get(key)
    if have is None:
        table[key] = list(row)
    else:
        have[:] = map(add, have, row)
