"""The base of all payloads, and the kinds of the advanced layers: insight (3), detectors (4), run governance.

Public through :mod:`hiveloop.payloads`.
"""

from __future__ import annotations

from typing import Any, ClassVar

from msgspec import Struct

__all__ = [
    "Anomaly",
    "ConfigSnapshot",
    "ContextCompaction",
    "CustomPayload",
    "Decision",
    "ErrorContext",
    "Learning",
    "MemoryOp",
    "Message",
    "Payload",
    "PolicyCheck",
    "PromptComposition",
    "Reasoning",
    "Recovered",
    "Reflection",
    "Retrieval",
    "RunUpdate",
    "Runtime",
    "Score",
    "StateMutation",
    "Step",
    "ToolCall",
]


class Payload(Struct, kw_only=True, omit_defaults=True, gc=False):
    """A body with a one-line summary (512 characters at most)."""

    summary: str | None = None

    #: Fields that may hold any value of the program; all others are typed.
    loose_fields: ClassVar[tuple[str, ...]] = ("data",)


class CustomPayload(Payload, tag_field="kind", tag=""):
    """Body of a ``custom`` event: ``kind`` on the wire is the class's tag."""

    data: Any = None
    tags: list[str] | None = None

    kind: ClassVar[str] = ""
    #: Data fields a well-formed event of this kind has; the collector warns when one is absent.
    recommended: ClassVar[tuple[str, ...]] = ()
    severity_when_absent: ClassVar[str] = "info"

    @classmethod
    def severity_of(cls, data: dict[str, Any]) -> str:
        """Severity of an event of this kind that names none."""
        return cls.severity_when_absent


class Learning(CustomPayload, tag="learning"):
    """The agent corrected itself. Data: ``trigger, category, description, correction_applied, turn_number``."""

    kind: ClassVar[str] = "learning"


class ContextCompaction(CustomPayload, tag="context_compaction"):
    """History was shortened. Data: ``tokens_before, tokens_after, tokens_removed, compression_ratio, method, turn_number, messages_removed``."""

    kind: ClassVar[str] = "context_compaction"


class ErrorContext(CustomPayload, tag="error_context"):
    """Diagnostics of an error. Data: ``error_type, error_message, api_name, status_code, response_body, retry_eligible, turn_number, action_name``."""

    kind: ClassVar[str] = "error_context"


class Runtime(CustomPayload, tag="runtime"):
    """The agent's own life cycle. Data: ``event`` (agent_started, agent_stopped, model_switched, ...) and what belongs to it."""

    kind: ClassVar[str] = "runtime"


class MemoryOp(CustomPayload, tag="memory_op"):
    """Persistent memory was used. Data: ``operation, store, key_or_query, result_count, latency_ms``."""

    kind: ClassVar[str] = "memory_op"


class ConfigSnapshot(CustomPayload, tag="config_snapshot"):
    """The agent's configuration. Data: ``model, temperature, max_turns, max_tokens, tools, system_prompt_hash, system_prompt_tokens, version``."""

    kind: ClassVar[str] = "config_snapshot"


class Reflection(CustomPayload, tag="reflection"):
    """The agent judged its own progress."""

    kind: ClassVar[str] = "reflection"


class Anomaly(CustomPayload, tag="anomaly"):
    """A detector found something. Data: ``detector, message`` and what it saw."""

    kind: ClassVar[str] = "anomaly"
    severity_when_absent: ClassVar[str] = "warn"


class PromptComposition(CustomPayload, tag="prompt_composition"):
    """What fills the prompt. Data: ``system_prompt_tokens, history_tokens, tool_results_tokens, total_input_tokens, context_utilization_pct, largest_component, turn_number``."""

    kind: ClassVar[str] = "prompt_composition"


class StateMutation(CustomPayload, tag="state_mutation"):
    """Working state changed: keys and types, never values. Data: ``mutation_number, turn_number, keys_changed, changes, state_size``."""

    kind: ClassVar[str] = "state_mutation"


class Recovered(CustomPayload, tag="recovered"):
    """A retried call succeeded. Data: ``attempts, function, elapsed_seconds?``."""

    kind: ClassVar[str] = "recovered"


class Score(CustomPayload, tag="score"):
    """A run was graded. Data: ``name, value, data_type, comment?``."""

    kind: ClassVar[str] = "score"


class Decision(CustomPayload, tag="decision"):
    """The agent chose. Data: ``name, options, chosen, reasoning?, confidence?``."""

    kind: ClassVar[str] = "decision"


class Reasoning(CustomPayload, tag="reasoning"):
    """A step of thought. Data: ``step, thought, evidence?, conclusion?``."""

    kind: ClassVar[str] = "reasoning"


class Retrieval(CustomPayload, tag="retrieval"):
    """Documents were fetched. Data: ``query, documents, source?, duration_ms?, top_k?, scores?``."""

    kind: ClassVar[str] = "retrieval"


class PolicyCheck(CustomPayload, tag="policy_check"):
    """A policy was asked. Data: ``policy_name, action, category?, reason?``."""

    kind: ClassVar[str] = "policy_check"


class Message(CustomPayload, tag="message"):
    """A turn of a conversation. Data: ``role, content``."""

    kind: ClassVar[str] = "message"


class Step(CustomPayload, tag="step"):
    """A numbered step of a run. Data: ``name, output?, position``."""

    kind: ClassVar[str] = "step"


class ToolCall(CustomPayload, tag="tool_call"):
    """A tool was used, told afterwards. Data: ``name, input, output, duration_ms?, status?, tool_type?, error?``."""

    kind: ClassVar[str] = "tool_call"


class RunUpdate(CustomPayload, tag="run_update"):
    """Tags, metadata or result of a run changed. Data: ``tags?, metadata?, result?``."""

    kind: ClassVar[str] = "run_update"
