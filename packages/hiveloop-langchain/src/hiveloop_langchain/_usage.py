"""Token usage in any provider's dialect → one vocabulary: inclusive totals, details, and unknown stays absent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

__all__ = ["NO_USAGE", "Usage", "model_name", "read_usage", "stop_reason"]


class Usage(NamedTuple):
    """Tokens of one call. ``tokens_in`` includes cache reads and writes, ``tokens_out`` includes reasoning.

    ``None`` means the provider did not say. ``cost`` is US dollars and only set where the framework reports it.
    """

    tokens_in: int | None = None
    tokens_out: int | None = None
    cache_read: int | None = None
    cache_creation: int | None = None
    reasoning: int | None = None
    cost: float | None = None


NO_USAGE = Usage()

# Service tiers of OpenAI prefix the detail keys: `priority_cache_read`, `flex_reasoning`.
_TIERS = ("", "priority_", "flex_")
_TTL_KEYS = frozenset({"ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens"})


def read_usage(usage_metadata: Any = None, response_metadata: Any = None, llm_output: Any = None) -> Usage:
    """The usage of one answer: LangChain's normalised counts, else the provider's own, wherever they sit.

    ``usage_metadata`` and ``response_metadata`` are those of the message, ``llm_output`` that of the result;
    anything that is not a mapping is taken as absent.
    """
    # LangChain's is a plain dict; the ABC check, which is ten times as slow, is for everybody else.
    is_mapping = type(usage_metadata) is dict or isinstance(usage_metadata, Mapping)
    usage = _from_langchain(usage_metadata) if is_mapping else NO_USAGE
    if usage.tokens_in is not None or usage.tokens_out is not None:
        return usage
    for place in (response_metadata, llm_output):
        raw = _raw_usage(place)
        if raw is not None:
            found = _from_provider(raw)
            if found.tokens_in is not None or found.tokens_out is not None:
                return found if usage.cost is None else found._replace(cost=usage.cost)
    return usage


def model_name(response_metadata: Any, llm_output: Any) -> str | None:
    """The model that answered, as the provider spelled it."""
    for place in (response_metadata, llm_output):
        if type(place) is dict or isinstance(place, Mapping):
            for key in ("model_name", "model", "model_id", "model_version"):
                name = place.get(key)
                if isinstance(name, str) and name:
                    return name
    return None


def stop_reason(response_metadata: Any, generation_info: Any, has_tool_calls: bool) -> str | None:
    """Why the model stopped, in the provider's word; derived where the provider only reports a status."""
    for place in (response_metadata, generation_info):
        if type(place) is not dict and not isinstance(place, Mapping):
            continue
        for key in ("finish_reason", "stop_reason", "done_reason", "stopReason", "finishReason"):
            reason = place.get(key)
            if isinstance(reason, str) and reason:
                return reason
        status = place.get("status")
        if status == "incomplete":
            details = place.get("incomplete_details")
            reason = details.get("reason") if isinstance(details, Mapping) else None
            return reason if isinstance(reason, str) else "incomplete"
        if status == "completed":
            return "tool_calls" if has_tool_calls else "stop"
        if isinstance(status, str) and status:
            return status
    return None


def _count(value: Any) -> int | None:
    if type(value) is int:
        return value if value >= 0 else None
    if isinstance(value, float) and value.is_integer() and value >= 0:
        return int(value)
    return None


def _first(source: Mapping[str, Any], *keys: str) -> int | None:
    for key in keys:
        count = _count(source.get(key))
        if count is not None:
            return count
    return None


