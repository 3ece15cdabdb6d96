"""What the policies count: runs, model calls, tool calls, tokens, dollars and seconds, kept bounded, in this process."""

from __future__ import annotations

import math
import time
from typing import Any

from msgspec import Struct

from hiveloop._buffer import Lane
from hiveloop._locks import Lock
from hiveloop._runtime import runtime
from hiveloop._safety import contained
from hiveloop.detectors._detector import run_of
from hiveloop.detectors._llm import call_facts
from hiveloop.detectors._per_run import PerRun
from hiveloop.events import Custom, Event, TaskCompleted, TaskFailed, TaskStarted
from hiveloop.payloads import LlmCall, LlmCallData, ToolCall

from ._request import Request
from ._rules import Budget, Policy, Rate
from ._window import Window

__all__ = ["Meter", "Spent"]

_MAX_TOLD = 256


class Spent(Struct):
    """What was spent on one account."""

    usd: float = 0.0
    tokens: int = 0
    calls: int = 0
    seconds: float = 0.0
    unpriced: int = 0


class _Run(Struct):
    """A run under way, as its own start told it."""

    request: Request = Request(phase="mid_execution", agent_id="")
    started: float = 0.0
    #: The model of its latest call, for calls that are told after they were made.
    model: str | None = None
    #: Which warnings it had.
    told: set[tuple[str, str]] = set()
    #: Where its spending goes, worked out once per change of the policies: accounts and, unless time decides, the key.
    payers: list[tuple[PerRun[Spent], str | None, str]] = []
    windows: dict[str, list[Window]] = {}
    #: Of the policies it was worked out for; -1 before it is known at all.
    version: int = -1


class Meter:
    """Watches events like a detector does. Accounts survive a change of the policies that keeps their ids."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._budgets: tuple[tuple[Budget, PerRun[Spent]], ...] = ()
        self._rates: tuple[tuple[Rate, Window], ...] = ()
        self._accounts: dict[str, PerRun[Spent]] = {}
        self._windows: dict[str, Window] = {}
        self._runs: PerRun[_Run] = PerRun(_Run)
        self._version = 0
        #: Whether anything counts tool calls.
        self.counts_tools = False
        #: Whether anything depends on when a run began, or on what only its start tells: its session, user and group.
        self._heeds_starts = False

    def measure_for(self, policies: tuple[Policy, ...]) -> None:
        """Count what these policies limit, from now on."""
        with self._lock:
            budgets = [policy for policy in policies if isinstance(policy, Budget)]
            rates = [policy for policy in policies if isinstance(policy, Rate)]
            known, self._accounts = self._accounts, {}
            for budget in budgets:
                key = _account_key(budget)
                self._accounts[key] = known[key] if key in known else PerRun(Spent)
            windows, self._windows = self._windows, {}
            for rate in rates:
                key = _window_key(rate)
                self._windows[key] = windows.get(key) or Window(rate.seconds)
            self._budgets = tuple((budget, self._accounts[_account_key(budget)]) for budget in budgets)
            self._rates = tuple((rate, self._windows[_window_key(rate)]) for rate in rates)
            self._version += 1
            self.counts_tools = any(rate.of == "tool_calls" for rate in rates)
            self._heeds_starts = any(map(_heeds_starts, policies))

    # -- counting --

    def watch(self, lane: Lane, event: Event) -> tuple[Event, ...]:
        """Shown every event while there are policies; most say nothing of what they count."""
        topic: type = type(event)
        if topic is Custom:
            payload: Any = event.payload
            topic = type(payload)
            if topic is dict:
                kind = payload.get("kind")
                topic = LlmCall if kind == "llm_call" else ToolCall if kind == "tool_call" else dict
        if topic is LlmCall:
            self._spend(event.agent_id or lane.agent_id, event)
        elif topic in _COUNTED and (topic is not TaskStarted or self._heeds_starts):
            self._count(topic, event.agent_id or lane.agent_id, event)
        return ()

    @contained
    def _spend(self, agent_id: str, event: Event) -> None:
        """Book a model call."""
        payload: Any = event.payload
        facts = payload.data if type(payload) is LlmCall else None
        if type(facts) is not LlmCallData:
            facts = call_facts(event)
        tokens, cost = (facts.tokens_in or 0) + (facts.tokens_out or 0), facts.cost
        key = event.task_run_id or run_of(agent_id, event)
        with self._lock:
            run = self._runs[key]
            if run.version != self._version:
                self._sort_out(run, key, agent_id, event)
            run.model = facts.model
            for accounts, payer, per in run.payers:
                spent = accounts[_payer(per, run.request) if payer is None else payer]
                spent.calls += 1
                spent.tokens += tokens
                if cost is None:
                    spent.unpriced += 1
                elif 0 <= cost < math.inf:
                    spent.usd += cost
            if run.windows:
                _tick("llm_calls", run)

    @contained
    def _count(self, topic: type, agent_id: str, event: Event) -> None:
        key = event.task_run_id or run_of(agent_id, event)
        with self._lock:
            if topic is TaskCompleted or topic is TaskFailed:
                self._close(key)
                return
            run = self._runs[key]
            if run.version != self._version:
                self._sort_out(run, key, agent_id, event)
            if run.windows:
                _tick("runs" if topic is TaskStarted else "tool_calls", run)

    def count_tool_call(self, request: Request) -> None:
        """A tool is about to be used."""
        with self._lock:
            run = self._runs[request.run_id]
            if run.version < 0:  # it started before there were policies
                run.request, run.started = request, time.monotonic()
            if run.version != self._version:
                self._route(run)
            _tick("tool_calls", run)

    def _sort_out(self, run: _Run, key: str, agent_id: str, event: Event) -> None:
        """Who it is and what it pays into; outside of tasks, of all of the agent's work."""
        if run.version < 0:
            run.request, run.started = _request(key, agent_id, event), time.monotonic()
        self._route(run)

    def _route(self, run: _Run) -> None:
        run.version, request = self._version, run.request
        run.payers = [
            (accounts, None if budget.per in ("hour", "day") else _payer(budget.per, request), budget.per)
            for budget, accounts in self._budgets
            if budget.is_for(request)
        ]
        run.windows = {}
        for rate, window in self._rates:
            if rate.is_for(request):
                run.windows.setdefault(rate.of, []).append(window)

    def _close(self, key: str) -> None:
        run = self._runs.forget(key)
        for budget, accounts in self._budgets:
            if budget.per == "run":
                accounts.forget(key)
            elif budget.seconds is not None and run is not None and budget.is_for(run.request):
                accounts[_payer(budget.per, run.request)].seconds += time.monotonic() - run.started

    # -- reading --

    def spent(self, budget: Budget, request: Request) -> Spent:
        """What this run's account holds, its own time so far included."""
        with self._lock:
            accounts = self._accounts.get(_account_key(budget))
            found = None if accounts is None else accounts.peek(_payer(budget.per, request))
            spent = Spent() if found is None else found
            run = self._runs.peek(request.run_id)
            lasted = 0.0 if run is None or run.version < 0 else time.monotonic() - run.started
            return Spent(spent.usd, spent.tokens, spent.calls, spent.seconds + lasted, spent.unpriced)

    def counted(self, rate: Rate) -> int:
        """How many of them its window holds now."""
        with self._lock:
            window = self._windows.get(_window_key(rate))
            return 0 if window is None else window.prune(time.monotonic())

    def latest_model(self, run_id: str) -> str | None:
        """The model of the latest call this run told."""
        with self._lock:
            run = self._runs.peek(run_id)
            return None if run is None else run.model

    def is_news(self, run_id: str, policy_id: str, name: str) -> bool:
        """Whether this warning was not given to this run before."""
        with self._lock:
            run = self._runs[run_id]
            if (policy_id, name) in run.told or len(run.told) >= _MAX_TOLD:
                return False
            run.told.add((policy_id, name))
            return True


