"""Sentences for the kinds of the advanced layers: learning, context, memory, configuration, state, records of a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hiveloop import payloads

from hiveboard.store.values import count_of, number_of, text_in

from .wording import after_colon, failure_text, one_line, plural

__all__ = ["INSIGHT_TELLERS"]

_MANY = 10**12
_NAMES = 6
Data = dict[str, Any]
#: Words an event of a kind: from its summary, where it has one, and its data.
InsightTeller = Callable[[str | None, Data], str]


def _text(data: Data, name: str) -> str | None:
    found = text_in(data, name)
    return one_line(found) if found else None


def _learning(summary: str | None, data: Data) -> str:
    about = _text(data, "category")
    said = _text(data, "description") or summary
    done = " and corrected itself" if data.get("correction_applied") is True else ""
    return "learned" + (f" about {about.replace('_', ' ')}" if about else "") + done + after_colon(said)


def _compaction(summary: str | None, data: Data) -> str:
    before, after = (count_of(data.get(name), _MANY) for name in ("tokens_before", "tokens_after"))
    if before is None or after is None:
        return f"shortened its context{after_colon(summary)}"
    method = _text(data, "method")
    return f"shortened its context from {before:,} to {after:,} tokens" + (f", by {method}" if method else "")


def _error_context(summary: str | None, data: Data) -> str:
    where = _text(data, "api_name") or _text(data, "action_name")
    code = count_of(data.get("status_code"), _MANY)
    text = "met an error" + (f" in {where}" if where else "") + (f" ({code})" if code is not None else "")
    return text + after_colon(failure_text(data) or summary)


_MEMORY = {"read": "read from", "write": "wrote to", "delete": "deleted from", "search": "searched"}


def _memory(summary: str | None, data: Data) -> str:
    operation, store = _text(data, "operation"), _text(data, "store")
    found = count_of(data.get("result_count"), _MANY)
    text = f"{_MEMORY.get(operation or '', 'used')} {store or 'its memory'}"
    counted = f", {plural(found, 'result')}" if found is not None else ""
    return text + counted + after_colon(_text(data, "key_or_query") or summary)


def _configuration(summary: str | None, data: Data) -> str:
    model, version = _text(data, "model"), _text(data, "version")
    temperature = number_of(data.get("temperature"))
    parts = [
        f"model {model}" if model else None,
        f"temperature {temperature:g}" if temperature is not None else None,
        f"version {version}" if version else None,
    ]
    return f"told its configuration{after_colon(', '.join(filter(None, parts)) or summary)}"


def _composition(summary: str | None, data: Data) -> str:
    share = number_of(data.get("context_utilization_pct"))
    largest = _text(data, "largest_component")
    if share is None:
        return f"told what fills its prompt{after_colon(summary)}"
    return f"fills {share:.0f} % of its context" + (f", most of it {largest}" if largest else "")


def _mutation(summary: str | None, data: Data) -> str:
    keys = data.get("keys_changed")
    names = [one_line(key) for key in keys if isinstance(key, str)] if isinstance(keys, list) else []
    more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    return f"changed its state{after_colon(', '.join(names[:_NAMES]) + more or summary)}"


def _reflection(summary: str | None, data: Data) -> str:
    decision = _text(data, "decision")
    said = _text(data, "reasoning") or summary
    return (f"reflected and chose to {decision}" if decision else "reflected") + after_colon(said)


def _decision(summary: str | None, data: Data) -> str:
    chosen, name = _text(data, "chosen"), _text(data, "name")
    if chosen is None:
        return f"decided{after_colon(summary or name)}"
    return f"chose {chosen}" + (f" for {name}" if name else "") + after_colon(_text(data, "reasoning"))


def _retrieval(summary: str | None, data: Data) -> str:
    documents, source = data.get("documents"), _text(data, "source")
    found = len(documents) if isinstance(documents, list) else count_of(documents, _MANY)
    text = "retrieved documents" if found is None else f"retrieved {plural(found, 'document')}"
    return text + (f" from {source}" if source else "") + after_colon(_text(data, "query") or summary)


def _score(summary: str | None, data: Data) -> str:
    name, value = _text(data, "name"), data.get("value")
    shown = one_line(value) if isinstance(value, str) else None
    if isinstance(value, bool):
        shown = "true" if value else "false"
    elif (number := number_of(value)) is not None:
        shown = f"{number:g}"
    if shown is None:
        return f"was graded{after_colon(summary or name)}"
    return f"was graded {shown}" + (f" for {name}" if name else "") + after_colon(_text(data, "comment"))


def _policy(summary: str | None, data: Data) -> str:
    name, action = _text(data, "policy_name"), _text(data, "action")
    text = f"asked policy {name}" if name else "asked a policy"
    return text + (f", which says {action}" if action else "") + after_colon(_text(data, "reason") or summary)


def _tool_call(summary: str | None, data: Data) -> str:
    name = _text(data, "name") or "a tool"
    trouble = _text(data, "error")
    return f"failed {name}: {trouble}" if trouble else f"used {name}"


def _step(summary: str | None, data: Data) -> str:
    position, name = count_of(data.get("position"), _MANY), _text(data, "name")
    return (
        "took a step"
        + (f", number {position}" if position is not None else "")
        + after_colon(name or summary)
    )


INSIGHT_TELLERS: dict[str, InsightTeller] = {
    payloads.Learning.kind: _learning,
    payloads.ContextCompaction.kind: _compaction,
    payloads.ErrorContext.kind: _error_context,
    payloads.MemoryOp.kind: _memory,
    payloads.ConfigSnapshot.kind: _configuration,
    payloads.PromptComposition.kind: _composition,
    payloads.StateMutation.kind: _mutation,
    payloads.Reflection.kind: _reflection,
    payloads.Decision.kind: _decision,
    payloads.Retrieval.kind: _retrieval,
    payloads.Score.kind: _score,
    payloads.PolicyCheck.kind: _policy,
    payloads.ToolCall.kind: _tool_call,
    payloads.Step.kind: _step,
}