def _nested(source: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    for key in keys:
        inner = source.get(key)
        if type(inner) is dict or isinstance(inner, Mapping):
            return inner
    return {}


def _known(usage: Usage) -> Usage:
    """Nobody answers a prompt of no tokens: a zero input is a count that was never taken."""
    if usage.tokens_in == 0:
        tokens_out = usage.tokens_out or None
        return Usage(tokens_out=tokens_out, cost=usage.cost)
    return usage


def _cost(source: Mapping[str, Any]) -> float | None:
    cost = source.get("total_cost")
    if isinstance(cost, (int, float)) and not isinstance(cost, bool) and cost >= 0:
        return float(cost)
    return None


def _tiered(details: Mapping[str, Any], name: str) -> int | None:
    count = details.get(name)
    if type(count) is int and count >= 0:
        return count
    for tier in _TIERS:
        count = details.get(tier + name)
        if count is not None:
            return _count(count)
    return None


def _cache_written(details: Mapping[str, Any]) -> int | None:
    """Anthropic with TTL detail reports 0 under the general key and the tokens under one key per TTL."""
    general = _tiered(details, "cache_creation")
    if general:
        return general
    if _TTL_KEYS.isdisjoint(details):
        return general
    by_ttl = [count for key in _TTL_KEYS if (count := _count(details.get(key))) is not None]
    return sum(by_ttl) if by_ttl else general


def _from_langchain(source: Mapping[str, Any]) -> Usage:
    """`usage_metadata` of a message: LangChain has already made the totals inclusive."""
    given = _nested(source, "input_token_details") if "input_token_details" in source else None
    made = _nested(source, "output_token_details") if "output_token_details" in source else None
    tokens_in, tokens_out = source.get("input_tokens"), source.get("output_tokens")
    usage = Usage(
        tokens_in if type(tokens_in) is int and tokens_in >= 0 else _count(tokens_in),
        tokens_out if type(tokens_out) is int and tokens_out >= 0 else _count(tokens_out),
        _tiered(given, "cache_read") if given else None,
        _cache_written(given) if given else None,
        _tiered(made, "reasoning") if made else None,
        _cost(source) if "total_cost" in source else None,
    )
    return usage if usage.tokens_in != 0 else _known(usage)


_USAGE_KEYS = (
    "token_usage",
    "usage",
    "usage_metadata",
    "usageMetadata",
    "amazon-bedrock-invocationMetrics",
    "token_count",  # Cohere
    "tokens",
)
_FLAT_KEYS = ("prompt_eval_count", "eval_count", "prompt_token_count", "promptTokenCount")


def _raw_usage(place: Any) -> Mapping[str, Any] | None:
    if not isinstance(place, Mapping):
        return None
    for key in _USAGE_KEYS:
        raw = place.get(key)
        if isinstance(raw, Mapping) and raw:
            return raw
    # Ollama puts its counts beside the answer, not in an object of their own.
    return place if any(key in place for key in _FLAT_KEYS) else None


def _from_provider(raw: Mapping[str, Any]) -> Usage:
    if "prompt_token_count" in raw or "promptTokenCount" in raw:
        return _known(_gemini(raw))
    if "inputTokens" in raw or "inputTokenCount" in raw:
        return _known(_bedrock(raw))
    if "cache_read_input_tokens" in raw or "cache_creation_input_tokens" in raw or "cache_creation" in raw:
        return _known(_anthropic(raw))
    return _known(_openai_like(raw))


def _openai_like(raw: Mapping[str, Any]) -> Usage:
    """OpenAI chat and responses, and those who speak like them; Ollama; DeepSeek's cache keys."""
    given = _nested(raw, "prompt_tokens_details", "input_tokens_details")
    made = _nested(raw, "completion_tokens_details", "output_tokens_details")
    cached = _first(given, "cached_tokens")
    return Usage(
        tokens_in=_first(raw, "prompt_tokens", "input_tokens", "prompt_eval_count", "input_token_count"),
        tokens_out=_first(raw, "completion_tokens", "output_tokens", "eval_count", "generated_token_count"),
        cache_read=cached if cached is not None else _first(raw, "prompt_cache_hit_tokens"),
        cache_creation=_first(given, "cache_write_tokens"),
        reasoning=_first(made, "reasoning_tokens"),
    )


def _anthropic(raw: Mapping[str, Any]) -> Usage:
    """Anthropic counts the cache apart from ``input_tokens``."""
    read = _count(raw.get("cache_read_input_tokens"))
    by_ttl = _nested(raw, "cache_creation")
    written = _count(raw.get("cache_creation_input_tokens")) or _cache_written(by_ttl)
    if written is None:
        written = _count(raw.get("cache_creation_input_tokens"))
    return Usage(
        tokens_in=_sum(_count(raw.get("input_tokens")), read, written),
        tokens_out=_count(raw.get("output_tokens")),
        cache_read=read,
        cache_creation=written,
        reasoning=_first(_nested(raw, "output_tokens_details"), "thinking_tokens"),
    )


def _bedrock(raw: Mapping[str, Any]) -> Usage:
    """Bedrock, of Converse and of a plain invocation, counts the cache apart from the input."""
    read = _first(raw, "cacheReadInputTokens", "cacheReadInputTokenCount")
    written = _first(raw, "cacheWriteInputTokens", "cacheWriteInputTokenCount")
    return Usage(
        tokens_in=_sum(_first(raw, "inputTokens", "inputTokenCount"), read, written),
        tokens_out=_first(raw, "outputTokens", "outputTokenCount"),
        cache_read=read,
        cache_creation=written,
    )


def _gemini(raw: Mapping[str, Any]) -> Usage:
    """Gemini counts the cache inside the prompt, what its own tools put in and its thoughts apart from both texts."""
    thoughts = _first(raw, "thoughts_token_count", "thoughtsTokenCount")
    answer = _first(raw, "candidates_token_count", "candidatesTokenCount")
    by_tools = _first(raw, "tool_use_prompt_token_count", "toolUsePromptTokenCount")
    return Usage(
        tokens_in=_sum(_first(raw, "prompt_token_count", "promptTokenCount"), by_tools),
        tokens_out=_sum(answer, thoughts) if answer is not None else thoughts,
        cache_read=_first(raw, "cached_content_token_count", "cachedContentTokenCount"),
        reasoning=thoughts,
    )


def _sum(base: int | None, *extra: int | None) -> int | None:
    return None if base is None else base + sum(count for count in extra if count is not None)