_COUNTED = frozenset({TaskStarted, TaskCompleted, TaskFailed, LlmCall, ToolCall})


def _tick(what: str, run: _Run) -> None:
    for window in run.windows.get(what, ()):
        window.add(time.monotonic())


def _request(key: str, agent_id: str, event: Event) -> Request:
    payload: Any = event.payload if type(event) is TaskStarted else None
    details: dict[str, Any] = payload if type(payload) is dict else {}
    known = runtime.agents.get(agent_id)
    return Request(
        phase="mid_execution",
        agent_id=agent_id,
        agent_type="general" if known is None else known.agent_type,
        task_id=event.task_id,
        task_type=event.task_type,
        run_id=key,
        session_id=details.get("session_id"),
        user_id=details.get("user_id"),
        user_group=details.get("user_group"),
    )


def _heeds_starts(policy: Policy) -> bool:
    if isinstance(policy, Budget):
        return (
            policy.per in ("session", "user") or policy.seconds is not None or policy.user_group is not None
        )
    return isinstance(policy, Rate) and (policy.of == "runs" or policy.user_group is not None)


def _account_key(budget: Budget) -> str:
    return f"{budget.id}:{budget.per}"


def _window_key(rate: Rate) -> str:
    return f"{rate.id}:{rate.of}:{rate.seconds}"


def _payer(per: str, request: Request) -> str:
    if per == "session" and request.session_id is not None:
        return f"session:{request.session_id}"
    if per == "user" and request.user_id is not None:
        return f"user:{request.user_id}"
    if per == "agent":
        return f"agent:{request.agent_id}"
    if per in ("hour", "day"):
        return f"{per}:{int(time.time() // (3_600 if per == 'hour' else 86_400))}"
    return request.run_id
