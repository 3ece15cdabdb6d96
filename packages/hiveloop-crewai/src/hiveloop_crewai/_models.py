"""Model calls: what is kept from their start, the time to their first token, and the one `llm_call` they end as."""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import Any

from hiveloop.adapters import estimate_cost
from hiveloop.payloads import LlmCallData

from . import _translate as translate
from ._actions import spent_ms, status_code, tell_guardrail_retry
from ._call_errors import call_errors
from ._facts import Fact
from ._throttled import tell_retry, was_refused
from ._tree import Node
from ._usage import NO_USAGE, Usage
from ._usage_notes import usage_notes

__all__ = ["FirstTokens", "end_model", "fail_model", "first_tokens", "give_up_model", "open_model"]

_TOO_LONG = re.compile(
    r"context[ _](length|window|limit)|maximum context|too many tokens|prompt is too long|input is too long",
    re.IGNORECASE,
)
_MAX_STREAMS = 2_000


class FirstTokens:
    """When each streamed answer began: asked at every token, so reading and writing are one dictionary step."""

    def __init__(self) -> None:
        self._at: OrderedDict[str, float] = OrderedDict()

    def note(self, call_id: str, at: float) -> None:
        """A piece of an answer; only the first counts."""
        if call_id not in self._at:
            self._at[call_id] = at
            if len(self._at) > _MAX_STREAMS:
                self._at.popitem(last=False)

    def known(self, call_id: str) -> bool:
        """Whether the first piece has been seen."""
        return call_id in self._at

    def take(self, call_id: str) -> float | None:
        """When the answer began, which is then forgotten."""
        return self._at.pop(call_id, None)


first_tokens = FirstTokens()


def open_model(node: Node, fact: Fact) -> None:
    """A model is called. Whose doing it is, the agent around it knows; the event itself often does not."""
    data = node.data = fact.data
    if node.actor is None:
        node.be(data["role"])
    run = node.run
    if run is None:
        return
    node.data["turn"] = next(run.turns)
    if run.overflow is not None:
        # Nameless, under the node whose prompt was too long: the summary that is to replace it.
        node.data["compacts"] = run.overflow is node.parent and data["role"] is None
        run.overflow = None
    tell_retry(node, fact)
    tell_guardrail_retry(node, fact)


def end_model(node: Node, fact: Fact) -> None:
    """The model answered."""
    data = fact.data
    noted = usage_notes.take(node.key)
    usage = data["usage"]
    tell(node, fact.at, noted if usage is NO_USAGE else usage, data, {})
    if node.data.get("compacts") and node.run is not None:
        event = translate.context_compaction(node.scope, "overflow", {"model": data["model"]})
        node.run.emit(event, fact.at, node.actor)


def fail_model(node: Node, fact: Fact) -> None:
    """The call failed: an `llm_call` with its error and no tokens."""
    text = fact.data["error"]
    usage_notes.take(node.key)
    error_type = fact.data["error_type"] or call_errors.get(node.key)
    error = {
        "type": error_type,
        "message": text if fact.data["told"] else None,
        "status_code": status_code(text),
    }
    tell(
        node,
        fact.at,
        NO_USAGE,
        {},
        {"error": {key: value for key, value in error.items() if value is not None}},
    )
    if node.run is None:
        return
    if text and _TOO_LONG.search(text):
        node.run.overflow = node.parent
    elif node.parent is not None:
        was_refused(node, fact, error_type)
    if text and error_type is not None:
        node.run.failed_call = (text, error_type)


def give_up_model(node: Node, at: float, how: str) -> None:
    """Nobody will say any more how the call went."""
    tell(node, at, NO_USAGE, {}, {"outcome": how})


def tell(node: Node, at: float, usage: Usage, answer: dict[str, Any], more: dict[str, Any]) -> None:
    """Send the one `llm_call` of a node."""
    run = node.run
    if run is None:
        return
    asked = node.data
    model = answer.get("model") or asked.get("model")
    cost = estimate_cost(model, usage.tokens_in, usage.tokens_out)
    data = LlmCallData(
        name=node.role or "llm",
        model=model,
        tokens_in=usage.tokens_in,
        tokens_out=usage.tokens_out,
        cost=cost,
        cost_source="estimated" if cost is not None else None,
        duration_ms=None if asked.get("is_startless") else spent_ms(node, at),
        prompt_preview=asked.get("prompt"),
        response_preview=answer.get("response"),
        metadata={**_about(node, asked, answer, usage), **more},
    )
    run.emit(translate.llm_call(data, node.scope), at, node.actor)


def _about(node: Node, asked: dict[str, Any], answer: dict[str, Any], usage: Usage) -> dict[str, Any]:
    began = first_tokens.take(node.key)
    about = {
        "call_id": node.key,
        "provider": asked.get("provider"),
        "turn_number": asked.get("turn"),
        "stop_reason": answer.get("stop_reason"),
        "response_id": answer.get("response_id"),
        "call_type": answer.get("call_type"),
        "tool_calls": answer.get("tool_calls") or None,
        "tools_offered": asked.get("tools_offered"),
        "cache_read_input_tokens": usage.cache_read,
        "cache_creation_input_tokens": usage.cache_creation,
        "reasoning_tokens": usage.reasoning,
        "ttft_ms": None if began is None else max(0, round((began - node.at) * 1000)),
        **asked.get("settings", {}),
    }
    shares = asked.get("shares")
    if shares and shares["messages"]:
        about["message_count"] = shares["messages"]
        about["system_prompt_tokens"] = shares["system"]
        about["history_tokens"] = shares["history"]
        about["tool_results_tokens"] = shares["tool"]
        about["prompt_shares_estimated"] = True
    return {key: value for key, value in about.items() if value is not None}
