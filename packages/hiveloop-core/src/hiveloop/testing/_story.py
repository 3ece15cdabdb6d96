"""What a run did, read from its events: tools in order, model calls, tokens, cost, retries, errors, how it ended."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from hiveloop import events as catalogue
from hiveloop.payloads import LlmCall, ToolCall

__all__ = ["ModelCall", "Run", "Story", "ToolUse", "counted", "dollars"]

#: Kinds of actions that are tools. Steps a program tracks by hand name no kind, and count as well.
_TOOL_KINDS = frozenset({"tool", "code"})
_MOST_LINES = 40
_MOST_NAMES = 3


class ToolUse(NamedTuple):
    """One use of a tool. ``arguments`` is ``None`` where they were not told, ``error`` where it worked."""

    name: str
    arguments: Any
    run: str
    error: str | None


class ModelCall(NamedTuple):
    """One model call. ``None`` is unknown, never 0."""

    name: str
    models: tuple[str, ...]
    tokens_in: int | None
    tokens_out: int | None
    cost: float | None
    error: str | None

    @property
    def tokens(self) -> int | None:
        """Both directions, when both are known."""
        if self.tokens_in is None or self.tokens_out is None:
            return None
        return self.tokens_in + self.tokens_out

    def is_of(self, model: str) -> bool:
        """Whether it asked for or was answered by this model, which may be a pattern such as ``gpt-4.1*``."""
        return any(fnmatchcase(name, model) for name in self.models)


class Run(NamedTuple):
    """A task. ``status`` is ``success``, another outcome such as ``cancelled``, ``failed``, or ``open``."""

    task_id: str
    task_type: str | None
    status: str


class Story:
    """The events of a test, told as what the agents did. Reads only; what it cannot read it leaves out."""

    def __init__(self, events: Iterable[dict[str, Any]]) -> None:
        self._events = list(events)
        ends = {
            event["action_id"]: event
            for event in self._of(catalogue.ActionCompleted, catalogue.ActionFailed)
            if event.get("action_id")
        }
        #: Tools and model calls in the order in which they began or were told.
        self.steps: list[ToolUse | ModelCall] = []
        for event in self._events:
            step = _step(event, ends)
            if step is not None:
                self.steps.append(step)
        self.tools = [step for step in self.steps if isinstance(step, ToolUse)]
        self.calls = [step for step in self.steps if isinstance(step, ModelCall)]
        self.retries = len(self._of(catalogue.RetryStarted))
        self.runs = self._runs()
        self.errors = [text for event in self._events if (text := _error_in(event)) is not None]

    def _of(self, *kinds: type[catalogue.Event]) -> list[dict[str, Any]]:
        names = {kind.event_type for kind in kinds}
        return [event for event in self._events if event["event_type"] in names]

    def _runs(self) -> list[Run]:
        found: dict[str, Run] = {}
        for event in self._of(catalogue.TaskStarted, catalogue.TaskCompleted, catalogue.TaskFailed):
            run = str(event.get("task_run_id") or event.get("task_id"))
            status = "open"
            if event["event_type"] == catalogue.TaskFailed.event_type:
                status = "failed"
            elif event["event_type"] == catalogue.TaskCompleted.event_type:
                status = str(event.get("status") or "success")
            found[run] = Run(str(event.get("task_id")), event.get("task_type"), status)
        return list(found.values())

    @property
    def cost(self) -> float | None:
        """US dollars of all model calls; ``None`` as soon as that of one is unknown."""
        known = [call.cost for call in self.calls if call.cost is not None]
        return round(sum(known), 9) if len(known) == len(self.calls) else None

    @property
    def tokens_in(self) -> int | None:
        """Tokens sent; ``None`` as soon as those of one call are unknown."""
        known = [call.tokens_in for call in self.calls if call.tokens_in is not None]
        return sum(known) if len(known) == len(self.calls) else None

    @property
    def tokens_out(self) -> int | None:
        """Tokens received; ``None`` as soon as those of one call are unknown."""
        known = [call.tokens_out for call in self.calls if call.tokens_out is not None]
        return sum(known) if len(known) == len(self.calls) else None

    @property
    def tokens(self) -> int | None:
        """Both directions."""
        sent, received = self.tokens_in, self.tokens_out
        return None if sent is None or received is None else sent + received

    def text(self) -> str:
        """The story for people who read a failed test."""
        if not self.steps and not self.runs:
            return "What the run did: nothing was reported."
        lines = [f"  {number}. {_line(step)}" for number, step in enumerate(self.steps, 1)]
        if len(lines) > _MOST_LINES:
            half = _MOST_LINES // 2
            lines = [*lines[:half], f"  … {len(lines) - 2 * half} more steps …", *lines[-half:]]
        ended = ", ".join(f"{run.task_id} {run.status}" for run in self.runs[:_MOST_NAMES])
        if len(self.runs) > _MOST_NAMES:
            ended += f" and {len(self.runs) - _MOST_NAMES} more"
        retried = f"; {counted(self.retries, 'retry', 'retries')}" if self.retries else ""
        return "\n".join(["What the run did:", *lines, f"  Tasks: {ended or 'none'}{retried}."])


def _step(event: dict[str, Any], ends: dict[str, dict[str, Any]]) -> ToolUse | ModelCall | None:
    payload = event.get("payload") or {}
    run = str(event.get("task_run_id") or event.get("agent_id"))
    if event["event_type"] == catalogue.ActionStarted.event_type:
        if payload.get("kind") is not None and payload["kind"] not in _TOOL_KINDS:
            return None
        end = ends.get(event.get("action_id") or "", {})
        told = {**payload, **(end.get("payload") or {})}
        return ToolUse(
            str(told.get("action_name")), told.get("args"), run, _reason(end) if end else "did not end"
        )
    if event["event_type"] != catalogue.Custom.event_type:
        return None
    data = _data(payload)
    if payload.get("kind") == ToolCall.kind:
        return ToolUse(str(data.get("name")), data.get("input"), run, _text(data.get("error")))
    return _model_call(data) if payload.get("kind") == LlmCall.kind else None


def _model_call(data: dict[str, Any]) -> ModelCall:
    given = data.get("metadata")
    about: dict[str, Any] = given if isinstance(given, dict) else {}
    models = (data.get("model"), about.get("requested_model"))
    return ModelCall(
        str(data.get("name")),
        tuple(dict.fromkeys(model for model in models if isinstance(model, str))),
        data.get("tokens_in"),
        data.get("tokens_out"),
        data.get("cost"),
        _text(about.get("error")),
    )


def _error_in(event: dict[str, Any]) -> str | None:
    """What went wrong and where, where this event says that something did."""
    payload = event.get("payload") or {}
    reason = _reason(event)
    if reason is None:
        return None
    if payload.get("kind") == LlmCall.kind:
        return f"model call {_data(payload).get('name')}: {reason}"
    name = payload.get("action_name") or payload.get("kind") or event.get("task_id") or event["event_type"]
    return f"{name}: {reason}"


def _reason(event: dict[str, Any]) -> str | None:
    """What went wrong, by this event."""
    payload = event.get("payload") or {}
    kind = payload.get("kind")
    if kind == LlmCall.kind:
        return _model_call(_data(payload)).error
    severity = event.get("severity") or catalogue.default_severity(event["event_type"], kind, _data(payload))
    if severity != "error" and payload.get("success") is not False and not payload.get("error"):
        return None
    said = payload.get("exception_message") or payload.get("error") or payload.get("summary")
    raised = payload.get("exception_type")
    return _short(": ".join(str(part) for part in (raised, said) if part) or "failed")


def _data(payload: dict[str, Any]) -> dict[str, Any]:
    data = payload.get("data")
    return data if isinstance(data, dict) else {}


def _line(step: ToolUse | ModelCall) -> str:
    failed = "" if step.error is None else f", failed: {_short(step.error)}"
    if isinstance(step, ToolUse):
        return f"tool {step.name}{failed}"
    tokens = "tokens unknown" if step.tokens is None else f"{step.tokens:,} tokens"
    model = f" ({step.models[0]})" if step.models else ""
    return f"model call {step.name}{model}, {tokens}, {dollars(step.cost)}{failed}"


def _text(value: Any) -> str | None:
    return None if value is None or value == "" else _short(str(value))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 200 else f"{line[:199]}…"


def dollars(amount: float | None) -> str:
    """An amount for people: enough digits to tell it from 0, and from one a little larger."""
    if amount is None:
        return "cost unknown"
    text = f"{amount:,.9f}".rstrip("0")
    whole, _, rest = text.partition(".")
    return f"${whole}.{rest.ljust(2, '0')}"


def counted(number: int, one: str, many: str | None = None) -> str:
    """``1 call``, ``2 calls``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
