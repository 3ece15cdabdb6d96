"""Work that vanishes: it left the queue and no task took it up, or a task took it up and never came back."""

from __future__ import annotations

import statistics
import time
from collections import deque

from msgspec import Struct, field

from hiveloop._locks import Lock
from hiveloop.events import Event, Heartbeat, TaskCompleted, TaskFailed, TaskStarted
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
        with self._lock:
            desk = self._desks[agent_id]
            if isinstance(event, TaskStarted):
                self._start(desk, run_of(agent_id, event), event)
            elif isinstance(event, (TaskCompleted, TaskFailed)):
                self._end(desk, run_of(agent_id, event), isinstance(event, TaskCompleted))
            elif not isinstance(event, Heartbeat):
                return self._vanished(desk.queue, data_of(event))
            return self._overdue(desk)

    def _start(self, desk: _Desk, run: str, event: Event) -> None:
        if len(desk.runs) >= _MOST_RUNS:  # of those that never end, the oldest was told long ago
            del desk.runs[next(iter(desk.runs))]
        desk.runs.pop(run, None)
        desk.runs[run] = _Run(event.task_type or "", time.monotonic())
        desk.queue.started += 1
        for name in (event.task_id, event.correlation_id):
            if name and len(desk.queue.started_ids) < _MOST_RUNS:
                desk.queue.started_ids.add(name)

    def _end(self, desk: _Desk, run: str, is_completed: bool) -> None:
        known = desk.runs.pop(run, None)
        if known is None or not is_completed:
            return
        took = desk.usual.get(known.task_type)
        if took is None and len(desk.usual) < _MOST_RUNS:
            took = desk.usual[known.task_type] = deque(maxlen=_REMEMBERED)
        if took is not None:
            took.append(time.monotonic() - known.started)

    def _overdue(self, desk: _Desk) -> Finding | None:
        now = time.monotonic()
        if now - desk.looked < _LOOK_SECONDS:
            return None
        desk.looked = now
        for name, run in desk.runs.items():
            age = now - run.started
            if age < self._min_seconds:
                return None  # they stand in the order they were started in
            took = desk.usual.get(run.task_type, ())
            if run.told or len(took) < _ENOUGH:
                continue
            usual = statistics.quantiles(took, n=20)[-1]
            if age < self._factor * usual:
                continue
            run.told, desk.looked = True, 0.0  # another one may be overdue too
            what = f"a task of type {run.task_type}" if run.task_type else "a task"
            return Finding(
                detector=self.name,
                message=f"{what} is open for {age:.0f} s; others of its kind took at most {usual:.1f} s",
                data={
                    "drop": "task_overdue",
                    "overdue_run": name,
                    "task_type": run.task_type or None,
                    "open_seconds": round(age, 1),
                    "usual_seconds": round(usual, 3),
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


def _ids(data: dict[str, object]) -> set[str] | None:
    """The ids of the items, None when the snapshot does not name them all."""
    items = data.get("items")
    if type(items) is not list or len(items) > _MOST_ITEMS:
        return None
    found = {name for item in items if type(item) is dict and (name := text_at(item, "id"))}
    return found if len(found) == len(items) == data.get("depth") else None
