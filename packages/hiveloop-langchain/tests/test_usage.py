"""Every provider's way to count tokens, as its API documents it."""

from __future__ import annotations

from typing import Any

import pytest
from hiveloop_langchain._usage import NO_USAGE, Usage, model_name, read_usage, stop_reason
from hypothesis import given
from hypothesis import strategies as st

LANGCHAIN: list[tuple[str, Any, Usage]] = [
    ("plain", {"input_tokens": 10, "output_tokens": 2, "total_tokens": 12}, Usage(10, 2)),
    (
        "cache and reasoning",
        {
            "input_tokens": 100,
            "output_tokens": 20,
            "input_token_details": {"cache_read": 60, "cache_creation": 10},
            "output_token_details": {"reasoning": 15},
        },
        Usage(100, 20, 60, 10, 15),
    ),
    (
        "anthropic with one time to live",
        {
            "input_tokens": 1167,
            "output_tokens": 4,
            "input_token_details": {
                "cache_read": 0,
                "cache_creation": 0,
                "ephemeral_5m_input_tokens": 1163,
                "ephemeral_1h_input_tokens": 0,
            },
        },
        Usage(1167, 4, 0, 1163),
    ),
    (
        "anthropic with two times to live",
        {
            "input_tokens": 50,
            "output_tokens": 4,
            "input_token_details": {
                "cache_creation": 0,
                "ephemeral_5m_input_tokens": 10,
                "ephemeral_1h_input_tokens": 7,
            },
        },
        Usage(50, 4, None, 17),
    ),
    (
        "openai priority tier",
        {
            "input_tokens": 100,
            "output_tokens": 30,
            "input_token_details": {"priority_cache_read": 64, "priority": 36},
            "output_token_details": {"priority_reasoning": 12, "priority": 18},
        },
        Usage(100, 30, 64, None, 12),
    ),
    (
        "openai flex tier",
        {
            "input_tokens": 9,
            "output_tokens": 3,
            "input_token_details": {"flex_cache_read": 4, "flex": 5},
            "output_token_details": {"flex_reasoning": 1},
        },
        Usage(9, 3, 4, None, 1),
    ),
    (
        "cache hit of langchain",
        {"input_tokens": 5, "output_tokens": 1, "total_cost": 0},
        Usage(5, 1, cost=0.0),
    ),
    ("cache hit without usage", {"total_cost": 0}, Usage(cost=0.0)),
    ("nothing was counted", {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}, NO_USAGE),
    ("empty", {}, NO_USAGE),
    ("absent", None, NO_USAGE),
]

