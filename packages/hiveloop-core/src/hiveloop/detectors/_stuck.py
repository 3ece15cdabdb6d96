"""No progress: the run is open, its process is alive, and nothing happens; says at which step, for how long, and where in the code."""

from __future__ import annotations

import os
import threading
import time
from functools import partial

from hiveloop._locks import Lock
from hiveloop._safety import attempt
from hiveloop.events import (
    ActionCompleted,
    ActionFailed,
    ActionStarted,
    ApprovalReceived,
    ApprovalRequested,
    Custom,
    Escalated,
    Event,
    RetryStarted,
    TaskCompleted,
    TaskFailed,
    TaskStarted,
)
from hiveloop.payloads import LlmCall, PlanStep

from ._detector import Detector, Finding, OnDetect, Tell, positive, run_of
from ._payload import text_at
from ._stack import Mover

__all__ = ["StuckDetector"]

_MOST_RUNS = 1_000
_MOST_ACTIONS = 200
_ENDS = frozenset({TaskCompleted, TaskFailed})
_ACTION_ENDS = frozenset({ActionCompleted, ActionFailed})


class _Watched:
    """One open run: when it last moved, at which step, and who runs it."""

    __slots__ = ("about", "actions", "agent_id", "last", "mover", "parent", "told", "waiting")

    def __init__(self, agent_id: str, event: Event) -> None:
        self.agent_id = agent_id
        #: An event without content that names the run, for what is told about it.
        self.about = Custom(task_id=event.task_id, task_run_id=event.task_run_id, project_id=event.project_id)
        self.about.task_type = event.task_type
        #: Open actions by id, the latest last.
        self.actions: dict[str, str] = {}
        self.last = 0.0
        self.mover = Mover()
        #: The run it is part of, as adapters tell it of turns and handed-over work.
        self.parent = event.correlation_id
        self.waiting = False
        self.told = False

    def move(self, event: Event) -> None:
        """Note that something happened, and who did it."""
        self.last, self.told = time.monotonic(), False
        self.mover.note()
        kind = type(event)
        if kind is ActionStarted:
            if len(self.actions) >= _MOST_ACTIONS:
                del self.actions[next(iter(self.actions))]
            payload = event.payload if type(event.payload) is dict else {}
            self.actions[event.action_id or ""] = text_at(payload, "action_name") or "an action"
        elif kind in _ACTION_ENDS:
            self.actions.pop(event.action_id or "", None)
        if kind not in _ACTION_ENDS:
            # What was under way when the person was asked may end meanwhile: that is no answer.
            self.waiting = kind is ApprovalRequested

    @property
    def step(self) -> str:
        """The innermost open action."""
        return next(reversed(list(self.actions.values())), "the task itself")


class StuckDetector(Detector):
    """Finds a run of which nothing was heard for ``after`` seconds while it is open and waits for no person.

    The finding holds the step, its age, and the stack of the asyncio task or thread that moved the run last: files by
    their last two names, lines and functions; no values. Told once per standstill. One timer thread for all runs.
    """

    name = "stuck"
    sees = (
        TaskStarted, ActionStarted, ActionCompleted, ActionFailed, LlmCall, PlanStep, RetryStarted, Escalated,
        ApprovalRequested, ApprovalReceived, TaskCompleted, TaskFailed,
    )  # fmt: skip

    def __init__(self, after: float = 120.0, on_detect: OnDetect = "report") -> None:
        super().__init__(on_detect)
        self._after = positive("StuckDetector", "after", after)
        self._runs: dict[str, _Watched] = {}
        self._lock = Lock()
        self._tell: Tell | None = None
        self._timer: threading.Thread | None = None
        self._stopped = threading.Event()
        self._process = os.getpid()

    def start(self, tell: Tell) -> None:
        """From now on what stands still can be told."""
        self._tell = tell
        # The timer of a client before this one may not have noticed its end yet.
        self._stopped, self._timer = threading.Event(), None

    def stop(self) -> None:
        """End the timer."""
        self._tell = None
        if (
            self._process == os.getpid()
        ):  # a forked child has no timer, and its parent's may have held this at the fork
            self._stopped.set()
        with self._lock:
            self._runs.clear()

    def see(self, agent_id: str, event: Event) -> Finding | None:
        """Note that a run moved."""
        run = event.task_run_id or run_of(agent_id, event)
        with self._lock:
            watched = self._runs.get(run)
            if type(event) in _ENDS:
                self._end(run)
                return None
            if watched is not None:
                watched.move(event)
                return None
            if event.task_id is None:
                return None
            if len(self._runs) >= _MOST_RUNS:
                del self._runs[next(iter(self._runs))]
            watched = self._runs[run] = _Watched(agent_id, event)
            watched.move(event)
        self._start_timer()
        return None

    def _end(self, run: str) -> None:
        """An end is progress for the run it was part of."""
        ended = self._runs.pop(run, None)
        parent = None if ended is None else self._runs.get(ended.parent or "")
        if parent is not None:
            parent.last, parent.told = time.monotonic(), False

    def _start_timer(self) -> None:
        """With the first run, and again in a forked child, where no thread of the parent is."""
        with self._lock:
            self._leave_parent()
            if self._tell is None or (self._timer is not None and self._timer.is_alive()):
                return
            self._timer = threading.Thread(
                target=self._watch, args=(self._stopped,), name="hiveloop-stuck", daemon=True
            )
            attempt(self._timer.start, "detector stuck")

    def _leave_parent(self) -> None:
        """In a forked child, its parent's runs are its parent's."""
        if self._process == os.getpid():
            return
        self._process, self._timer, self._stopped = os.getpid(), None, threading.Event()
        latest = next(reversed(self._runs))
        self._runs = {latest: self._runs[latest]}

    def _watch(self, stopped: threading.Event) -> None:
        while not stopped.wait(max(0.05, min(self._after / 4, 10.0))):
            attempt(self._look, "detector stuck")

    def _look(self) -> None:
        now = time.monotonic()
        with self._lock:
            # A run with open ones below it stands where they stand.
            above = {watched.parent for watched in self._runs.values()}
            found = [
                watched
                for run, watched in self._runs.items()
                if not watched.told
                and not watched.waiting
                and now - watched.last >= self._after
                and run not in above
            ]
            for watched in found:
                watched.told = True
        for watched in found:
            attempt(partial(self._report, watched, now), "detector stuck")

    def _report(self, watched: _Watched, now: float) -> None:
        tell = self._tell
        if tell is not None:
            tell(self, _finding(watched, now), watched.agent_id, watched.about)


def _finding(watched: _Watched, now: float) -> Finding:
    age, step = now - watched.last, watched.step
    stack, where = watched.mover.stack()
    return Finding(
        detector=StuckDetector.name,
        message=f"Nothing happened for {age:.0f} s at {step}" + (f", in {stack[-1]}" if stack else ""),
        data={
            "step": step,
            "age_seconds": round(age, 1),
            "open_actions": list(watched.actions.values())[-10:],
            "running_in": where,
            "stack": stack,
        },
    )
