"""Working state that changes shape: keys that disappear, values that become another type."""

from __future__ import annotations

from typing import Any

from hiveloop.events import Event
from hiveloop.payloads import StateMutation

from ._detector import Detector, Finding, OnDetect
from ._payload import data_of, text_at, whole_at

__all__ = ["StateDriftDetector"]

_MOST_CHARACTERS = 128
_NUMBERS = {"int", "float"}


class StateDriftDetector(Detector):
    """Finds keys that were removed from the state a program shows with ``task.watch_state(state)``, and values that
    became another type (``None`` that becomes a value and a number that gets a fraction did not). What was added or got
    another value is told as ``state_mutation`` only. Never sends values."""

    name = "state_drift"
    sees = (StateMutation,)

    def __init__(self, on_detect: OnDetect = "report") -> None:
        super().__init__(on_detect)

    def see(self, agent_id: str, event: Event) -> Finding | None:
        """Look at one change."""
        data = data_of(event)
        changes: Any = data.get("changes")
        if type(changes) is not dict:
            return None
        lost = {
            key[:_MOST_CHARACTERS]: change
            for key, change in changes.items()
            if type(change) is dict and _is_lost(change) and type(key) is str
        }
        if not lost:
            return None
        removed = sorted(key for key, change in lost.items() if change.get("action") == "removed")
        retyped = sorted(key for key, change in lost.items() if change.get("action") != "removed")
        parts = [
            *([f"{', '.join(removed[:5])} disappeared"] if removed else []),
            *(
                f"{key} was {text_at(lost[key], 'old_type')} and is {text_at(lost[key], 'new_type')}"
                for key in retyped[:5]
            ),
        ]
        return Finding(
            detector=self.name,
            message=f"The working state changed shape: {'; '.join(parts)}",
            data={
                "removed": removed[:50],
                "retyped": retyped[:50],
                "turn_number": whole_at(data, "turn_number"),
            },
        )


def _is_lost(change: dict[str, Any]) -> bool:
    """Whether a key went, or its value became another type. A value that arrives, or gets a fraction, is no loss."""
    action = change.get("action")
    if action != "modified":
        return action == "removed"
    before, now = text_at(change, "old_type"), text_at(change, "new_type")
    return before != now and before != "NoneType" and not {before, now} <= _NUMBERS
