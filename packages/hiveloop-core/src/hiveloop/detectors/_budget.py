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

_MOST_RUNS = 10_000
_MOST_ACCOUNTS = 100_000


class BudgetExceeded(Intervention):
    """The budget is spent; raised by ``BudgetGuard(on_detect="raise")`` before the call that would exceed it."""


class _Account(Struct, gc=False):
    """What one task, agent or user has spent. ``reserved`` counts the model calls under way."""

    usd: float = 0.0
    tokens: int = 0
    calls: int = 0
    #: Of runs that have ended.
    seconds: float = 0.0
    unpriced: int = 0
    reserved: int = 0
    told: bool = False


class _Run(Struct):
    """A run under way: which account it draws on, and since when."""

    account: _Account | None = None
    started: float = 0.0


class BudgetGuard(Detector):
    """Finds a budget that the next model call would exceed. Give at least one of ``usd``, ``tokens``, ``calls``, ``seconds``.

    ``per`` is ``"task"`` (one run), ``"agent"`` or ``"user"`` (the ``user_id`` of the task; runs without one are each
    on their own). Before a call the mean of the calls so far is reserved, for every call under way at once; what it
    really took replaces that. ``usd`` counts calls whose cost is known: reported, or estimated with ``init(prices=…)``.
    ``seconds`` are those of a run, and of an agent's or user's runs together. Accounts of agents and users live as long
    as the process, at least 100,000 of them.
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
        most = {name: beyond for name, _, beyond in self._limits}
        self._most_usd = most.get("usd", math.inf)
        self._most_tokens = most.get("tokens", math.inf)
        self._most_calls = most.get("calls", math.inf)
        self._is_timed = "seconds" in most
        self._runs: PerRun[_Run] = PerRun(_Run, _MOST_RUNS)
        self._accounts: PerRun[_Account] = PerRun(_Account, _MOST_ACCOUNTS)
        self._lock = Lock()

    def see(self, agent_id: str, event: Event) -> Finding | None:
        """Settle a call that was made; open and close the accounts of runs."""
        name = event.task_run_id or run_of(agent_id, event)
        if type(event) is not Custom:
            with self._lock:
                if type(event) is not TaskStarted:
                    self._close(name)
                elif self._is_timed or self._per == "user":
                    self._open(name, agent_id, event.payload)
            return None
        payload: Any = event.payload
        facts = payload.data if type(payload) is LlmCall else None
        if type(facts) is not LlmCallData:
            facts = call_facts(event)
        with self._lock:
            run = self._runs[name]
            account = run.account or self._open(name, agent_id, None)
            account.calls += 1
            if account.reserved:
                account.reserved -= 1
            account.tokens += (facts.tokens_in or 0) + (facts.tokens_out or 0)
            cost = facts.cost
            if cost is None:
                account.unpriced += 1
            elif 0 <= cost < math.inf:
                account.usd += cost
            # What is spent already stops what comes next, whatever that is.
            if (
                account.usd > self._most_usd
                or account.tokens > self._most_tokens
                or account.calls > self._most_calls
                or self._is_timed
            ):
                return self._found(account, run.started, 0)
        return None

    def before_call(self, call: Call) -> Finding | None:
        """Reserve what a model call may take, and say so where that is more than what is left."""
        if call.task is None:
            return None
        is_model_call = call.kind == "llm"
        with self._lock:
            run = self._runs[call.run]
            account = run.account or self._open(call.run, call.task.agent.agent_id, call.task.details)
            found = self._found(account, run.started, account.reserved + 1 if is_model_call else 0)
            if is_model_call:
                account.reserved += 1
        return found

    def call_off(self, call: Call) -> None:
        """Give back what was reserved for a call that is not made."""
        if call.task is None or call.kind != "llm":
            return
        with self._lock:
            account = self._runs[call.run].account
            if account is not None and account.reserved:
                account.reserved -= 1

    def _finding(self, account: _Account, name: str, spent: float, limit: float) -> Finding:
        is_news, account.told = not account.told, True
        line = f"{name} budget of this {self._per}"
        figures = f"{_amount(name, spent)} of {_amount(name, limit)}"
        is_spent = spent >= limit
        return Finding(
            detector=self.name,
            message=f"The {line} is spent: {figures}"
            if is_spent
            else f"One more model call would exceed the {line}: {figures} are spent",
            data={
                "budget": name,
                "per": self._per,
                "limit": limit,
                "spent": round(spent, 6),
                "under_way": account.reserved or None,
                "unpriced_calls": account.unpriced or None,
            },
            advice="The budget for this work is spent. Finish now with what you have.",
            error=BudgetExceeded,
            is_news=is_news,
        )

    def _open(self, name: str, agent_id: str, details: Any) -> _Account:
        run = self._runs[name]
        if run.account is None:
            run.started = time.monotonic()
            run.account = self._account(agent_id, details)
        return run.account

    def _account(self, agent_id: str, details: Any) -> _Account:
        if self._per == "agent":
            return self._accounts[agent_id]
        user = details.get("user_id") if self._per == "user" and type(details) is dict else None
        return self._accounts[user] if type(user) is str and user else _Account()

    def _close(self, name: str) -> None:
        run = self._runs.forget(name)
        if self._is_timed and run is not None and run.account is not None:
            run.account.seconds += time.monotonic() - run.started

    def _found(self, account: _Account, started: float, coming: int) -> Finding | None:
        """What there is to say when ``coming`` calls would exceed a budget."""
        for name, limit, beyond in self._limits:
            if name == "seconds":
                spent = then = account.seconds + time.monotonic() - started
            else:
                spent = then = getattr(account, name)
                if coming:
                    typical = 1.0 if name == "calls" else spent / account.calls if account.calls else 0.0
                    then = spent + coming * typical
            if then > beyond:
                return self._finding(account, name, spent, limit)
        return None


def _beyond(limit: float) -> float:
    """The least that is more than the limit: ten times ten cents are a dollar, though not as sums of binary fractions."""
    return limit * (1 + 1e-9)


def _amount(name: str, value: float) -> str:
    return {"usd": f"${value:.4f}", "seconds": f"{value:.1f} s"}.get(name, f"{value:,.0f}")
