"""The dialect of OpenAI responses: one JSON answer, or typed events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .conversation import Answer
from .openai_chat import CREATED
from .script import Usage

_INCOMPLETE = {"length": "max_output_tokens", "refusal": "content_filter"}


def usage_object(usage: Usage) -> dict[str, Any]:
    return {
        "input_tokens": usage.tokens_in,
        "input_tokens_details": {"cached_tokens": usage.cache_read},
        "output_tokens": usage.tokens_out,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.tokens_in + usage.tokens_out,
    }


def _output(answer: Answer) -> list[dict[str, Any]]:
    """The items of the finished answer: reasoning, message, function calls."""
    turn = answer.turn
    status = "completed" if turn.stop == "end" else "incomplete"
    items: list[dict[str, Any]] = []
    if turn.usage and turn.usage.reasoning:
        items.append({"id": answer.identifier("rs_"), "type": "reasoning", "summary": []})
    if turn.text:
        part = {"type": "output_text", "annotations": [], "logprobs": [], "text": turn.text}
        identity = {"id": answer.identifier("msg_"), "type": "message", "status": status}
        items.append({**identity, "content": [part], "role": "assistant"})
    for n, (call_id, call) in enumerate(answer.call_ids("call_")):
        identity = {"id": answer.identifier("fc_", f"item{n}"), "type": "function_call", "status": status}
        items.append(
            {**identity, "arguments": json.dumps(call.arguments), "call_id": call_id, "name": call.name}
        )
    return items


def answer_object(answer: Answer) -> dict[str, Any]:
    turn = answer.turn
    reason = _INCOMPLETE.get(turn.stop)
    return {
        "id": answer.identifier("resp_"),
        "object": "response",
        "created_at": CREATED,
        "status": "incomplete" if reason else "completed",
        "background": False,
        "error": None,
        "incomplete_details": {"reason": reason} if reason else None,
        "instructions": None,
        "max_output_tokens": None,
        "metadata": {},
        "model": answer.model,
        "output": _output(answer),
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "reasoning": {"effort": None, "summary": None},
        "service_tier": "default",
        "store": True,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": usage_object(turn.usage) if turn.usage else None,
        "user": None,
    }


def _message_events(item: dict[str, Any], pieces: list[str]) -> Iterator[dict[str, Any]]:
    where = {"item_id": item["id"], "content_index": 0}
    part = item["content"][0]
    yield {"type": "response.content_part.added", **where, "part": {**part, "text": ""}}
    for piece in pieces:
        yield {"type": "response.output_text.delta", **where, "delta": piece, "logprobs": []}
    yield {"type": "response.output_text.done", **where, "text": part["text"], "logprobs": []}
    yield {"type": "response.content_part.done", **where, "part": part}


def _call_events(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    arguments = item["arguments"]
    middle = len(arguments) // 2
    name = "response.function_call_arguments"
    for part in (arguments[:middle], arguments[middle:]):
        yield {"type": f"{name}.delta", "item_id": item["id"], "delta": part}
    yield {"type": f"{name}.done", "item_id": item["id"], "arguments": arguments, "name": item["name"]}


def _opening(item: dict[str, Any]) -> dict[str, Any]:
    """An output item as it looks before its content has arrived."""
    if item["type"] == "message":
        return {**item, "status": "in_progress", "content": []}
    if item["type"] == "function_call":
        return {**item, "status": "in_progress", "arguments": ""}
    return item


def _item_events(item: dict[str, Any], answer: Answer) -> Iterator[dict[str, Any]]:
    yield {"type": "response.output_item.added", "item": _opening(item)}
    if item["type"] == "message":
        yield from _message_events(item, answer.pieces())
    elif item["type"] == "function_call":
        yield from _call_events(item)
    yield {"type": "response.output_item.done", "item": item}


def _events(answer: Answer) -> Iterator[dict[str, Any]]:
    whole = answer_object(answer)
    opening = {**whole, "status": "in_progress", "output": [], "usage": None, "incomplete_details": None}
    yield {"type": "response.created", "response": opening}
    yield {"type": "response.in_progress", "response": opening}
    for output_index, item in enumerate(whole["output"]):
        for event in _item_events(item, answer):
            yield {**event, "output_index": output_index}
    if not answer.turn.breaks_off:
        yield {"type": f"response.{whole['status']}", "response": whole}


def stream_events(answer: Answer) -> Iterator[tuple[str, str]]:
    """``(event name, data)`` pairs, numbered as the provider numbers them."""
    for sequence_number, event in enumerate(_events(answer)):
        yield event["type"], json.dumps({**event, "sequence_number": sequence_number})
