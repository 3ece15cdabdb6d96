"""What cannot be true at once: idle with a full queue, completed with failed steps, done before begun."""

from __future__ import annotations

import time
from typing import Any

from msgspec import Struct

from hiveloop._locks import Lock
from hiveloop.events import Custom, Event, TaskCompleted, TaskFailed, TaskStarted
from hiveloop.payloads import PlanCreated, PlanStep, QueueSnapshot

from ._detector import Detector, Finding, OnDetect, positive, run_of
from ._payload import whole_at
from ._per_run import PerRun

__all__ = ["ContradictionDetector"]

#: Of plan steps, and of open runs of one agent: from the first of too many on, that agent is never idle.
_MOST_STEPS = 500
_MOST_CHARACTERS = 64


class _Plan(Struct):
    """What became of the steps of a run's current plan."""

    steps: dict[int, str] = {}
    told: bool = False


class _Desk(Struct):
    """One agent: the runs it has open, and since when it had none although work was waiting."""

    open_runs: set[str] = set()
    idle_since: float | None = None
    told: bool = False


class ContradictionDetector(Detector):
    """Finds an agent without a task for ``idle_seconds`` while its queue snapshots show work waiting; a task that
    completed although steps of its plan failed for good; and a plan step that was completed and never started."""

    name = "contradiction"
    sees = (TaskStarted, TaskCompleted, TaskFailed, PlanCreated, PlanStep, QueueSnapshot)

    def __init__(self, idle_seconds: float = 60.0, on_detect: OnDetect = "report") -> None:
        super().__init__(on_detect)
        self._idle_seconds = positive("ContradictionDetector", "idle_seconds", idle_seconds)
        self._plans: PerRun[_Plan] = PerRun(_Plan)
        self._desks: PerRun[_Desk] = PerRun(_Desk)
        self._lock = Lock()

    def see(self, agent_id: str, event: Event) -> Finding | None:
        """Compare what is said now with what was said before."""
        kind = type(event)
        if kind is Custom:
            return self._see_custom(agent_id, event)
        run = event.task_run_id or run_of(agent_id, event)
        with self._lock:
            desk = self._desks[agent_id]
            if kind is TaskStarted:
                if len(desk.open_runs) < _MOST_STEPS:
                    desk.open_runs.add(run)
                desk.idle_since = None
                return None
            desk.open_runs.discard(run)
            plan = self._plans.forget(run)
        is_done = plan is not None and kind is TaskCompleted and event.status in (None, "success")
        return self._completed(plan) if is_done and plan is not None else None

    def _see_custom(self, agent_id: str, event: Event) -> Finding | None:
        payload: Any = event.payload
        kind = type(payload)
        data = payload.get("data") if kind is dict else payload.data
        if type(data) is not dict:
            data = {}
        with self._lock:
            if kind is QueueSnapshot or (kind is dict and payload["kind"] == QueueSnapshot.kind):
                return self._queued(self._desks[agent_id], agent_id, whole_at(data, "depth") or 0)
            return self._planned(self._plans[event.task_run_id or run_of(agent_id, event)], data)

    def _queued(self, desk: _Desk, agent_id: str, depth: int) -> Finding | None:
        if desk.open_runs or not depth:
            desk.idle_since = None
            return None
        now = time.monotonic()
        if desk.idle_since is None:
            desk.idle_since, desk.told = now, False
        idle = now - desk.idle_since
        if desk.told or idle < self._idle_seconds:
            return None
        desk.told = True
        return Finding(
            detector=self.name,
            message=f"{agent_id} is idle for {idle:.0f} s while {depth} items wait in its queue",
            data={"contradiction": "idle_with_queue", "depth": depth, "idle_seconds": round(idle, 1)},
        )

    def _planned(self, plan: _Plan, data: dict[str, Any]) -> Finding | None:
        step, action = data.get("step_index"), data.get("action")
        if type(step) is not int or type(action) is not str:
            plan.steps.clear()  # a new plan, or a new revision of it
            return None
        before = plan.steps.get(step)
        if len(plan.steps) < _MOST_STEPS or before is not None:
            plan.steps[step] = action[:_MOST_CHARACTERS]
        if action != "completed" or before is not None or plan.told:
            return None
        plan.told = True
        return Finding(
            detector=self.name,
            message=f"Step {step} of the plan was completed and never started",
            data={"contradiction": "completed_before_started", "step_index": step},
        )

    def _completed(self, plan: _Plan) -> Finding | None:
        failed = sorted(step for step, action in plan.steps.items() if action == "failed")
        if not failed:
            return None
        return Finding(
            detector=self.name,
            message=f"The task says it succeeded, but {len(failed)} of its plan's steps failed: {failed[:10]}",
            data={"contradiction": "completed_with_failed_steps", "failed_steps": failed[:50]},
        )
