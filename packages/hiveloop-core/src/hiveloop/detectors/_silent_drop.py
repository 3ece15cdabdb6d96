"""Work that vanishes: it left the queue and no task took it up, or a task took it up and never came back."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Collection

from msgspec import Struct, field

from hiveloop._locks import Lock
from hiveloop.events import Custom, Event, Heartbeat, TaskCompleted, TaskFailed, TaskStarted
from hiveloop.payloads import QueueSnapshot

from ._detector import Detector, Finding, OnDetect, positive, run_of
from ._payload import data_of, text_at, whole_at
from ._per_run import PerRun

__all__ = ["SilentDropDetector"]

_MOST_RUNS = 500
_REMEMBERED = 50
#: Longer queues are compared by their depth.
_MOST_ITEMS = 10_000
#: Looking at every open run takes time: once in so many seconds is soon enough.
_LOOK_SECONDS = 1.0
#: Fewer finished runs of a type than these say nothing of what is usual.
_ENOUGH = 5


class _Run(Struct):
    """An open run: of what type, since when, and whether it was told already."""

    task_type: str
    started: float
    told: bool = False


class _Queue(Struct):
    """The latest snapshot of an agent's queue, and how many tasks were started since."""

    ids: set[str] | None = None
    depth: int = 0
    started: int = 0
    started_ids: set[str] = set()


class _Desk(Struct):
    """What one agent has under way."""

    runs: dict[str, _Run] = {}
    queue: _Queue = field(default_factory=_Queue)
    usual: dict[str, deque[float]] = {}
    looked: float = 0.0


class SilentDropDetector(Detector):
    """Finds items that left the queue without a task being started for them, and tasks open ``factor`` times longer
    than the slowest usual one of their type (the 95th percentile of the latest 50), and at least ``min_seconds``.

    Open tasks are looked at with every heartbeat and every event of a task; queue snapshots with ids are compared item
    by item, others by their depth.
    """

    name = "silent_drop"
    sees = (TaskStarted, TaskCompleted, TaskFailed, QueueSnapshot, Heartbeat)

    def __init__(
        self, factor: float = 5.0, min_seconds: float = 60.0, on_detect: OnDetect = "report"
    ) -> None:
        super().__init__(on_detect)
        self._factor = positive("SilentDropDetector", "factor", factor, low=1)
        self._min_seconds = positive("SilentDropDetector", "min_seconds", min_seconds)
        self._desks: PerRun[_Desk] = PerRun(_Desk)
        self._lock = Lock()

    def see(self, agent_id: str, event: Event) -> Finding | None:
        """Keep the books of one agent, and look for what is missing."""
        kind, now = type(event), time.monotonic()
        with self._lock:
            desk = self._desks[agent_id]
            if kind is TaskStarted:
                self._start(desk, event, now)
            elif kind is Custom:
                return self._vanished(desk.queue, data_of(event))
            elif kind is not Heartbeat:
                self._end(desk, event, now)
            return self._overdue(desk, now) if now - desk.looked >= _LOOK_SECONDS else None

    def _start(self, desk: _Desk, event: Event, now: float) -> None:
        runs, queue = desk.runs, desk.queue
        if len(runs) >= _MOST_RUNS:  # of those that never end, the oldest was told long ago
            del runs[next(iter(runs))]
        run = event.task_run_id or run_of("", event)
        runs.pop(run, None)
        runs[run] = _Run(event.task_type or "", now)
        queue.started += 1
        if len(queue.started_ids) < _MOST_RUNS:
            if event.task_id:
                queue.started_ids.add(event.task_id)
            if event.correlation_id:
                queue.started_ids.add(event.correlation_id)

    def _end(self, desk: _Desk, event: Event, now: float) -> None:
        known = desk.runs.pop(event.task_run_id or run_of("", event), None)
        if known is None or type(event) is not TaskCompleted:
            return
        took = desk.usual.get(known.task_type)
        if took is None and len(desk.usual) < _MOST_RUNS:
            took = desk.usual[known.task_type] = deque(maxlen=_REMEMBERED)
        if took is not None:
            took.append(now - known.started)

    def _overdue(self, desk: _Desk, now: float) -> Finding | None:
        desk.looked = now
        usual: dict[str, float] = {}
        for name, run in desk.runs.items():
            age = now - run.started
            if age < self._min_seconds:
                return None  # they stand in the order they were started in
            if run.told:
                continue
            kind = run.task_type
            if kind not in usual:
                usual[kind] = _usual(desk.usual.get(kind, ()))
            if age < self._factor * usual[kind]:
                continue
            run.told, desk.looked = True, 0.0  # another one may be overdue too
            what = f"a task of type {kind}" if kind else "a task"
            return Finding(
                detector=self.name,
                message=f"{what} is open for {age:.0f} s; nearly all others of its kind took at most {usual[kind]:.1f} s",
                data={
                    "drop": "task_overdue",
                    "overdue_run": name,
                    "task_type": kind or None,
                    "open_seconds": round(age, 1),
                    "usual_seconds": round(usual[kind], 3),
                },
            )
        return None

    def _vanished(self, queue: _Queue, data: dict[str, object]) -> Finding | None:
        """Compare with the snapshot before: what left must have been started, or be in the hands of ``processing``."""
        before, started, started_ids = queue, queue.started, queue.started_ids
        ids, depth = _ids(data), whole_at(data, "depth")
        processing = data.get("processing")
        in_hand = {name} if type(processing) is dict and (name := text_at(processing, "id")) else set()
        gone = 0
        if before.ids is not None and ids is not None:
            left = before.ids - ids - in_hand - started_ids
            # Whatever was started under another name may be any of those that left.
            others = max(0, started - len(before.ids & started_ids))
            gone = max(0, len(left) - others)
        elif depth is not None and before.depth:
            gone = max(0, before.depth - depth - started - len(in_hand))
        queue.ids, queue.depth, queue.started, queue.started_ids = ids, depth or 0, 0, set()
        if not gone:
            return None
        return Finding(
            detector=self.name,
            message=f"{gone} item{'s' if gone > 1 else ''} left the queue and no task was started for "
            f"{'them' if gone > 1 else 'it'}",
            data={"drop": "left_queue", "items": gone, "tasks_started": started, "depth": depth},
        )


def _usual(took: Collection[float]) -> float:
    """How long all but the slowest twentieth took; endless while too few are known."""
    return sorted(took)[math.ceil(0.95 * len(took)) - 1] if len(took) >= _ENOUGH else math.inf


def _ids(data: dict[str, object]) -> set[str] | None:
    """The ids of the items, None when the snapshot does not name them all."""
    items = data.get("items")
    if type(items) is not list or len(items) > _MOST_ITEMS:
        return None
    found = {name for item in items if type(item) is dict and (name := text_at(item, "id"))}
    return found if len(found) == len(items) == data.get("depth") else None
