"""The record of a run: tags, metadata and result, scores, steps, tools, retrievals, decisions, messages."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

from ._arguments import amount, count, entries, flat, identifier, text
from ._safety import contained
from ._telling import Teller
from .payloads import (
    Decision,
    Message,
    PolicyCheck,
    Reasoning,
    Retrieval,
    RunUpdate,
    Score,
    Step,
    ToolCall,
)

__all__ = ["TaskRecord"]

_MOST = 200
_DATA_TYPES = ("numeric", "boolean", "categorical")


class TaskRecord(Teller):
    """The recording half of :class:`~hiveloop.Task`. Every argument may be ``None`` and is then absent."""

    task_run_id: str

    def __init__(self) -> None:
        super().__init__()
        self._positions = itertools.count(1)
        self._turns = 0
        self._messages = 0
        self._last_call: Any = None  # LlmCallData | None

    # -- what the run is and came to --

    @contained
    def set_tag(self, key: str, value: Any) -> None:
        """A searchable tag of the run: text to text."""
        name = identifier(key, 128)
        if name is not None:
            self._tell(RunUpdate, f"{name} = {text(value, 256)}", {"tags": {name: text(value, 256) or ""}})

    @contained
    def set_metadata(self, key: str, value: Any) -> None:
        """Anything to know about the run: any JSON value under a name."""
        name = identifier(key, 128)
        if name is not None:
            self._tell(RunUpdate, f"{name} was noted", {"metadata": {name: value}})

    @contained
    def set_result(self, result: dict[str, Any]) -> None:
        """What the run came to; the last one counts."""
        self._tell(RunUpdate, "Result set", {"result": flat(result) or {}})

    @contained
    def score(self, name: str, value: Any, data_type: str = "numeric", comment: str | None = None) -> None:
        """A grade of the run: a number, ``True`` or ``False``, or a category, as ``data_type`` says."""
        kind = text(data_type, 32)
        if kind not in _DATA_TYPES:
            kind = (
                "boolean" if type(value) is bool
                else "numeric" if issubclass(type(value), int | float)
                else "categorical"
            )  # fmt: skip
        data = {
            "name": identifier(name) or "score",
            "value": value,
            "data_type": kind,
            "comment": text(comment, 2_000),
        }
        self._tell(Score, f"{data['name']}: {text(value, 128)}", data)

    # -- what it did --

    @contained
    def step(self, name: str, output: Any = None) -> None:
        """A step that was done; steps of a run are numbered from 1 on."""
        position = next(self._positions)
        self._tell(
            Step,
            f"Step {position}: {text(name, 256)}",
            {"name": identifier(name) or "step", "output": output, "position": position},
        )

    @contained
    def tool_call(
        self,
        name: str,
        input: Any = None,
        output: Any = None,
        *,
        duration_ms: float | None = None,
        status: str | None = "ok",
        tool_type: str | None = None,
        error: str | None = None,
    ) -> None:
        """A tool that was used, told afterwards. To time one as it runs, use ``agent.track_context``."""
        failed = text(error, 2_000) or None
        state = "error" if failed else text(status, 32)
        data = {
            "name": identifier(name) or "tool",
            "input": input,
            "output": output,
            "duration_ms": count(duration_ms, "duration_ms"),
            "status": state,
            "tool_type": text(tool_type, 64),
            "error": failed,
        }
        verb = "failed" if state == "error" else "was used"
        self._tell(ToolCall, f"{data['name']} {verb}", data, severity="error" if state == "error" else None)

    @contained
    def retrieval(
        self,
        query: str,
        documents: Iterable[Any] = (),
        source: str | None = None,
        *,
        duration_ms: float | None = None,
        top_k: int | None = None,
        scores: Iterable[float] | None = None,
    ) -> None:
        """Documents that were fetched for a query."""
        found = entries(documents, _MOST)
        data = {
            "query": text(query, 2_000),
            "documents": found,
            "source": text(source, 256),
            "duration_ms": count(duration_ms, "duration_ms"),
            "top_k": count(top_k, "top_k"),
            "scores": None if scores is None else [amount(one, "scores") for one in entries(scores, _MOST)],
        }
        where = f" from {data['source']}" if data["source"] else ""
        self._tell(Retrieval, f"{len(found)} documents{where}", data)

    @contained
    def decision(
        self,
        name: str,
        options: Iterable[Any] = (),
        chosen: Any = None,
        reasoning: str | None = None,
        confidence: float | None = None,
        *,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """A choice: between which ``options``, which was ``chosen``, why, and how sure (0 to 1)."""
        data = {
            "name": identifier(name) or "decision",
            "options": [text(option, 256) for option in entries(options, _MOST)],
            "chosen": text(chosen, 256),
            "reasoning": text(reasoning, 4_000),
            "confidence": amount(confidence, "confidence"),
            "metadata": metadata,
        }
        self._tell(Decision, f"{data['name']}: {data['chosen']}", data)

    @contained
    def reasoning(
        self,
        step: str,
        thought: str | None = None,
        evidence: Iterable[Any] | None = None,
        conclusion: str | None = None,
    ) -> None:
        """A step of thought."""
        data = {
            "step": identifier(step) or "step",
            "thought": text(thought, 4_000),
            "evidence": None if evidence is None else [text(one, 1_000) for one in entries(evidence, _MOST)],
            "conclusion": text(conclusion, 2_000),
        }
        self._tell(Reasoning, data["step"], data)

    @contained
    def policy_check(
        self,
        policy_name: str,
        action: str = "allow",
        category: str | None = None,
        reason: str | None = None,
        *,
        duration_ms: float | None = None,
        phase: str | None = None,
        priority: int | None = None,
    ) -> None:
        """What a policy said: ``action`` is allow, warn, throttle or block."""
        verdict = text(action, 32) or "allow"
        data = {
            "policy_name": identifier(policy_name) or "policy",
            "action": verdict,
            "category": text(category, 64),
            "reason": text(reason, 2_000),
            "duration_ms": amount(duration_ms, "duration_ms"),
            "phase": text(phase, 64),
            "priority": count(priority, "priority"),
        }
        severity = {"allow": None, "block": "error"}.get(verdict, "warn")
        self._tell(PolicyCheck, f"{data['policy_name']}: {verdict}", data, severity=severity)  # type: ignore[arg-type]

    # -- what was said --

    @contained
    def user_message(self, content: str) -> None:
        """What the user said: a new turn of the conversation."""
        self._turns += 1
        self._say("user", content)

    @contained
    def agent_response(self, content: str) -> None:
        """What the agent answered."""
        self._say("assistant", content)

    def _say(self, role: str, content: Any) -> None:
        self._messages += 1
        self._tell(Message, f"{role} said something", {"role": role, "content": text(content, 8_000)})

    @property
    def conversation_turns(self) -> int:
        """How many messages of the user were told."""
        return self._turns

    @property
    def message_count(self) -> int:
        """How many messages were told."""
        return self._messages

    @property
    def context_utilization(self) -> float | None:
        """Per cent of the context window that the latest model call filled, where that is known."""
        metadata = getattr(self._last_call, "metadata", None)
        known = metadata.get("context_utilization_pct") if type(metadata) is dict else None
        return amount(known, "context_utilization_pct")

    @property
    def run_id(self) -> str:
        """The id of this run of the task."""
        return self.task_run_id
