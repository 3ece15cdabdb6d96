"""Reads the tokens out of a recorded answer, without any client: what the board is checked against."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["RecordedUsage", "read_usage"]


@dataclass(frozen=True)
class RecordedUsage:
    """Tokens of one answer; ``tokens_in`` includes cached tokens."""

    tokens_in: int
    tokens_out: int


def read_usage(body: bytes) -> RecordedUsage | None:
    """The usage of an answer of either provider, plain or streamed; ``None`` where it tells none."""
    last: RecordedUsage | None = None
    for part in _parts(body):
        last = _usage(part) or last
    return last


def _parts(body: bytes) -> Iterator[dict[str, Any]]:
    """The JSON objects of a plain answer (one) or of a stream (one per event)."""
    text = body.decode()
    documents = [text]
    if not text.lstrip().startswith("{"):
        documents = [line[5:] for line in text.splitlines() if line.startswith("data:")]
    for document in documents:
        if document.strip() != "[DONE]":
            yield json.loads(document)


def _usage(part: dict[str, Any]) -> RecordedUsage | None:
    usage = part.get("usage") or (part.get("response") or part.get("message") or {}).get("usage")
    if not usage:
        return None
    if "prompt_tokens" in usage:
        return RecordedUsage(usage["prompt_tokens"], usage["completion_tokens"])
    cached = usage.get("cache_read_input_tokens", 0) + usage.get("cache_creation_input_tokens", 0)
    return RecordedUsage(usage["input_tokens"] + cached, usage["output_tokens"])
