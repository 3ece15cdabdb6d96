"""A fact: what one bus event says, as plain data read off at once; nothing of the program is held afterwards."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from typing import Any, NamedTuple

from hiveloop import Task
from hiveloop.adapters import attempt
from hiveloop.adapters.preview import ARGUMENT_CHARS, preview

__all__ = [
    "CANCELLED",
    "END",
    "FAIL",
    "NAME_CHARS",
    "OUTERMOST",
    "POINT",
    "START",
    "STOP_SOURCE",
    "Ambient",
    "Data",
    "Fact",
    "error_text",
    "event_role",
    "failed",
    "listed",
    "name_of",
    "role_of",
    "seconds_of",
    "text",
]

#: What a reader returns: the fact's key and its data.
Data = tuple[str, dict[str, Any]]

START, END, FAIL, POINT = "start", "end", "fail", "point"
#: The kind of fact by which a run ends that was stopped from outside.
CANCELLED = "cancelled"
#: Kinds that can be a run of their own, with nothing of the framework around them.
OUTERMOST = frozenset({"crew", "flow", "lite"})
#: What a stop by the user's own gate says it is from.
STOP_SOURCE = "hiveloop"
NAME_CHARS = 120
_MAX_LISTED = 50
_ERROR_CHARS = 1000


class Ambient(NamedTuple):
    """The HiveLoop task, and the action in it, that a run of the framework was started inside of."""

    task: Task
    action_id: str | None


class Fact(NamedTuple):
    """``kind`` of thing, ``phase`` of its life, ids as the bus gave them, ``at`` in seconds since the epoch.

    ``key`` is what a start and its end have in common beside the ids: a call id, tool name, task or agent id.
    """

    kind: str
    phase: str
    event_id: str
    parent_id: str | None
    started_id: str | None
    at: float
    key: str
    data: dict[str, Any]
    ambient: Ambient | None = None

    @property
    def needs(self) -> str | None:
        """The event that has to be known before this one can be told: its start, else its parent."""
        return self.started_id if self.phase in (END, FAIL) and self.started_id else self.parent_id


def seconds_of(moment: Any) -> float:
    """Seconds since the epoch; the bus stamps events in UTC when they are made."""
    if not isinstance(moment, datetime):
        return datetime.now(UTC).timestamp()
    return moment.timestamp()


def text(value: Any, limit: int = ARGUMENT_CHARS) -> str | None:
    """A short text, or ``None`` for nothing; other values as a preview that runs none of their code."""
    if value is None or value == "":
        return None
    return preview(value, limit)


def role_of(agent: Any) -> str | None:
    """An agent's role as written: before inputs were filled in, so that one worker stays one worker."""
    role = getattr(agent, "_original_role", None) or getattr(agent, "role", None)
    return role.strip()[:500] if isinstance(role, str) and role.strip() else None


def error_text(error: Any, limit: int = _ERROR_CHARS) -> str | None:
    """The text of an error, which some events carry as the exception and others as its text."""
    if isinstance(error, BaseException):
        # The one place where code of the program runs: an exception that cannot be printed is named by its type.
        shown = attempt(lambda: str(error), f"text of {type(error).__name__}")[1]
        return text(shown, limit)
    return text(error, limit)


def listed(values: Any) -> list[Any]:
    """The first entries of a list; anything else is none."""
    return list(islice(values, _MAX_LISTED)) if isinstance(values, (list, tuple)) else []


def name_of(value: Any, fallback: str) -> str:
    """A name, short, on one line."""
    return " ".join((text(value, NAME_CHARS) or "").split()) or fallback


def event_role(event: Any) -> str | None:
    """The role an event names itself; many name none."""
    role = getattr(event, "agent_role", None)
    return role.strip()[:500] if isinstance(role, str) and role.strip() else None


def failed(event: Any, capture: bool) -> dict[str, Any]:
    """What an event says of an error: its text, and its type where it is known."""
    error = getattr(event, "error", None)
    kind = getattr(event, "error_type", None)
    name = kind.__name__ if isinstance(kind, type) else kind if isinstance(kind, str) else None
    if isinstance(error, BaseException):
        name = type(error).__name__
    # Read even without content capture: the same error is recognised by it further up. `told` says if it may leave.
    return {"error": error_text(error), "error_type": name, "told": capture}
