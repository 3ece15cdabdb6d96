"""What a beat says of the process: deliveries, drops, open tasks, the last progress, the queue."""

from __future__ import annotations

from typing import Any

from ._arguments import text
from ._runtime import runtime
from .events import Custom
from .payloads import QueueSnapshot

__all__ = ["queue_event", "vital_signs"]

_MAX_LISTED_TASKS = 200


def vital_signs(
    beats: int, open_tasks: dict[str, str], last_progress: str | None, late_callbacks: int
) -> dict[str, Any]:
    """The object ``hiveloop`` of a heartbeat: ``process, seq, emitted, dropped, pending, open_tasks, last_progress``.

    ``open_tasks`` maps run ids to task ids; on the wire each is ``task_id/task_run_id``.
    """
    signs: dict[str, Any] = {"process": runtime.process, "seq": beats}
    buffer = None if runtime.session is None else runtime.session.buffer
    if buffer is not None:
        signs |= {"emitted": buffer.appended, "pending": buffer.pending, "dropped": buffer.dropped()}
    listed = list(open_tasks.items())[:_MAX_LISTED_TASKS]
    signs["open_tasks"] = [f"{task_id}/{run_id}" for run_id, task_id in listed]
    if last_progress is not None:
        signs["last_progress"] = last_progress
    if late_callbacks:
        signs["late_callbacks"] = late_callbacks
    return signs


def queue_event(queue: dict[str, Any]) -> Custom:
    """The snapshot a queue provider returned, as given."""
    depth, age = queue.get("depth", 0), queue.get("oldest_age_seconds")
    line = f"Queue: {depth} items" + ("" if age is None else f", oldest {age}s")
    return Custom(payload=QueueSnapshot(summary=text(line), data=queue, tags=["queue"]))
