"""What a task learns about itself: corrections, shortened history, diagnostics of errors, memory, working state."""

from __future__ import annotations

from typing import Any

from ._arguments import count, flat, text
from ._safety import contained
from ._sanitize import type_name
from ._telling import MemoryTeller
from ._watched_state import WatchedState
from .payloads import ContextCompaction, ErrorContext, Learning, Reflection, StateMutation

__all__ = ["TaskInsight"]


class TaskInsight(MemoryTeller):
    """The reflecting half of :class:`~hiveloop.Task`: the kinds of the manual's Layers 3 and 4, one method each.

    Keywords beyond those named go into ``data`` as they are.
    """

    def __init__(self) -> None:
        super().__init__()
        self._watched: WatchedState | None = None

    @contained
    def learning(
        self,
        description: str | None = None,
        *,
        trigger: str | None = None,
        category: str | None = None,
        correction_applied: Any = None,
        turn_number: int | None = None,
        **more: Any,
    ) -> None:
        """The agent corrected itself: what triggered it, and what it changed."""
        data = {
            **more,
            "trigger": text(trigger),
            "category": text(category, 128),
            "description": text(description, 2_000),
            "correction_applied": correction_applied,
            "turn_number": count(turn_number, "turn_number"),
        }
        self._tell(Learning, description if description is not None else trigger, data)

    @contained
    def context_compaction(
        self,
        tokens_before: int | None = None,
        tokens_after: int | None = None,
        *,
        method: str | None = None,
        messages_removed: int | None = None,
        turn_number: int | None = None,
        **more: Any,
    ) -> None:
        """History was shortened; what was removed and the ratio follow from the two token counts."""
        before, after = count(tokens_before, "tokens_before"), count(tokens_after, "tokens_after")
        known = before is not None and after is not None
        data = {
            "tokens_removed": max(0, before - after) if known else None,  # type: ignore[operator]
            "compression_ratio": round(after / before, 3) if known and before else None,  # type: ignore[operator]
            **more,
            "tokens_before": before,
            "tokens_after": after,
            "method": text(method, 128),
            "messages_removed": count(messages_removed, "messages_removed"),
            "turn_number": count(turn_number, "turn_number"),
        }
        line = f"Context shortened from {before} to {after} tokens" if known else "Context shortened"
        self._tell(ContextCompaction, line, data)

    @contained
    def error_context(
        self,
        error: BaseException | str | None = None,
        *,
        error_type: str | None = None,
        error_message: str | None = None,
        api_name: str | None = None,
        status_code: int | None = None,
        response_body: Any = None,
        retry_eligible: bool | None = None,
        turn_number: int | None = None,
        action_name: str | None = None,
        **more: Any,
    ) -> None:
        """What is known of an error beside its text: give the exception, or its type and message."""
        is_exception = issubclass(type(error), BaseException)
        kind = text(error_type, 256) or (type_name(type(error)) if is_exception else None)
        message = text(error_message if error_message is not None else error, 2_000)
        data = {
            **more,
            "error_type": kind,
            "error_message": message,
            "api_name": text(api_name, 256),
            "status_code": count(status_code, "status_code"),
            "response_body": None if response_body is None else text(response_body, 2_000),
            "retry_eligible": retry_eligible,
            "turn_number": count(turn_number, "turn_number"),
            "action_name": text(action_name, 256),
        }
        self._tell(ErrorContext, f"{kind}: {message}" if kind else message, data)

    @contained
    def reflection(self, summary: str | None = None, **more: Any) -> None:
        """The agent judged its own progress."""
        self._tell(Reflection, summary, more)

    @contained
    def watch_state(self, state: dict[str, Any]) -> None:
        """Show the working state after a turn: keys that came, went or changed are told, never a value.

        Call it with the same dict at every turn. :class:`hiveloop.detectors.StateDriftDetector` finds keys that
        vanish and values that become another type.
        """
        if self._watched is None:
            self._watched = WatchedState()
        change = self._watched.change(flat(state) or {})
        if change is not None:
            self._tell(StateMutation, f"{len(change['keys_changed'])} keys of the state changed", change)
