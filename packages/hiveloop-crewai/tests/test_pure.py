"""Usage dialects, plans, names and decisions, without a framework."""

from __future__ import annotations

from typing import Any

import pytest
from hiveloop_crewai._actions import status_code
from hiveloop_crewai._approvals import decision_of
from hiveloop_crewai._identity import role_id, slug
from hiveloop_crewai._models import FirstTokens
from hiveloop_crewai._plan import Plan, steps_in, with_step
from hiveloop_crewai._usage import NO_USAGE, Usage, read_usage
from hiveloop_crewai._usage_notes import UsageNotes
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("raw", "usage"),
    [
        (
            {
                "prompt_tokens": 100,
                "completion_tokens": 10,
                "total_tokens": 110,
                "cached_prompt_tokens": 64,
                "reasoning_tokens": 4,
            },
            Usage(100, 10, 64, None, 4),
        ),
        # Anthropic as CrewAI tells it: the cache is already part of the input.
        (
            {
                "input_tokens": 5213,
                "output_tokens": 6,
                "total_tokens": 5219,
                "cached_prompt_tokens": 15,
                "cache_creation_tokens": 5198,
            },
            Usage(5213, 6, 15, 5198, None),
        ),
        # Gemini: `candidates_token_count` leaves the thoughts out.
        (
            {
                "prompt_token_count": 12,
                "candidates_token_count": 17,
                "completion_tokens": 112,
                "total_token_count": 124,
                "cached_prompt_tokens": 0,
                "reasoning_tokens": 95,
            },
            Usage(12, 112, 0, None, 95),
        ),
        # Bedrock's own counts: the cache is beside the input.
        (
            {"inputTokens": 10, "outputTokens": 5, "totalTokens": 1015, "cacheReadInputTokens": 1000},
            Usage(1010, 5, 1000, None, None),
        ),
        # LiteLLM passes on the details of the provider.
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 3,
                "prompt_tokens_details": {"cached_tokens": 2},
                "completion_tokens_details": {"reasoning_tokens": 1},
            },
            Usage(9, 3, 2, None, 1),
        ),
        ({"total_tokens": 0}, NO_USAGE),
        ({"prompt_tokens": 0, "completion_tokens": 0}, NO_USAGE),
        ({"prompt_tokens": 7}, Usage(7)),
        ({"prompt_tokens": 7, "completion_tokens": 0}, Usage(7, 0)),
        ({"prompt_tokens": True, "completion_tokens": -4}, NO_USAGE),
        (None, NO_USAGE),
        ("12", NO_USAGE),
    ],
)
def test_usage_in_every_dialect(raw: Any, usage: Usage) -> None:
    assert read_usage(raw) == usage


@given(
    st.dictionaries(
        st.sampled_from(["prompt_tokens", "output_tokens", "inputTokens", "reasoning_tokens"]),
        st.from_type(object),
    )
)
def test_usage_of_anything_is_counts_or_nothing(raw: dict[str, Any]) -> None:
    assert all(count is None or (type(count) is int and count >= 0) for count in read_usage(raw))


def test_requests_of_one_call_add_up() -> None:
    notes = UsageNotes()
    notes.note("call", Usage(100, 10, None, None, 3))
    notes.note("call", Usage(50, 5, 20, None, None))
    notes.note("other", Usage(1, 1))
    assert notes.take("call") == Usage(150, 15, 20, None, 3)
    assert notes.take("call") == NO_USAGE


def test_only_the_first_piece_of_a_stream_counts() -> None:
    streams = FirstTokens()
    streams.note("call", 1.0)
    streams.note("call", 2.0)
    assert streams.known("call")
    assert streams.take("call") == 1.0
    assert streams.take("call") is None


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("1. Look\n2) Listen\n3: Say", ("Look", "Listen", "Say")),
        ("Plan:\n\n**Step 1:** Look around\n- with care\nStep 2. Go", ("Look around", "Go")),
        ("- one\n* two\n• three", ("one", "two", "three")),
        ("Just do it.", ("Just do it.",)),
        ("", ()),
    ],
)
def test_steps_in_a_plan(text: str, steps: tuple[str, ...]) -> None:
    assert steps_in(text) == steps


@given(st.text(max_size=2_000))
def test_steps_of_any_text_are_few_and_short(text: str) -> None:
    steps = steps_in(text)
    assert len(steps) <= 100
    assert all(0 < len(step) <= 200 or not step.strip() for step in steps)


def test_a_step_the_plan_did_not_list_gets_a_place() -> None:
    plan = with_step(Plan(("one",), 0), 2, "three")
    assert plan.steps == ("one", "step 2", "three")
    assert with_step(plan, 1, "other") is plan


@pytest.mark.parametrize(
    ("role", "name"),
    [
        ("Senior Research Analyst", "senior-research-analyst"),
        ("  Host of {letter} ", "host-of-letter"),
        ("Chargée d’affaires", "chargée-d-affaires"),
        ("研究员", "研究员"),
        ("!!!", "crewai"),
    ],
)
def test_a_role_as_an_id(role: str, name: str) -> None:
    assert slug(role) == name


@pytest.mark.parametrize(
    "roles",
    [
        ("C++ Developer", "C# Developer", "C Developer"),
        ("🚀", "🎯", "!!!", "..."),
        ("Q&A", "Q/A", "Q-A", "Q, A"),
        ("a" * 200 + "b", "a" * 200 + "c", "a" * 100),
        ("Editor (EU)", "Editor EU"),
    ],
)
def test_different_roles_have_different_ids(roles: tuple[str, ...]) -> None:
    ids = [role_id(role) for role in roles]
    assert len(set(ids)) == len(roles)
    assert all(len(found) <= 110 for found in ids)
    assert [role_id(role) for role in roles] == ids, "and keep them"


def test_a_role_has_the_same_id_in_every_process() -> None:
    assert role_id("C++ Developer") == "c-developer-88cb52"
    assert role_id("  c++  developer") == "c-developer-88cb52"
    assert role_id("Senior  Data {topic} Analyst, EMEA") == "senior-data-topic-analyst-emea"


@pytest.mark.parametrize(
    ("answer", "outcome", "is_review", "decision"),
    [
        ("", None, True, "approved"),
        ("make it shorter", None, True, "rejected"),
        ("ok", None, True, "approved"),
        ("make it shorter", None, False, "answered"),
        ("Yes", None, False, "approved"),
        ("hm", "rejected", False, "rejected"),
        ("", None, False, "answered"),
    ],
)
def test_what_an_answer_decides(answer: str, outcome: str | None, is_review: bool, decision: str) -> None:
    assert decision_of(answer, outcome, is_review) == decision


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("OpenAI API call failed: Error code: 429 - {...}", 429),
        ("Anthropic: status code 529", 529),
        ("no such tool: 404 things tried", None),
        (None, None),
    ],
)
def test_a_status_in_an_error(text: str | None, status: int | None) -> None:
    assert status_code(text) == status
