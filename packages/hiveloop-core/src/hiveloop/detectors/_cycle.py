"""Loops: the same tool with the same arguments again and again, or a few calls that alternate."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable
from typing import Any

import msgspec

from hiveloop._locks import Lock
from hiveloop._sanitize import plain_payload
from hiveloop.errors import HiveLoopConfigError, Intervention
from hiveloop.events import ActionCompleted, ActionFailed, Event, TaskCompleted, TaskFailed

from ._detector import Call, Detector, Finding, OnDetect, positive, run_of
from ._per_run import PerRun

__all__ = ["CycleDetected", "CycleDetector"]

Step = tuple[str, str]


class CycleDetected(Intervention):
    """The agent repeats itself; raised by ``CycleDetector(on_detect="raise")``."""


class _Trail:
    """The latest calls of one run, and how often the present loop was seen."""

    __slots__ = ("is_told_by_gate", "repeats", "steps")

    def __init__(self, history: int) -> None:
        self.steps: deque[Step] = deque(maxlen=history)
        self.repeats = 0
        self.is_told_by_gate = False


class CycleDetector(Detector):
    """Finds a tool called ``threshold`` times in a row with the same arguments, or a pattern of up to ``max_period``
    calls (A-B-A-B) twice in a row; per run, within the last ``history`` calls.

    ``exempt`` names tools that may repeat, such as one that polls. Arguments are compared by a hash of their JSON
    with sorted keys, and are never sent. Calls are seen where an adapter or :func:`hiveloop.adapters.gate` announces
    them; tools run by hand count by the ``args`` of their :func:`hiveloop.tool_payload`.
    """

    name = "cycle"
    sees = (ActionCompleted, ActionFailed, TaskCompleted, TaskFailed)
    asks = ("tool",)

    def __init__(
        self,
        threshold: int = 3,
        max_period: int = 6,
        history: int = 20,
        exempt: Iterable[str] = (),
        on_detect: OnDetect = "report",
    ) -> None:
        super().__init__(on_detect)
        if isinstance(exempt, str):
            raise HiveLoopConfigError(
                "CycleDetector: exempt is a list of tool names, wrap a single one in [ ]"
            )
        self._threshold = positive("CycleDetector", "threshold", threshold, whole=True, low=1)
        self._max_period = positive("CycleDetector", "max_period", max_period, whole=True)
        self._history = positive("CycleDetector", "history", history, whole=True, low=1)
        if max(self._threshold, 2 * self._max_period) > self._history:
            self._history = max(self._threshold, 2 * self._max_period)
        self._exempt = frozenset(exempt)
        self._trails: PerRun[_Trail] = PerRun(lambda: _Trail(self._history))
        self._lock = Lock()

    def before_call(self, call: Call) -> Finding | None:
        """Count a tool call that is about to be made."""
        if call.arguments is None or call.name in self._exempt or not call.run:
            return None
        step = (call.name, fingerprint(call.arguments))
        with self._lock:
            trail = self._trails[call.run]
            trail.is_told_by_gate = True
            return self._next(trail, step)

    def see(self, agent_id: str, event: Event) -> Finding | None:
        """Count a tool call that was made, where nothing announced it; forget runs that ended."""
        kind = type(event)
        if kind is TaskCompleted or kind is TaskFailed:
            with self._lock:
                self._trails.forget(event.task_run_id or run_of(agent_id, event))
            return None
        payload = event.payload
        if type(payload) is not dict or "args" not in payload:
            return None
        arguments, name = payload["args"], payload.get("action_name")
        if arguments is None or type(name) is not str or name in self._exempt:
            return None
        with self._lock:
            trail = self._trails[event.task_run_id or run_of(agent_id, event)]
            return None if trail.is_told_by_gate else self._next(trail, (name, fingerprint(arguments)))

    def _next(self, trail: _Trail, step: Step) -> Finding | None:
        trail.steps.append(step)
        period, length = self._loop(list(trail.steps))
        if not period:
            trail.repeats = 0
            return None
        trail.repeats += 1
        names = [name for name, _ in list(trail.steps)[-period:]]
        if period == 1:
            message = f"{step[0]} was called {length} times in a row with the same arguments"
        else:
            message = f"{' → '.join(names)} repeats: {length} calls without anything new"
        return Finding(
            detector=self.name,
            message=message,
            data={
                "tool_name": step[0],
                "args_hash": step[1],
                "period": period,
                "cycle_length": length,
                "tools": names,
            },
            advice=f"You are repeating yourself: {message}. The result will not change. Try something else, "
            "or say what is missing and finish.",
            error=CycleDetected,
            # A loop that goes on is told again at every doubling, not at every call.
            is_news=trail.repeats & (trail.repeats - 1) == 0,
        )

    def _loop(self, steps: list[Step]) -> tuple[int, int]:
        """The period of the loop the calls are in and how many of them it takes up; (0, 0) when there is none."""
        same = _repeated(steps, 1)
        if same >= self._threshold:
            return 1, same
        for period in range(2, self._max_period + 1):
            length = _repeated(steps, period)
            if length >= 2 * period and len(set(steps[-period:])) > 1:
                return period, length
        return 0, 0


def _repeated(steps: list[Step], period: int) -> int:
    """How many of the latest calls each equal the one ``period`` before them, those they began with included."""
    at = len(steps) - 1
    while at >= period and steps[at] == steps[at - period]:
        at -= 1
    found = len(steps) - 1 - at
    return found + period if found else 1


def fingerprint(arguments: Any) -> str:
    """A short hash of the arguments: equal for equal JSON whatever the order of keys. Runs no code of theirs."""
    try:
        text = msgspec.json.encode(arguments, order="deterministic")
    except (TypeError, ValueError, OverflowError, msgspec.MsgspecError, RecursionError):
        text = msgspec.json.encode(plain_payload(arguments), order="deterministic")
    return hashlib.blake2b(text, digest_size=4).hexdigest()
