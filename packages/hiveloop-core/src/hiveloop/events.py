"""The catalogue: every event an agent can send, as typed structs. Nothing else spells an event name.

The wire format, the collector's validation, the docs page and the dashboard's labels derive from this module
and from :mod:`hiveloop.payloads`. Field shapes and limits are those of the wire protocol, version 1.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from msgspec import Struct, field

from .payloads import CUSTOM_PAYLOADS, Payload

__all__ = [
    "EVENT_TYPES",
    "LIMITS",
    "SEVERITIES",
    "ActionCompleted",
    "ActionFailed",
    "ActionStarted",
    "AgentRegistered",
    "ApprovalReceived",
    "ApprovalRequested",
    "Custom",
    "Envelope",
    "Escalated",
    "Event",
    "Heartbeat",
    "RetryStarted",
    "Severity",
    "TaskCompleted",
    "TaskFailed",
    "TaskStarted",
    "default_severity",
]

Severity = Literal["debug", "info", "warn", "error"]
SEVERITIES: tuple[str, ...] = ("debug", "info", "warn", "error")

#: Limits of the wire protocol. Lengths are characters, sizes are bytes of JSON.
LIMITS: dict[str, int] = {
    "batch_events": 500,
    "batch_bytes": 1_048_576,
    "payload_bytes": 32_768,
    "summary": 512,
    "agent_id": 256,
    "task_id": 256,
    "environment": 64,
    "group": 128,
}


class Envelope(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Who sends: one agent in one process. Sent once per batch."""

    agent_id: str
    agent_type: str = "general"
    agent_version: str | None = None
    framework: str = "custom"
    runtime: str | None = None
    sdk_version: str | None = None
    # Not left out when they hold the default: published collectors group by them.
    environment: str = field(default="production")
    group: str = field(default="default")


class Event(Struct, kw_only=True, omit_defaults=True, tag_field="event_type", gc=False):
    """What every event can carry. ``None`` means absent and is not sent.

    ``duration_ms`` is in milliseconds; ``timestamp`` is ISO 8601 UTC with milliseconds and ``Z``;
    ``event_id`` is a UUID and the idempotency key. ``agent_id`` and ``agent_type`` override the envelope.
    """

    event_id: str = ""
    timestamp: str = ""
    agent_id: str | None = None
    agent_type: str | None = None
    project_id: str | None = None
    task_id: str | None = None
    task_type: str | None = None
    task_run_id: str | None = None
    correlation_id: str | None = None
    action_id: str | None = None
    parent_action_id: str | None = None
    parent_event_id: str | None = None
    severity: Severity | None = None
    status: str | None = None
    duration_ms: int | None = None
    payload: Payload | dict[str, Any] | None = None

    #: Name on the wire, severity when the event names none, layer of the integration guide.
    event_type: ClassVar[str] = ""
    layer: ClassVar[int] = 0
    severity_when_absent: ClassVar[str] = "info"


class AgentRegistered(Event, tag="agent_registered"):
    """An agent became known to this process. Payload: ``{summary, data{type, version, framework, stuck_threshold, heartbeat_interval}}``."""

    event_type: ClassVar[str] = "agent_registered"


class Heartbeat(Event, tag="heartbeat"):
    """The agent's process is alive. Payload: what ``heartbeat_payload`` returned, plus the object ``hiveloop``."""

    event_type: ClassVar[str] = "heartbeat"
    severity_when_absent: ClassVar[str] = "debug"


class TaskStarted(Event, tag="task_started"):
    """A unit of work began. Payload: ``summary`` and, when given, ``session_id, user_id, user_group, inputs, metadata``."""

    event_type: ClassVar[str] = "task_started"
    layer: ClassVar[int] = 1


class TaskCompleted(Event, tag="task_completed"):
    """A unit of work ended; ``status`` is ``success`` or an outcome such as ``cancelled``."""

    event_type: ClassVar[str] = "task_completed"
    layer: ClassVar[int] = 1


class TaskFailed(Event, tag="task_failed"):
    """A unit of work ended by an error; payload carries ``exception_type`` and ``exception_message``."""

    event_type: ClassVar[str] = "task_failed"
    layer: ClassVar[int] = 1
    severity_when_absent: ClassVar[str] = "error"


class ActionStarted(Event, tag="action_started"):
    """A step inside a task (a tool, a function, a graph node) began. Payload: ``{action_name, function?}``."""

    event_type: ClassVar[str] = "action_started"
    layer: ClassVar[int] = 1


class ActionCompleted(Event, tag="action_completed"):
    """A step ended. A payload with ``success: false`` or a non-empty ``error`` is shown as failed."""

    event_type: ClassVar[str] = "action_completed"
    layer: ClassVar[int] = 1


class ActionFailed(Event, tag="action_failed"):
    """A step ended by an exception; payload carries ``exception_type`` and ``exception_message``."""

    event_type: ClassVar[str] = "action_failed"
    layer: ClassVar[int] = 1
    severity_when_absent: ClassVar[str] = "error"


class RetryStarted(Event, tag="retry_started"):
    """The agent tries again. Payload: ``{summary, data{attempt?, backoff_seconds?, reason?, ...}}``."""

    event_type: ClassVar[str] = "retry_started"
    layer: ClassVar[int] = 2
    severity_when_absent: ClassVar[str] = "warn"


class Escalated(Event, tag="escalated"):
    """The agent handed the work to somebody else. Payload: ``{summary, data{assigned_to?, reason?}}``."""

    event_type: ClassVar[str] = "escalated"
    layer: ClassVar[int] = 2
    severity_when_absent: ClassVar[str] = "warn"


class ApprovalRequested(Event, tag="approval_requested"):
    """The agent waits for a person. Payload: ``{summary, data{approver?, reason?, approval_id}}``."""

    event_type: ClassVar[str] = "approval_requested"
    layer: ClassVar[int] = 2


class ApprovalReceived(Event, tag="approval_received"):
    """A person decided. Payload: ``{summary, data{decision, approved_by?, approval_id?}}``."""

    event_type: ClassVar[str] = "approval_received"
    layer: ClassVar[int] = 2


class Custom(Event, tag="custom"):
    """Everything else: payload is ``{kind, summary, data, tags}``, see :mod:`hiveloop.payloads`."""

    event_type: ClassVar[str] = "custom"
    layer: ClassVar[int] = 2


EVENT_TYPES: dict[str, type[Event]] = {
    cls.event_type: cls
    for cls in (
        AgentRegistered,
        Heartbeat,
        TaskStarted,
        TaskCompleted,
        TaskFailed,
        ActionStarted,
        ActionCompleted,
        ActionFailed,
        RetryStarted,
        Escalated,
        ApprovalRequested,
        ApprovalReceived,
        Custom,
    )
}


def default_severity(event_type: str, kind: str | None = None, data: Any = None) -> str:
    """The severity of an event that names none; ``kind`` and ``data`` are those of a custom payload.

    Pure, total: unknown types and malformed data fall back to ``info``.
    """
    cls = EVENT_TYPES.get(event_type)
    if cls is None:
        return "info"
    if cls is Custom and isinstance(kind, str):
        payload = CUSTOM_PAYLOADS.get(kind)
        if payload is not None:
            return payload.severity_of(data if isinstance(data, dict) else {})
    return cls.severity_when_absent