RAW: list[tuple[str, Any, Usage]] = [
    (
        "openai chat",
        {
            "token_usage": {
                "prompt_tokens": 100,
                "completion_tokens": 20,
                "total_tokens": 120,
                "prompt_tokens_details": {"cached_tokens": 64},
                "completion_tokens_details": {"reasoning_tokens": 8},
            }
        },
        Usage(100, 20, 64, None, 8),
    ),
    (
        "openai responses",
        {
            "usage": {
                "input_tokens": 75,
                "input_tokens_details": {"cached_tokens": 0},
                "output_tokens": 1186,
                "output_tokens_details": {"reasoning_tokens": 1024},
            }
        },
        Usage(75, 1186, 0, None, 1024),
    ),
    (
        "anthropic messages count the cache apart",
        {
            "usage": {
                "input_tokens": 4,
                "cache_creation_input_tokens": 1163,
                "cache_read_input_tokens": 0,
                "cache_creation": {"ephemeral_5m_input_tokens": 1163, "ephemeral_1h_input_tokens": 0},
                "output_tokens": 12,
            }
        },
        Usage(1167, 12, 0, 1163),
    ),
    (
        "anthropic reads its cache",
        {
            "usage": {
                "input_tokens": 4,
                "cache_read_input_tokens": 1163,
                "cache_creation_input_tokens": 0,
                "output_tokens": 9,
            }
        },
        Usage(1167, 9, 1163, 0),
    ),
    (
        "bedrock converse",
        {"usage": {"inputTokens": 30, "outputTokens": 6, "totalTokens": 136, "cacheReadInputTokens": 100}},
        Usage(130, 6, 100),
    ),
    (
        "gemini counts thoughts apart",
        {
            "usage_metadata": {
                "prompt_token_count": 20,
                "candidates_token_count": 5,
                "thoughts_token_count": 40,
                "cached_content_token_count": 8,
            }
        },
        Usage(20, 45, 8, None, 40),
    ),
    (
        "gemini over rest",
        {"usage_metadata": {"promptTokenCount": 20, "candidatesTokenCount": 5}},
        Usage(20, 5),
    ),
    (
        "gemini counts what its own tools put in apart",
        {
            "usageMetadata": {
                "promptTokenCount": 20,
                "toolUsePromptTokenCount": 7,
                "candidatesTokenCount": 5,
                "thoughtsTokenCount": 2,
            }
        },
        Usage(27, 7, None, None, 2),
    ),
    (
        "bedrock invocation",
        {
            "amazon-bedrock-invocationMetrics": {
                "inputTokenCount": 30,
                "outputTokenCount": 6,
                "cacheReadInputTokenCount": 100,
                "invocationLatency": 800,
            }
        },
        Usage(130, 6, 100),
    ),
    (
        "cohere",
        {"token_count": {"input_tokens": 69.0, "output_tokens": 5.0, "total_tokens": 74.0}},
        Usage(69, 5),
    ),
    (
        "ollama",
        {"model": "llama3", "prompt_eval_count": 26, "eval_count": 298, "done_reason": "stop"},
        Usage(26, 298),
    ),
    (
        "deepseek",
        {"token_usage": {"prompt_tokens": 50, "completion_tokens": 5, "prompt_cache_hit_tokens": 32}},
        Usage(50, 5, 32),
    ),
    ("unrelated", {"finish_reason": "stop"}, NO_USAGE),
    ("wrong types", {"token_usage": {"prompt_tokens": "many", "completion_tokens": -3}}, NO_USAGE),
    ("booleans are no counts", {"usage": {"input_tokens": True, "output_tokens": False}}, NO_USAGE),
]


@pytest.mark.parametrize(
    ("given_usage", "expected"), [case[1:] for case in LANGCHAIN], ids=[c[0] for c in LANGCHAIN]
)
def test_usage_that_langchain_normalised(given_usage: Any, expected: Usage) -> None:
    assert read_usage(given_usage) == expected


@pytest.mark.parametrize(("metadata", "expected"), [case[1:] for case in RAW], ids=[c[0] for c in RAW])
def test_usage_in_the_words_of_the_provider(metadata: Any, expected: Usage) -> None:
    assert read_usage(None, metadata, None) == expected
    assert read_usage({}, None, metadata) == expected


def test_what_langchain_normalised_wins() -> None:
    raw = {"token_usage": {"prompt_tokens": 1, "completion_tokens": 1}}
    assert read_usage({"input_tokens": 10, "output_tokens": 2}, raw) == Usage(10, 2)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "input_tokens",
                        "usage",
                        "token_usage",
                        "cache_creation",
                        "inputTokens",
                        "prompt_token_count",
                        "total_cost",
                    ]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_nothing_breaks_it_and_no_count_is_negative(junk: Any) -> None:
    for usage in (read_usage(junk), read_usage(None, junk, junk)):
        assert all(value is None or value >= 0 for value in usage)
        assert usage.tokens_in != 0


@pytest.mark.parametrize(
    ("metadata", "info", "called", "expected"),
    [
        ({"finish_reason": "length"}, None, False, "length"),
        ({"stop_reason": "tool_use"}, None, True, "tool_use"),
        ({"done_reason": "stop"}, None, False, "stop"),
        ({"stopReason": "end_turn"}, None, False, "end_turn"),
        (
            {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
            None,
            False,
            "max_output_tokens",
        ),
        ({"status": "incomplete", "incomplete_details": None}, None, False, "incomplete"),
        ({"status": "completed"}, None, True, "tool_calls"),
        ({"status": "completed"}, None, False, "stop"),
        ({}, {"finish_reason": "stop"}, False, "stop"),
        ({}, None, False, None),
        (None, None, False, None),
    ],
)
def test_why_a_model_stopped(metadata: Any, info: Any, called: bool, expected: str | None) -> None:
    assert stop_reason(metadata, info, called) == expected


def test_which_model_answered() -> None:
    assert model_name({"model_name": "gpt-x-2026"}, {"model_name": "gpt-x"}) == "gpt-x-2026"
    assert model_name({}, {"model": "gpt-x"}) == "gpt-x"
    assert model_name(None, None) is None
