"""What one commit adds to the tallies, gathered in memory."""

from __future__ import annotations

from operator import add
from typing import Any

from hiveboard.instant import HOUR_US

from .fold_task import OUTCOMES
from .insight_reading import (
    MAX_CALL_NAME,
    call_traits,
    credential_status,
    duration_step,
    failure_reason,
    turn_step,
    waited_ms,
)
from .records import EventRecord
from .rollup import Counters, action_failed, add_row
from .state import TaskState
from .step import action_name
from .tallies import ACTIONS, CALLS, DURATIONS, RUNS, TALLIES, TROUBLES, TURNS, Tally
from .values import dict_of, text_in

__all__ = ["TROUBLE_EVENTS", "TROUBLE_KINDS", "TallyRollup"]

# Where an event of a kind says what it is about; those not named here are failures and say why.
_REASON_FIELDS = {
    "learning": "category",
    "anomaly": "detector",
    "context_compaction": "method",
    "recovered": "function",
    "plan_step": "step_index",
    "plan_created": "revision",
}
_CALL_COUNTERS = len(CALLS.counters)
# The sums of a commit must fit 64 bits, whatever runs claim to have cost: 100,000 US dollars each.
_MAX_RUN_NANO = 10**14
#: Event types and custom kinds that are counted as trouble by their mere arrival.
TROUBLE_EVENTS = ("retry_started",)
TROUBLE_KINDS = (
    "recovered", "learning", "anomaly", "error_context", "context_compaction", "plan_step", "plan_created",
)  # fmt: skip


