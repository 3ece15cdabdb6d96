"""Counters by time bucket, gathered in memory for one commit and then added to the stored ones."""

from __future__ import annotations

from collections.abc import Sequence
from operator import add
from typing import Any

from hiveboard.instant import HOUR_US, MINUTE_US

from .records import EventRecord
from .state import TaskState
from .step import action_name
from .values import dict_of

__all__ = [
    "FINEST",
    "GRAINS",
    "USAGE_COUNTERS",
    "Counters",
    "Rollup",
    "action_failed",
    "action_name",
    "add_row",
]

#: Widths of the stored buckets in microseconds: five minutes, an hour, a day.
GRAINS = (5 * MINUTE_US, HOUR_US, 24 * HOUR_US)
FINEST = GRAINS[0]

#: What is summed of model calls. ``told_in`` and ``told_out`` count those that told their tokens. ``unpriced`` calls
#: have no cost; some of them because they told no tokens (``without_usage``), or because they ``failed``.
USAGE_COUNTERS = (
    "calls", "tokens_in", "tokens_out", "told_in", "told_out", "reported_nano", "estimated_nano", "unpriced",
    "without_usage", "failed", "duration_ms",
)  # fmt: skip

Counters = dict[tuple[Any, ...], list[int]]


def action_failed(event_type: str, payload: dict[str, Any] | None) -> bool:
    """Whether an ``action_*`` event says the action failed: by its type, by ``success: false`` or by an ``error``."""
    if event_type == "action_failed":
        return True
    if event_type != "action_completed" or payload is None:
        return False
    return payload.get("success") is False or bool(payload.get("error"))


def _call_failed(payload: dict[str, Any] | None) -> bool:
    """Whether a model call says it was refused or broke off."""
    return bool(dict_of(dict_of((payload or {}).get("data")).get("metadata")).get("error"))


class Rollup:
    """What one commit adds to each counter table, by primary key."""

    def __init__(self) -> None:
        self.activity: Counters = {}
        self.llm_usage: Counters = {}
        self.llm_by_model: Counters = {}
        self.task_outcomes: Counters = {}

    def llm_call(self, record: EventRecord, payload: dict[str, Any] | None) -> None:
        """Count one model call."""
        ts, model, cost = record.ts, record.model or "", record.cost_nano
        tokens_in, tokens_out = record.tokens_in, record.tokens_out
        estimated = record.cost_source == "estimated"
        silent = cost is None and tokens_in is None and tokens_out is None
        failed = silent and _call_failed(payload)
        row = (
            1,
            tokens_in or 0,
            tokens_out or 0,
            tokens_in is not None,
            tokens_out is not None,
            cost if cost is not None and not estimated else 0,
            cost if cost is not None and estimated else 0,
            cost is None,
            silent and not failed,
            failed,
            record.duration_ms or 0,
        )
        add_row(
            self.llm_usage,
            (record.tenant, FINEST, ts - ts % FINEST, record.agent_id, model, record.scope_id),
            row,
        )

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
        for (tenant, grain, bucket, _, model, _), row in self.llm_usage.items():
            add_row(self.llm_by_model, (tenant, grain, bucket, model), row)
        for table in (self.activity, self.llm_usage, self.llm_by_model, self.task_outcomes):
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
