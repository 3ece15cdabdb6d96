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
from ._stack import Mover, Standing

__all__ = ["StuckDetector"]

_MOST_RUNS = 1_000
_MOST_ACTIONS = 200
#: How often this process was forked off another: asking the system who one is costs 0.3 µs.
_forks = 0
_ACTION_ENDS = frozenset({ActionCompleted, ActionFailed})


def _count_fork() -> None:
    global _forks
    _forks += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_count_fork)


class _Watched(Mover):
    """One open run: when it last moved, at which step, and who runs it."""

    __slots__ = ("actions", "agent_id", "last", "named", "parent", "told", "waiting")

    def __init__(self, agent_id: str, event: Event) -> None:
        self._ident, self._thread, self._task = (
            0,
            None,
            None,
        )  # written out: one run in two begins and ends at once
        self.agent_id = agent_id
        #: What names the run: task, run, type and project.
        self.named = (event.task_id, event.task_run_id, event.task_type, event.project_id)
        #: Open actions by id, the latest last.
        self.actions: dict[str, str] = {}
        self.last = 0.0
        #: The run it is part of, as adapters tell it of turns and handed-over work.
        self.parent = event.correlation_id
        self.waiting = False
        self.told = False

    @property
    def about(self) -> Event:
        """An event without content that names the run, for what is told about it."""
        task_id, run, task_type, project_id = self.named
        return Custom(task_id=task_id, task_run_id=run, task_type=task_type, project_id=project_id)

    def move(self, event: Event) -> None:
        """Note that something happened, and who did it."""
        self.last, self.told = time.monotonic(), False
        self.note()
        kind = type(event)
        if kind is Custom:
            self.waiting = False
        elif kind is ActionStarted:
            if len(self.actions) >= _MOST_ACTIONS:
                self._forget_oldest()
            payload = event.payload
            name = payload.get("action_name") if type(payload) is dict else None
            self.actions[event.action_id or ""] = name[:256] if type(name) is str else "an action"
            self.waiting = False
        elif kind in _ACTION_ENDS:
            # What was under way when the person was asked may end meanwhile: that is no answer.
            self.actions.pop(event.action_id or "", None)
        else:
            self.waiting = kind is ApprovalRequested

    def _forget_oldest(self) -> None:
        for oldest in list(self.actions)[:1]:
            self.actions.pop(oldest, None)

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
        self._forks = _forks

    def start(self, tell: Tell) -> None:
        """From now on what stands still can be told."""
        self._tell = tell
        # The timer of a client before this one may not have noticed its end yet.
        self._stopped, self._timer = threading.Event(), None

    def stop(self) -> None:
        """End the timer."""
        self._tell = None
        if (
            self._forks == _forks
        ):  # a forked child has no timer, and its parent's may have held this at the fork
            self._stopped.set()
        with self._lock:
            self._runs.clear()

    def see(self, agent_id: str, event: Event) -> Finding | None:
        """Note that a run moved."""
        run = event.task_run_id or run_of(agent_id, event)
        kind = type(event)
        is_end = kind is TaskCompleted or kind is TaskFailed
        watched = self._runs.get(run)
        if watched is not None and not is_end:
            # Without the lock: each of its steps is one of the interpreter's own, and the last of two movers counts.
            watched.move(event)
            return None
        if event.task_id is None:
            return None
        with self._lock:
            if is_end:
                # An end is progress for the run it was part of.
                ended = self._runs.pop(run, None)
                around = None if ended is None or ended.parent is None else self._runs.get(ended.parent)
                if around is not None:
                    around.last, around.told = time.monotonic(), False
                return None
            if len(self._runs) >= _MOST_RUNS:
                del self._runs[next(iter(self._runs))]
            watched = self._runs[run] = _Watched(agent_id, event)
            watched.move(event)
        if self._timer is None or self._forks != _forks:
            self._start_timer()
        return None

    def _start_timer(self) -> None:
        """With the first run, and again in a forked child, where no thread of the parent is."""
        with self._lock:
            self._leave_parent()
            if self._tell is None or self._timer is not None:
                return
            timer = threading.Thread(
                target=self._watch, args=(self._stopped,), name="hiveloop-stuck", daemon=True
            )
            if attempt(timer.start, "detector stuck")[0]:
                self._timer = timer

    def _leave_parent(self) -> None:
        """In a forked child, its parent's runs are its parent's."""
        if self._forks == _forks:
            return
        self._forks, self._timer, self._stopped = _forks, None, threading.Event()
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
    standing = watched.stack()
    return Finding(
        detector=StuckDetector.name,
        message=f"Nothing happened for {age:.0f} s at {step}{_place(standing)}",
        data={
            "step": step,
            "age_seconds": round(age, 1),
            "open_actions": list(watched.actions.values())[-10:],
            "running_in": standing.running_in,
            "stack": standing.stack,
        },
    )


def _place(standing: Standing) -> str:
    """The line of the program it stands in, and what that waits in."""
    if not standing.stack:
        return ""
    innermost = standing.stack[-1]
    if standing.own is None or standing.own == innermost:
        return f", in {innermost}"
    return f", in {standing.own}, which waits in {innermost}"
