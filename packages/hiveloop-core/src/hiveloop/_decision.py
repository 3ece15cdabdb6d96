"""A person's decision, and whether an event only repeats one that the collector told us."""

from __future__ import annotations

from typing import Any

from ._runtime import runtime
from .events import ApprovalReceived, Event

__all__ = ["Decision", "is_settled"]


class Decision(str):
    """What was decided: equal to the text ``"approved"`` or ``"rejected"`` (or what else an agent answered).

    ``approved_by`` is who decided and ``reason`` why, where it was told.
    """

    approved_by: str | None
    reason: str | None

    def __new__(cls, decision: str, approved_by: str | None = None, reason: str | None = None) -> Decision:
        made = super().__new__(cls, decision)
        made.approved_by, made.reason = approved_by, reason
        return made

    def __getnewargs__(self) -> tuple[str, str | None, str | None]:  # type: ignore[override]
        return str(self), self.approved_by, self.reason

    @property
    def is_approved(self) -> bool:
        """Whether it is a yes."""
        return self == "approved"


def is_settled(event: Event) -> bool:
    """Whether this event tells a decision that the collector stored itself, and told us."""
    if type(event) is not ApprovalReceived:
        return False
    payload: Any = event.payload
    data = payload.get("data") if type(payload) is dict else getattr(payload, "data", None)
    approval_id = data.get("approval_id") if type(data) is dict else None
    return approval_id in runtime.settled_approvals
