"""Token usage as CrewAI's events spell it, in any provider's dialect → one vocabulary; unknown stays absent. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

__all__ = ["NO_USAGE", "Usage", "read_usage"]


class Usage(NamedTuple):
    """Tokens of one call. ``tokens_in`` includes cache reads and writes, ``tokens_out`` includes reasoning."""

    tokens_in: int | None = None
    tokens_out: int | None = None
    cache_read: int | None = None
    cache_creation: int | None = None
    reasoning: int | None = None


NO_USAGE = Usage()

_IN = ("prompt_tokens", "input_tokens", "prompt_token_count")
# Gemini's `candidates_token_count` leaves the thoughts out, the `completion_tokens` beside it does not.
_OUT = ("completion_tokens", "output_tokens", "candidates_token_count")
_READ = ("cached_prompt_tokens", "cached_tokens", "cache_read_input_tokens")
_WRITTEN = ("cache_creation_tokens", "cache_creation_input_tokens")
_REASONING = ("reasoning_tokens", "thoughts_token_count")


def read_usage(raw: Any) -> Usage:
    """The counts of ``llm_call_completed.usage``; anything that is not a mapping, or counts nothing, is no usage."""
    if not isinstance(raw, Mapping):
        return NO_USAGE
    if "inputTokens" in raw:
        return _bedrock(raw)
    details_in = _nested(raw, "prompt_tokens_details", "input_tokens_details")
    details_out = _nested(raw, "completion_tokens_details", "output_tokens_details")
    tokens_in, tokens_out = _first(raw, _IN), _first(raw, _OUT)
    if not tokens_in and not tokens_out:
        # Nobody answers a prompt of no tokens: a zero is a count that was never taken.
        return NO_USAGE
    return Usage(
        tokens_in or None,
        tokens_out if tokens_in else tokens_out or None,
        _either(_first(raw, _READ), _first(details_in, _READ)),
        _either(_first(raw, _WRITTEN), _first(details_in, ("cache_write_tokens",))),
        _either(_first(raw, _REASONING), _first(details_out, _REASONING)),
    )


def _bedrock(raw: Mapping[str, Any]) -> Usage:
    """Bedrock's own counts arrive unchanged: the cache is apart from ``inputTokens``."""
    read = _first(raw, ("cacheReadInputTokens", "cacheReadInputTokenCount"))
    written = _first(raw, ("cacheWriteInputTokens", "cacheWriteInputTokenCount"))
    tokens_in = _first(raw, ("inputTokens",))
    if tokens_in is not None:
        tokens_in += (read or 0) + (written or 0)
    tokens_out = _first(raw, ("outputTokens",))
    return Usage(tokens_in or None, tokens_out, read, written) if tokens_in or tokens_out else NO_USAGE


def _either(first: int | None, second: int | None) -> int | None:
    return second if first is None else first


def _nested(source: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    for key in keys:
        inner = source.get(key)
        if isinstance(inner, Mapping):
            return inner
    return {}


def _first(source: Mapping[str, Any], keys: tuple[str, ...]) -> int | None:
    for key in keys:
        count = source.get(key)
        if type(count) is int and count >= 0:
            return count
        if type(count) is float and count.is_integer() and count >= 0:
            return int(count)
    return None
