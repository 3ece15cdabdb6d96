"""What the policies count: runs, model calls, tool calls, tokens, dollars and seconds, kept bounded, in this process."""

from __future__ import annotations

import time
from collections import deque
from typing import Any

from msgspec import Struct

from hiveloop._buffer import Lane
from hiveloop._locks import Lock
from hiveloop._runtime import runtime
from hiveloop._safety import contained
from hiveloop.detectors._llm import call_facts
from hiveloop.detectors._per_run import PerRun
from hiveloop.events import Custom, Event, TaskCompleted, TaskFailed, TaskStarted
from hiveloop.payloads import LlmCall, ToolCall

from ._request import Request
from ._rules import Budget, Policy, Rate

__all__ = ["Meter", "Spent"]

#: How finely a rate's window is kept: so many stretches of it at most.
_STRETCHES = 10_000
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

    request: Request
    started: float
    #: The model of its latest call, for calls that are told after they were made.
    model: str | None = None
    #: Which warnings it had.
    told: set[tuple[str, str]] = set()
    #: Where its spending goes, worked out once per change of the policies: accounts and, unless time decides, the key.
    payers: list[tuple[PerRun[Spent], str | None, str]] = []
    windows: dict[str, list[_Window]] = {}
    version: int = 0


class _Window:
    """Counts of the last ``seconds``. Exact, until more than 10,000 come: then to a 10,000th of the window."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._entries: deque[list[float]] = deque()
        self.total = 0

    def add(self, now: float) -> None:
        self.prune(now)
        self.total += 1
        last = self._entries[-1] if self._entries else None
        if last is not None and (
            len(self._entries) >= _STRETCHES or now - last[0] <= self.seconds / _STRETCHES
        ):
            last[0], last[1] = now, last[1] + 1
        else:
            self._entries.append([now, 1])

    def prune(self, now: float) -> int:
        """Forget what is too old. Returns how many are left."""
        entries = self._entries
        while entries and entries[0][0] <= now - self.seconds:
            self.total -= int(entries.popleft()[1])
        return self.total


class Meter:
    """Watches events like a detector does. Accounts survive a change of the policies that keeps their ids."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._budgets: tuple[Budget, ...] = ()
        self._rates: tuple[Rate, ...] = ()
        self._accounts: dict[str, PerRun[Spent]] = {}
        self._windows: dict[str, _Window] = {}
        self._runs: PerRun[list[_Run]] = PerRun(list)
        self._version = 0
        #: Whether anything counts tool calls.
        self.counts_tools = False

    def measure_for(self, policies: tuple[Policy, ...]) -> None:
        """Count what these policies limit, from now on."""
        with self._lock:
            self._budgets = tuple(policy for policy in policies if isinstance(policy, Budget))
            self._rates = tuple(policy for policy in policies if isinstance(policy, Rate))
            known, self._accounts = self._accounts, {}
            for budget in self._budgets:
                key = f"{budget.id}:{budget.per}"
                self._accounts[key] = known.get(key) or PerRun(Spent)
            self._version += 1
            self.counts_tools = any(rate.of == "tool_calls" for rate in self._rates)
            windows, self._windows = self._windows, {}
            for rate in self._rates:
                key = _window_key(rate)
                self._windows[key] = windows.get(key) or _Window(rate.seconds)

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
        if topic in _COUNTED:
            self._count(topic, event.agent_id or lane.agent_id, event)
        return ()

    @contained
    def _count(self, topic: type, agent_id: str, event: Event) -> None:
        with self._lock:
            if topic is TaskStarted:
                self._open(agent_id, event)
            elif topic is LlmCall:
                self._spend(self._run(agent_id, event), event)
            elif topic is ToolCall:
                self._tick("tool_calls", self._run(agent_id, event))
            else:
                self._close(agent_id, event)

    def count_tool_call(self, request: Request) -> None:
        """A tool is about to be used."""
        with self._lock:
            state = self._runs[request.run_id]
            if not state:  # it started before there were policies
                state.append(_Run(request, time.monotonic()))
            self._tick("tool_calls", self._sorted_out(state[0]))

    def _open(self, agent_id: str, event: Event) -> None:
        self._tick("runs", self._run(agent_id, event))

    def _sorted_out(self, run: _Run) -> _Run:
        """With what it pays into, of the policies that hold now."""
        if run.version != self._version:
            run.version, request = self._version, run.request
            run.payers = [
                (
                    self._accounts[f"{budget.id}:{budget.per}"],
                    None if budget.per in ("hour", "day") else _payer(budget.per, request),
                    budget.per,
                )
                for budget in self._budgets
                if budget.is_for(request)
            ]
            run.windows = {}
            for rate in self._rates:
                if rate.is_for(request):
                    run.windows.setdefault(rate.of, []).append(self._windows[_window_key(rate)])
        return run

    def _run(self, agent_id: str, event: Event) -> _Run:
        """The run an event belongs to; outside of tasks, all of the agent's work."""
        key = event.task_run_id or event.task_id or f"agent:{agent_id}"
        state = self._runs[key]
        if not state:
            payload: Any = event.payload if type(event) is TaskStarted else None
            details: dict[str, Any] = payload if type(payload) is dict else {}
            known = runtime.agents.get(agent_id)
            request = Request(
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
            state.append(_Run(request, time.monotonic()))
        return self._sorted_out(state[0])

    def _spend(self, run: _Run, event: Event) -> None:
        facts = call_facts(event)
        run.model = facts.model
        for accounts, key, per in run.payers:
            spent = accounts[_payer(per, run.request) if key is None else key]
            spent.calls += 1
            spent.tokens += (facts.tokens_in or 0) + (facts.tokens_out or 0)
            if facts.cost is None:
                spent.unpriced += 1
            else:
                spent.usd += facts.cost
        self._tick("llm_calls", run)

    def _close(self, agent_id: str, event: Event) -> None:
        run = self._run(agent_id, event)
        key = run.request.run_id
        self._runs.forget(key)
        for budget in self._budgets:
            if budget.per == "run":
                self._accounts[f"{budget.id}:run"].forget(key)
            elif budget.seconds is not None and budget.is_for(run.request):
                self._account(budget, run.request).seconds += time.monotonic() - run.started

    def _tick(self, what: str, run: _Run) -> None:
        for window in run.windows.get(what, ()):
            window.add(time.monotonic())

    def _account(self, budget: Budget, request: Request) -> Spent:
        return self._accounts[f"{budget.id}:{budget.per}"][_payer(budget.per, request)]

    # -- reading --

    def spent(self, budget: Budget, request: Request) -> Spent:
        """What this run's account holds, its own time so far included."""
        with self._lock:
            accounts = self._accounts.get(f"{budget.id}:{budget.per}")
            found = None if accounts is None else accounts.get(_payer(budget.per, request))
            spent = Spent() if found is None else found
            run = self._runs.get(request.run_id)
            lasted = time.monotonic() - run[0].started if run else 0.0
            return Spent(spent.usd, spent.tokens, spent.calls, spent.seconds + lasted, spent.unpriced)

    def counted(self, rate: Rate) -> int:
        """How many of them its window holds now."""
        with self._lock:
            window = self._windows.get(_window_key(rate))
            return 0 if window is None else window.prune(time.monotonic())

    def latest_model(self, run_id: str) -> str | None:
        """The model of the latest call this run told."""
        with self._lock:
            run = self._runs.get(run_id)
            return run[0].model if run else None

    def is_news(self, run_id: str, policy_id: str, name: str) -> bool:
        """Whether this warning was not given to this run before."""
        with self._lock:
            run = self._runs.get(run_id)
            if not run or (policy_id, name) in run[0].told or len(run[0].told) >= _MAX_TOLD:
                return False
            run[0].told.add((policy_id, name))
            return True


_COUNTED = frozenset({TaskStarted, TaskCompleted, TaskFailed, LlmCall, ToolCall})


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
