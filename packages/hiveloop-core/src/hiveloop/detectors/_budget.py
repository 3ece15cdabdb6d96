"""Budgets: dollars, tokens, calls or seconds, per task, agent or user; asked before each model call."""

from __future__ import annotations

import math
import time
from typing import Any, Literal

from msgspec import Struct

from hiveloop._locks import Lock
from hiveloop.errors import HiveLoopConfigError, Intervention
from hiveloop.events import Custom, Event, TaskCompleted, TaskFailed, TaskStarted
from hiveloop.payloads import LlmCall, LlmCallData

from ._detector import Call, Detector, Finding, OnDetect, positive, run_of
from ._llm import call_facts
from ._per_run import PerRun

__all__ = ["BudgetExceeded", "BudgetGuard"]

_MOST_RUNS = 1_000
_MOST_ACCOUNTS = 100_000


class BudgetExceeded(Intervention):
    """The budget is spent; raised by ``BudgetGuard(on_detect="raise")`` before the call that would exceed it."""


class _Account(Struct):
    """What one task, agent or user has spent. ``reserved`` holds the calls under way, by what they may cost."""

    usd: float = 0.0
    tokens: int = 0
    calls: int = 0
    unpriced: int = 0
    started: float = 0.0
    reserved: int = 0
    told: bool = False


class BudgetGuard(Detector):
    """Finds a budget that the next model call would exceed. Give at least one of ``usd``, ``tokens``, ``calls``, ``seconds``.

    ``per`` is ``"task"`` (one run), ``"agent"`` or ``"user"`` (the ``user_id`` of the task; runs without one are each
    on their own). Before a call the mean of the calls so far is reserved, for every call under way at once; what it
    really took replaces that. ``usd`` counts calls whose cost is known: reported, or estimated with ``init(prices=…)``.
    Accounts of agents and users live as long as the process, 100,000 of them.
    """

    name = "budget"
    sees = (LlmCall, TaskStarted, TaskCompleted, TaskFailed)
    asks = ("tool", "llm")

    def __init__(
        self,
        usd: float | None = None,
        tokens: int | None = None,
        calls: int | None = None,
        seconds: float | None = None,
        per: Literal["task", "agent", "user"] = "task",
        on_detect: OnDetect = "raise",
    ) -> None:
        super().__init__(on_detect)
        limits = {"usd": usd, "tokens": tokens, "calls": calls, "seconds": seconds}
        self._limits = tuple(
            (name, positive("BudgetGuard", name, limit), _beyond(limit))
            for name, limit in limits.items()
            if limit is not None
        )
        if not self._limits:
            raise HiveLoopConfigError("BudgetGuard: give at least one of usd, tokens, calls, seconds")
        if per not in ("task", "agent", "user"):
            raise HiveLoopConfigError(f"BudgetGuard: per must be 'task', 'agent' or 'user', got {per!r:.80}")
        self._per = per
        most = _MOST_ACCOUNTS if per != "task" else _MOST_RUNS
        self._accounts: PerRun[_Account] = PerRun(lambda: _Account(started=time.monotonic()), most)
        #: Which account a run draws on, where that is not the run itself.
        self._payers: PerRun[list[str]] = PerRun(list)
        self._lock = Lock()

    def see(self, agent_id: str, event: Event) -> Finding | None:
        """Settle a call that was made; open and close the accounts of runs."""
        run = event.task_run_id or run_of(agent_id, event)
        with self._lock:
            if type(event) is Custom:
                account = self._account(run, agent_id)
                _settle(account, call_facts(event))
                # What is spent already stops what comes next, whatever that is.
                return self._found(account, 0)
            if type(event) is TaskStarted:
                self._open(run, agent_id, event.payload)
            else:
                self._payers.forget(run)
                if self._per == "task":
                    self._accounts.forget(run)
        return None

    def before_call(self, call: Call) -> Finding | None:
        """Reserve what a model call may take, unless that is more than what is left."""
        if call.task is None:
            return None
        is_model_call = call.kind == "llm"
        with self._lock:
            account = self._account(call.run, call.task.agent.agent_id)
            found = self._found(account, account.reserved + 1 if is_model_call else 0)
            if found is None and is_model_call:
                account.reserved += 1
            return found

    def _finding(self, account: _Account, name: str, spent: float, limit: float) -> Finding:
        is_news, account.told = not account.told, True
        return Finding(
            detector=self.name,
            message=f"The {name} budget of this {self._per} is spent: {_amount(name, spent)} of {_amount(name, limit)}",
            data={
                "budget": name,
                "per": self._per,
                "limit": limit,
                "spent": round(spent, 6),
                "unpriced_calls": account.unpriced or None,
            },
            advice="The budget for this work is spent. Finish now with what you have.",
            error=BudgetExceeded,
            is_news=is_news,
        )

    def _open(self, run: str, agent_id: str, payload: Any) -> None:
        if self._per == "user":
            user = payload.get("user_id") if type(payload) is dict else None
            self._payers[run][:] = [f"user:{user}"] if user else []
        self._account(run, agent_id)

    def _account(self, run: str, agent_id: str) -> _Account:
        if self._per == "task":
            return self._accounts[run]
        if self._per == "agent":
            return self._accounts[f"agent:{agent_id}"]
        payer = self._payers.get(run)
        return self._accounts[payer[0] if payer else run]

    def _found(self, account: _Account, coming: int) -> Finding | None:
        """What there is to say when ``coming`` calls would exceed a budget."""
        for name, limit, beyond in self._limits:
            if name == "seconds":
                spent = then = time.monotonic() - account.started
            else:
                spent = then = getattr(account, name)
                if coming:
                    typical = 1.0 if name == "calls" else spent / account.calls if account.calls else 0.0
                    then = spent + coming * typical
            if then > beyond:
                return self._finding(account, name, spent, limit)
        return None


def _settle(account: _Account, facts: LlmCallData) -> None:
    account.calls += 1
    if account.reserved:
        account.reserved -= 1
    account.tokens += (facts.tokens_in or 0) + (facts.tokens_out or 0)
    if facts.cost is None:
        account.unpriced += 1
    elif 0 <= facts.cost < math.inf:
        account.usd += facts.cost


def _beyond(limit: float) -> float:
    """The least that is more than the limit: ten times ten cents are a dollar, though not as sums of binary fractions."""
    return limit * (1 + 1e-9)


def _amount(name: str, value: float) -> str:
    return {"usd": f"${value:.4f}", "seconds": f"{value:.1f} s"}.get(name, f"{value:,.0f} {name}")
