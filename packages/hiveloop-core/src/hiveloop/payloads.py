"""The typed bodies that events carry: one struct per payload kind, with the fields of the integration guide.

A payload is ``{kind?, summary?, data, tags?}``. Lifecycle events carry flat payloads and use plain dicts.
``None`` means unknown and is not sent: a token count nobody measured is absent, never 0.
"""

from __future__ import annotations

from typing import Any, ClassVar

from msgspec import Struct

from ._payload_kinds import (
    Anomaly,
    ConfigSnapshot,
    ContextCompaction,
    CustomPayload,
    Decision,
    ErrorContext,
    Learning,
    MemoryOp,
    Message,
    Payload,
    PolicyCheck,
    PromptComposition,
    Reasoning,
    Recovered,
    Reflection,
    Retrieval,
    Runtime,
    RunUpdate,
    Score,
    StateMutation,
    Step,
    ToolCall,
)

__all__ = [
    "CUSTOM_PAYLOADS",
    "Anomaly",
    "ApprovalPayload",
    "ConfigSnapshot",
    "ContextCompaction",
    "CustomPayload",
    "Decision",
    "ErrorContext",
    "Escalation",
    "Issue",
    "IssueData",
    "Learning",
    "LlmCall",
    "LlmCallData",
    "MemoryOp",
    "Message",
    "Payload",
    "PlanCreated",
    "PlanStep",
    "PolicyCheck",
    "PromptComposition",
    "QueueSnapshot",
    "Reasoning",
    "Recovered",
    "Reflection",
    "Retrieval",
    "Retry",
    "RunUpdate",
    "Runtime",
    "Scheduled",
    "Score",
    "StateMutation",
    "Step",
    "Todo",
    "ToolCall",
]


class Retry(Payload):
    """Body of ``retry_started``. Data: ``attempt?, backoff_seconds?, reason?, function?, max_attempts?, elapsed_seconds?, idle_seconds?, depth?, held_back?, client?, strategy?, original_error?, fallback_to?``."""

    data: dict[str, Any] = {}


class Escalation(Payload):
    """Body of ``escalated``. Data: ``assigned_to?, reason?``."""

    data: dict[str, Any] = {}


class ApprovalPayload(Payload):
    """Body of both approval events. Data: ``approval_id, approver?, reason?`` or ``decision, approved_by?, approval_id?``."""

    data: dict[str, Any] = {}


class LlmCallData(Struct, kw_only=True, omit_defaults=True, gc=False):
    """One model call. Tokens include cache (in) and reasoning (out); ``cost`` is US dollars; ``duration_ms`` milliseconds."""

    name: str
    model: str | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost: float | None = None
    cost_source: str | None = None
    duration_ms: int | None = None
    prompt_preview: str | None = None
    response_preview: str | None = None
    metadata: dict[str, Any] | None = None

    loose_fields: ClassVar[tuple[str, ...]] = ("metadata",)


class LlmCall(CustomPayload, tag="llm_call"):
    """A model was called. ``data`` is :class:`LlmCallData`."""

    data: LlmCallData | dict[str, Any]
    kind: ClassVar[str] = "llm_call"
    recommended: ClassVar[tuple[str, ...]] = ("name", "model")


class PlanCreated(CustomPayload, tag="plan_created"):
    """A plan, or a revision of it. Data: ``goal, steps[{index, description}], revision``."""

    kind: ClassVar[str] = "plan_created"
    recommended: ClassVar[tuple[str, ...]] = ("steps",)


class PlanStep(CustomPayload, tag="plan_step"):
    """A step changed. Data: ``step_index, total_steps, action, turns?, tokens?, plan_revision``; action is started, completed, failed or skipped."""

    kind: ClassVar[str] = "plan_step"
    recommended: ClassVar[tuple[str, ...]] = ("step_index", "total_steps", "action")

    @classmethod
    def severity_of(cls, data: dict[str, Any]) -> str:
        return "error" if data.get("action") == "failed" else "info"


class IssueData(Struct, kw_only=True, omit_defaults=True):
    """A persistent problem: ``action`` is reported, resolved or dismissed; ``severity`` critical, high, medium or low."""

    severity: str
    action: str
    issue_id: str | None = None
    category: str | None = None
    context: dict[str, Any] | None = None
    occurrence_count: int | None = None

    loose_fields: ClassVar[tuple[str, ...]] = ("context",)


_ISSUE_SEVERITY = {"critical": "error", "high": "error", "medium": "warn", "low": "info"}


class Issue(CustomPayload, tag="issue"):
    """A problem that outlives a task was reported or resolved. ``data`` is :class:`IssueData`."""

    data: IssueData | dict[str, Any]
    kind: ClassVar[str] = "issue"
    recommended: ClassVar[tuple[str, ...]] = ("severity",)

    @classmethod
    def severity_of(cls, data: dict[str, Any]) -> str:
        if data.get("action") in ("resolved", "dismissed"):
            return "info"
        severity = data.get("severity")
        return _ISSUE_SEVERITY.get(severity, "warn") if isinstance(severity, str) else "warn"


class Todo(CustomPayload, tag="todo"):
    """A work item the agent keeps. Data: ``todo_id, action, priority?, source?, context?, due_by?``; action is created, completed, failed, dismissed or deferred."""

    kind: ClassVar[str] = "todo"
    recommended: ClassVar[tuple[str, ...]] = ("todo_id", "action")

    @classmethod
    def severity_of(cls, data: dict[str, Any]) -> str:
        return "warn" if data.get("action") == "failed" else "info"


class Scheduled(CustomPayload, tag="scheduled"):
    """Recurring work. Data: ``items[{id?, name?, next_run?, interval?, enabled?, last_status?, last_run?, status?}]``."""

    kind: ClassVar[str] = "scheduled"
    recommended: ClassVar[tuple[str, ...]] = ("items",)


class QueueSnapshot(CustomPayload, tag="queue_snapshot"):
    """What waits. Data: ``depth, oldest_age_seconds?, items?[{id, priority, source, summary, queued_at}], processing?``."""

    kind: ClassVar[str] = "queue_snapshot"
    recommended: ClassVar[tuple[str, ...]] = ("depth",)
    severity_when_absent: ClassVar[str] = "debug"


CUSTOM_PAYLOADS: dict[str, type[CustomPayload]] = {
    cls.kind: cls for cls in CustomPayload.__subclasses__() if cls.kind
}