class TallyRollup:
    """Counters of every tally by primary key; :meth:`widened` derives the wider buckets."""

    def __init__(self) -> None:
        self.counters: dict[str, Counters] = {tally.name: {} for tally in TALLIES}
        self._calls, self._actions = self.counters[CALLS.name], self.counters[ACTIONS.name]

    def _add(
        self, tally: Tally[Any], record: EventRecord, own: tuple[Any, ...], row: tuple[int, ...]
    ) -> None:
        grain = tally.grains[0]
        bucket = record.ts - record.ts % grain
        key = (record.tenant, grain, bucket, record.agent_id, record.scope_id, *own)
        add_row(self.counters[tally.name], key, row)

    def llm_call(self, record: EventRecord, payload: dict[str, Any] | None) -> None:
        """Count one model call and what its metadata tells."""
        # Every call comes through here, so counters are raised in place.
        ts, data = record.ts, (payload or {}).get("data")
        name = data.get("name") if type(data) is dict else None
        name = name[:MAX_CALL_NAME] if type(name) is str else ""
        key = (
            record.tenant,
            HOUR_US,
            ts - ts % HOUR_US,
            record.agent_id,
            record.scope_id,
            name,
            record.model or "",
        )
        have = self._calls.get(key)
        if have is None:
            have = self._calls[key] = [0] * _CALL_COUNTERS
        have[0] += 1
        tokens_in, tokens_out, cost = record.tokens_in, record.tokens_out, record.cost_nano
        if tokens_in is not None:
            have[1] += tokens_in
            have[2] += 1
        if tokens_out is not None:
            have[3] += tokens_out
            have[4] += 1
        if cost is None:
            have[7] += 1
        else:
            have[5] += cost
            if record.cost_source == "estimated":
                have[6] += cost
        metadata = data.get("metadata") if type(data) is dict else None
        if metadata and type(metadata) is dict:
            have[8:] = map(add, have[8:], call_traits(record, metadata))
            self._metadata(record, metadata)

    def _metadata(self, record: EventRecord, metadata: dict[str, Any]) -> None:
        step = turn_step(metadata)
        if step is not None:
            tokens_in, tokens_out, cost = record.tokens_in, record.tokens_out, record.cost_nano
            usage = (tokens_in or 0, tokens_in is not None, tokens_out or 0, tokens_out is not None)
            self._add(TURNS, record, (step,), (1, *usage, cost or 0, cost is None))
        error = metadata.get("error")
        if error:
            fields = error if isinstance(error, dict) else {"error": error}
            self._trouble(record, "call_failed", failure_reason(fields))
            self._credential(record, "credential_call", fields)

    def action(self, record: EventRecord, payload: dict[str, Any] | None) -> bool:
        """Count one finished action, and why it failed where it failed by itself. Returns whether it failed."""
        failed = action_failed(record.event_type, payload)
        ts, took = record.ts, record.duration_ms or 0
        key = (
            record.tenant,
            HOUR_US,
            ts - ts % HOUR_US,
            record.agent_id,
            record.scope_id,
            action_name(payload),
        )
        have = self._actions.get(key)
        if have is None:
            have = self._actions[key] = [0] * len(ACTIONS.counters)
        have[1 if failed else 2 if record.status in OUTCOMES else 0] += 1
        have[3] += took
        if failed:
            have[4] += took
        if failed and text_in(payload, "error_origin") is None:
            self._trouble(record, "action_failed", failure_reason(payload))
            self._credential(record, "credential_action", payload or {})
        return failed

    def trouble(self, record: EventRecord, payload: dict[str, Any] | None) -> None:
        """Count an event of :data:`TROUBLE_EVENTS` or :data:`TROUBLE_KINDS`."""
        data = dict_of((payload or {}).get("data"))
        what = record.kind or record.event_type
        if what == "plan_step" and data.get("action") != "failed":
            return
        if what == "plan_created" and not data.get("revision"):
            return  # the first plan is no trouble, a replan is
        if what == "error_context":
            self._credential(record, "credential_told", data)
        field = _REASON_FIELDS.get(what)
        reason = failure_reason(payload) if field is None else text_in(data, field) or "unknown"
        waited = waited_ms(payload) if what == "retry_started" else None
        self._trouble(record, what, reason[:64], waited)

    def _credential(self, record: EventRecord, what: str, fields: dict[str, Any]) -> None:
        status = credential_status(fields)
        if status is not None:
            self._trouble(record, what, status)

    def _trouble(self, record: EventRecord, what: str, reason: str, waited: int | None = None) -> None:
        self._add(TROUBLES, record, (what, reason), (1, waited is not None, waited or 0))

    def task(self, task: TaskState, sign: int) -> None:
        """Add (or with ``sign`` -1 take back) what a run contributes once it has ended."""
        if task.end_ts is None:
            return
        failed, other = task.outcome == "failed", task.outcome in OUTCOMES
        took, cost = task.duration_ms or 0, min(_MAX_RUN_NANO, task.cost_nano or 0)
        unpriced = task.llm_calls > 0 and task.cost_nano is None
        troubled = task.errors > 0 or task.retries > 0
        row = (
            1, cost, unpriced,
            failed, cost * failed, unpriced and failed, took * failed,
            other, cost * other, unpriced and other, took * other,
            task.retries > 0, task.retries, troubled, troubled and task.outcome == "completed",
            task.escalations > 0, task.interventions > 0,
        )  # fmt: skip
        self._of_run(RUNS, task, (), tuple(sign * value for value in row))
        if task.outcome in ("completed", "failed") and task.duration_ms is not None:
            self._of_run(DURATIONS, task, (duration_step(task.duration_ms),), (sign,))

    def _of_run(self, tally: Tally[Any], task: TaskState, own: tuple[Any, ...], row: tuple[int, ...]) -> None:
        ended, grain = task.end_ts or 0, tally.grains[0]
        key = (task.tenant, grain, ended - ended % grain, task.agent_id, task.scope_id, *own)
        add_row(self.counters[tally.name], key, row)

    def widened(self) -> dict[str, Counters]:
        """The counters with the wider buckets derived from the finest; rows that add nothing are left out."""
        for tally in TALLIES:
            table = self.counters[tally.name]
            for key in [key for key, row in table.items() if not any(row)]:
                del table[key]
            for key, row in list(table.items()):
                for grain in tally.grains[1:]:
                    add_row(table, (key[0], grain, key[2] - key[2] % grain, *key[3:]), row)
        return self.counters
