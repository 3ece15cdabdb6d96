"""Working state that changes shape: keys that disappear, values that become another type."""

from __future__ import annotations

from typing import Any

from hiveloop.events import Event
from hiveloop.payloads import StateMutation

from ._detector import Detector, Finding, OnDetect
from ._payload import data_of, text_at, whole_at

__all__ = ["StateDriftDetector"]

_MOST_CHARACTERS = 128


class StateDriftDetector(Detector):
    """Finds keys that were removed from the state a program shows with ``task.watch_state(state)``, and values that
    became another type. What was added or got another value is told as ``state_mutation`` only. Never sends values."""

    name = "state_drift"
    sees = (StateMutation,)

    def __init__(self, on_detect: OnDetect = "report") -> None:
        super().__init__(on_detect)

    def see(self, agent_id: str, event: Event) -> Finding | None:
        """Look at one change."""
        changes: Any = data_of(event).get("changes")
        if type(changes) is not dict:
            return None
        known = {
            key[:_MOST_CHARACTERS]: change
            for key, change in changes.items()
            if type(key) is str and type(change) is dict
        }
        removed = sorted(key for key, change in known.items() if change.get("action") == "removed")
        retyped = sorted(
            key
            for key, change in known.items()
            if change.get("action") == "modified" and change.get("old_type") != change.get("new_type")
        )
        if not removed and not retyped:
            return None
        parts = [
            *([f"{', '.join(removed[:5])} disappeared"] if removed else []),
            *(
                f"{key} was {text_at(known[key], 'old_type')} and is {text_at(known[key], 'new_type')}"
                for key in retyped[:5]
            ),
        ]
        return Finding(
            detector=self.name,
            message=f"The working state changed shape: {'; '.join(parts)}",
            data={
                "removed": removed[:50],
                "retyped": retyped[:50],
                "turn_number": whole_at(data_of(event), "turn_number"),
            },
        )
