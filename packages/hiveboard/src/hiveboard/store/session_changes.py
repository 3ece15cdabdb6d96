"""What the runs of one commit add to sessions and take away, gathered in memory."""

from __future__ import annotations

from operator import add, sub

from .sessions import SESSION_COUNTERS, PartKey, part_counts, part_key
from .state import TaskState

__all__ = ["SessionChanges"]


class SessionChanges:
    """Gathers what one commit changes: each run is noted as it was stored and as it will be.

    ``counts`` are to be added to each part, ``bounds`` are the times its runs span, and ``left`` are parts that a run
    turned out not to belong to.
    """

    def __init__(self) -> None:
        self.counts: dict[PartKey, list[int]] = {}
        self.bounds: dict[PartKey, tuple[int, int]] = {}
        self._was: dict[tuple[str, str, str], PartKey] = {}
        self.left: set[PartKey] = set()

    def before(self, task: TaskState) -> None:
        """Take back what a run counts for; called with the run as it was stored."""
        key = part_key(task)
        if key is not None:
            self._was[task.tenant, task.task_id, task.task_run_id] = key
            have = self.counts.setdefault(key, [0] * len(SESSION_COUNTERS))
            have[:] = map(sub, have, part_counts(task))
            self._widen(key, task)

    def after(self, task: TaskState) -> None:
        """Add what a run counts for; called with the run as it will be stored."""
        key = part_key(task)
        was = self._was.get((task.tenant, task.task_id, task.task_run_id))
        if was is not None and was != key:
            self.left.add(was)
        if key is not None:
            have = self.counts.setdefault(key, [0] * len(SESSION_COUNTERS))
            have[:] = map(add, have, part_counts(task))
            self._widen(key, task)

    def _widen(self, key: PartKey, task: TaskState) -> None:
        first, last = self.bounds.get(key, (task.first_ts, task.last_ts))
        self.bounds[key] = min(first, task.first_ts), max(last, task.last_ts)
