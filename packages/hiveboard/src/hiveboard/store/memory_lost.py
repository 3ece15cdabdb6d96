"""Which open runs in memory are lost: nobody has heard of their processes for too long."""

from __future__ import annotations

from .memory_data import TenantData
from .rows import Silence
from .state import TaskState

__all__ = ["heard", "is_lost"]


def heard(data: TenantData, task: TaskState) -> int | None:
    """When the run or a process of it was heard last; None when no process of it is known."""
    names = [name for name in (task.process, task.sender_process) if name is not None]
    if not names:
        return None
    received = (data.heard.get((task.tenant, name), task.last_received) for name in names)
    return max(task.last_received, *received)


def is_lost(data: TenantData, task: TaskState, silence: Silence) -> bool:
    """Whether an open run's processes have been silent for longer than its agent's lease."""
    by, last = silence.heard_by.get(task.agent_id), heard(data, task)
    return task.outcome is None and by is not None and last is not None and last < by
