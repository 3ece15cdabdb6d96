"""The dialect of Anthropic messages: one JSON answer, or named events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .conversation import Answer
from .script import Usage

_STOP = {"end": "end_turn", "length": "max_tokens", "refusal": "refusal"}


def usage_object(usage: Usage | None) -> dict[str, Any]:
    """Anthropic counts cached tokens beside ``input_tokens``, not inside."""
    usage = usage or Usage(tokens_in=0, tokens_out=0)
    return {
        "input_tokens": usage.uncached,
        "cache_creation_input_tokens": usage.cache_creation,
        "cache_read_input_tokens": usage.cache_read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_creation,
            "ephemeral_1h_input_tokens": 0,
        },
        "output_tokens": usage.tokens_out,
        "service_tier": "standard",
    }


def _stop_reason(answer: Answer) -> str:
    turn = answer.turn
    return "tool_use" if turn.calls and turn.stop == "end" else _STOP[turn.stop]


def _blocks(answer: Answer) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    if answer.turn.text:
        blocks.append({"type": "text", "text": answer.turn.text})
    for id_, call in answer.call_ids("toolu_"):
        blocks.append({"type": "tool_use", "id": id_, "name": call.name, "input": dict(call.arguments)})
    return blocks


def answer_object(answer: Answer) -> dict[str, Any]:
    return {
        "model": answer.model,
        "id": answer.identifier("msg_"),
        "type": "message",
        "role": "assistant",
        "content": _blocks(answer),
        "stop_reason": _stop_reason(answer),
        "stop_sequence": None,
        "usage": usage_object(answer.turn.usage),
    }


def _block_events(index: int, block: dict[str, Any], answer: Answer) -> Iterator[dict[str, Any]]:
    if block["type"] == "text":
        opening: dict[str, Any] = {"type": "text", "text": ""}
        deltas = [{"type": "text_delta", "text": piece} for piece in answer.pieces()]
    else:
        opening = {**block, "input": {}}
        arguments = json.dumps(block["input"])
        middle = len(arguments) // 2
        parts = (arguments[:middle], arguments[middle:])
        deltas = [{"type": "input_json_delta", "partial_json": part} for part in parts]
    yield {"type": "content_block_start", "index": index, "content_block": opening}
    for delta in deltas:
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}


def _events(answer: Answer) -> Iterator[dict[str, Any]]:
    whole = answer_object(answer)
    opening_usage = {**whole["usage"], "output_tokens": 1}
    opening = {**whole, "content": [], "stop_reason": None, "usage": opening_usage}
    yield {"type": "message_start", "message": opening}
    yield {"type": "ping"}
    for index, block in enumerate(whole["content"]):
        yield from _block_events(index, block, answer)
    if answer.turn.breaks_off:
        return
    closing = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    names = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens")
    usage = {name: whole["usage"][name] for name in names}
    yield {"type": "message_delta", "delta": closing, "usage": usage}
    yield {"type": "message_stop"}


def stream_events(answer: Answer) -> Iterator[tuple[str, str]]:
    """``(event name, data)`` pairs of the stream."""
    for event in _events(answer):
        yield event["type"], json.dumps(event)
