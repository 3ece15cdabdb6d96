"""Previews, plans, approvals and events, from plain data."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hiveloop.adapters.preview import preview
from hiveloop.adapters.shown import arguments
from hiveloop_langchain import _translate as translate
from hiveloop_langchain._approval import answers, question_of
from hiveloop_langchain._extract import prompt_of, root_inputs
from hiveloop_langchain._plan import plan_events
from hiveloop_langchain._table import RunTable
from hypothesis import given
from hypothesis import strategies as st


class Hostile:
    def __repr__(self) -> str:
        raise AssertionError("user code ran")

    __str__ = __repr__

    def __getattr__(self, name: str) -> Any:
        raise AssertionError("user code ran")


@dataclasses.dataclass
class Point:
    x: int
    label: str


def test_previews_are_short_and_never_run_the_value() -> None:
    assert preview("a" * 600, 500) == "a" * 499 + "…"
    assert preview({"x": [1, None, True], 2: "two"}, 100) == '{x: [1, null, True], 2: "two"}'
    assert preview(Hostile(), 100) == "Hostile"
    assert preview(Point(1, "p"), 100) == 'Point{x: 1, label: "p"}'
    assert preview(b"\x00" * 10, 100) == "<10 bytes>"
    assert preview(10**500, 100).startswith("<int of")
    loop: list[Any] = []
    loop.append(loop)
    assert len(preview(loop, 100)) <= 100
    assert len(preview({"k" * 10_000: "v"}, 50)) <= 50


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner) | st.tuples(inner),
        max_leaves=40,
    ),
    st.integers(1, 200),
)
def test_a_preview_is_never_longer_than_asked(value: Any, limit: int) -> None:
    assert len(preview(value, limit)) <= limit


def test_a_huge_value_costs_no_more_than_its_preview() -> None:
    huge = {"rows": [{"text": "x" * 1000} for _ in range(1_000_000)]}
    shown = preview(huge, 500)
    assert len(shown) <= 500
    assert len(arguments({str(n): "y" * 10_000 for n in range(200)})) == 50


def test_arguments_keep_what_is_small_and_plain() -> None:
    given_arguments = {"n": 1, "f": 0.5, "b": True, "none": None, "s": "x" * 600, "l": [1], "big": 2**70}
    shown = arguments(given_arguments)
    assert [shown[key] for key in ("n", "f", "b", "none", "l")] == [1, 0.5, True, None, [1]]
    assert len(shown["s"]) == 500
    assert isinstance(shown["big"], str)


def test_a_plan_tells_only_what_changed() -> None:
    plan, told = plan_events(None, [{"content": "a", "status": "pending"}], "goal", "act", True)
    assert [event.payload.kind for event in told] == ["plan_created"]  # type: ignore[union-attr]
    same, told = plan_events(plan, [{"content": "a", "status": "pending"}], "goal", "act", True)
    assert told == []
    assert same == plan
    done, told = plan_events(plan, [{"content": "a", "status": "completed"}], "goal", "act", True)
    assert [event.payload.data["action"] for event in told] == ["completed"]  # type: ignore[union-attr]
    assert done is not None
    assert done.revision == 0


@pytest.mark.parametrize("junk", [None, [], "text", [1, None], [{"content": 5}], {"content": "a"}])
def test_a_malformed_list_is_no_plan(junk: Any) -> None:
    assert plan_events(None, junk, "goal", None, True) == (None, [])


@pytest.mark.parametrize(
    ("resume", "decision"),
    [
        (True, "approved"),
        (False, "rejected"),
        ("Yes", "approved"),
        (" no ", "rejected"),
        ("make it shorter", "answered"),
        ({"type": "accept"}, "approved"),
        ([{"type": "ignore"}], "rejected"),
        ({"decisions": [{"type": "approve"}, {"type": "approve"}]}, "approved"),
        ({"decisions": [{"type": "edit"}]}, "approved"),
        ({"decisions": [{"type": "reject"}]}, "rejected"),
        ({"decisions": [{"type": "approve"}, {"type": "reject"}]}, "approved"),
        ({"decisions": [{"type": "respond"}]}, "answered"),
        ({"approved": False}, "rejected"),
        (42, "answered"),
        (None, "answered"),
        ([], "answered"),
    ],
)
def test_what_a_resume_value_decides(resume: Any, decision: str) -> None:
    assert answers(resume, ["i"], True)["i"].decision == decision


def test_a_mapping_by_id_answers_those_it_names() -> None:
    found = answers({"b": "no"}, ["a", "b"], True)
    assert {key: answered.decision for key, answered in found.items()} == {"b": "rejected"}
    assert set(answers("yes", ["a", "b"], True)) == {"a", "b"}


def test_questions_of_every_shape() -> None:
    per_call = {"type": "tool_approval", "tool_call_id": "1", "name": "pay", "args": {"eur": 5}}
    assert question_of(per_call, "tools", True).details["arguments"] == [{"eur": 5}]
    batched = {"action_requests": [{"name": "a", "args": {}}, {"action": "b", "args": {}}]}
    assert question_of(batched, "n", True).summary == "Approve a, b?"
    assert question_of("really?", "n", True).summary == "really?"
    assert question_of({"question": "sure?"}, "n", True).details["question"] == "sure?"
    assert question_of("really?", "n", False).summary == "n waits for an answer"


def test_an_llm_call_without_anything_known_is_still_one() -> None:
    from hiveloop.payloads import LlmCallData

    event = translate.llm_call(LlmCallData(name="ask"), None)
    assert event.payload.summary == "ask"  # type: ignore[union-attr]


def test_the_shares_of_a_prompt() -> None:
    class Message:
        def __init__(self, kind: str, content: Any) -> None:
            self.type = kind
            self.content = content

    messages = [
        Message("system", "s" * 400),
        Message("human", [{"type": "text", "text": "h" * 40}, {"type": "image_url", "image_url": "…"}]),
        Message("tool", "t" * 80),
    ]
    prompt = prompt_of(messages, True)
    assert (prompt.system_tokens, prompt.history_tokens, prompt.tool_tokens) == (100, 10, 20)
    assert prompt.text == "t" * 80
    assert prompt_of(messages, False).text is None
    assert prompt_of([object()], True).text is None


def test_inputs_of_any_shape() -> None:
    assert root_inputs(None) is None
    assert root_inputs("hi") == {"input": "hi"}
    assert root_inputs({"messages": [{"role": "user", "content": "hi"}], "n": 1}) == {
        "messages": "hi",
        "n": 1,
    }
    assert root_inputs({"messages": []}) == {"messages": []}
    assert root_inputs(7) == {"input": "7"}


class Started:
    def __init__(self, started: int) -> None:
        self.started = started


def test_the_table_of_runs_is_bounded_by_room_and_age() -> None:
    table: RunTable[Started] = RunTable(max_runs=2, ttl_seconds=3600)
    for run_id in range(4):
        table.put(run_id, Started(0))
    assert len(table) == 2
    assert table.evicted == 2
    assert table.get(3) is not None
    aged: RunTable[Started] = RunTable(max_runs=10, ttl_seconds=0)
    aged.put(1, Started(0))
    aged.sweep()
    assert (len(aged), aged.evicted) == (0, 1)
