"""The dialect of OpenAI chat completions: one JSON answer, or chunks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .conversation import Answer
from .script import Usage

#: A fixed moment: recordings must not differ by the day they are made.
CREATED = 1_760_000_000
_FINISH = {"end": "stop", "length": "length", "refusal": "content_filter"}


def usage_object(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.tokens_in,
        "completion_tokens": usage.tokens_out,
        "total_tokens": usage.tokens_in + usage.tokens_out,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _finish_reason(answer: Answer) -> str:
    turn = answer.turn
    return "tool_calls" if turn.calls and turn.stop == "end" else _FINISH[turn.stop]


def _tool_calls(answer: Answer) -> list[dict[str, Any]]:
    return [
        {
            "id": id_,
            "type": "function",
            "function": {"name": call.name, "arguments": json.dumps(call.arguments)},
        }
        for id_, call in answer.call_ids("call_")
    ]


def answer_object(answer: Answer) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": answer.turn.text or None, "refusal": None}
    if answer.turn.calls:
        message["tool_calls"] = _tool_calls(answer)
    body: dict[str, Any] = {
        "id": answer.identifier("chatcmpl-"),
        "object": "chat.completion",
        "created": CREATED,
        "model": answer.model,
        "choices": [
            {"index": 0, "message": message, "logprobs": None, "finish_reason": _finish_reason(answer)}
        ],
        "service_tier": "default",
        "system_fingerprint": "fp_scripted",
    }
    if answer.turn.usage:
        body["usage"] = usage_object(answer.turn.usage)
    return body


def _deltas(answer: Answer) -> Iterator[dict[str, Any]]:
    yield {"role": "assistant", "content": "" if answer.turn.text else None, "refusal": None}
    for piece in answer.pieces():
        yield {"content": piece}
    for index, call in enumerate(_tool_calls(answer)):
        arguments = call["function"]["arguments"]
        middle = len(arguments) // 2
        opening = {**call, "index": index, "function": {"name": call["function"]["name"], "arguments": ""}}
        yield {"tool_calls": [opening]}
        for part in (arguments[:middle], arguments[middle:]):
            yield {"tool_calls": [{"index": index, "function": {"arguments": part}}]}


def stream_events(answer: Answer, *, include_usage: bool) -> Iterator[str]:
    """The ``data:`` lines of the stream; the usage chunk comes only where it was asked for."""

    def chunk(choices: list[dict[str, Any]], usage: dict[str, Any] | None = None) -> str:
        body: dict[str, Any] = {
            "id": answer.identifier("chatcmpl-"),
            "object": "chat.completion.chunk",
            "created": CREATED,
            "model": answer.model,
            "choices": choices,
        }
        if include_usage:
            body["usage"] = usage
        return json.dumps(body)

    for delta in _deltas(answer):
        yield chunk([{"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}])
    if answer.turn.breaks_off:
        return
    yield chunk([{"index": 0, "delta": {}, "logprobs": None, "finish_reason": _finish_reason(answer)}])
    if include_usage and answer.turn.usage:
        yield chunk([], usage_object(answer.turn.usage))
    yield "[DONE]"
