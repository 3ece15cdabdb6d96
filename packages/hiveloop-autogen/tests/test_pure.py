"""The pure parts: usage, answers of people, steps of a plan, texts of messages, and previews that stay small."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hiveloop_autogen._decision import decision_of
from hiveloop_autogen._extract import call_arguments, content_text, prompt_of, task_text
from hiveloop_autogen._plan import _matching_step, _read_ledger, steps_of
from hiveloop_autogen._usage import Usage, read_usage


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (SimpleNamespace(prompt_tokens=5, completion_tokens=2), Usage(5, 2)),
        (SimpleNamespace(prompt_tokens=0, completion_tokens=0), Usage(None, None)),
        (SimpleNamespace(prompt_tokens=-1, completion_tokens=3), Usage(None, 3)),
        (SimpleNamespace(prompt_tokens=True, completion_tokens="3"), Usage(None, None)),
        (None, Usage(None, None)),
    ],
)
def test_usage(given: Any, expected: Usage) -> None:
    assert read_usage(given) == expected


@pytest.mark.parametrize(
    ("text", "decision"),
    [
        ("approve", "approved"),
        ("  OK, do it", "approved"),
        ("Yes!", "approved"),
        ("No thanks", "rejected"),
        ("rejected", "rejected"),
        ("nothing comes to mind", "answered"),
        ("yesterday", "answered"),
        ("42", "answered"),
        ("", "answered"),
        (None, "answered"),
    ],
)
def test_decisions(text: Any, decision: str) -> None:
    assert decision_of(text) == decision


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("- one\n- **two**\n", ["one", "two"]),
        ("Plan:\n1. first\n2) second\n\nThe end.", ["first", "second"]),
        ("  * `a` step\n\t+ b", ["a step", "b"]),
        ("Just do it.", ["Just do it."]),
        ("   ", []),
    ],
)
def test_steps(text: str, steps: list[str]) -> None:
    assert steps_of(text) == steps


def test_an_instruction_is_matched_only_when_it_is_certain() -> None:
    steps = ["w: Write the haiku", "Check the haiku twice", "x"]
    assert _matching_step(steps, "Please check the haiku twice, thanks.") == 1
    assert _matching_step(steps, "Write the haiku") == 0
    assert _matching_step(steps, "haiku") is None
    assert _matching_step(["write the haiku", "write the haiku"], "write the haiku") is None


@pytest.mark.parametrize(
    "text", ["Progress Ledger: [1]", "Progress Ledger: {", "Progress Ledger: " + "(" * 5000]
)
def test_a_ledger_that_cannot_be_read_is_empty(text: str) -> None:
    assert _read_ledger(text) == {}


def test_texts_of_tasks() -> None:
    message = SimpleNamespace(content="hello")
    assert task_text("x" * 20, 10) == "x" * 9 + "…"
    assert task_text([message, SimpleNamespace(content=["a", object()])], 50) == "a\n<object>"
    assert task_text(message, 50) == "hello"
    assert task_text([], 50) is None
    assert task_text(None, 50) is None
    assert content_text(["x" * 1000] * 1000, 50) == "x" * 49 + "…"


def test_arguments_of_calls() -> None:
    assert call_arguments('{"a": 1}') == {"a": 1}
    assert call_arguments("{bad") == "{bad"
    assert call_arguments("[1, 2]") == "[1, 2]"
    assert call_arguments(None) is None
    assert len(str(call_arguments('{"a": "' + "x" * 200_000 + '"}'))) <= 500


def test_shares_of_a_prompt() -> None:
    messages = [
        SimpleNamespace(type="SystemMessage", content="s" * 40),
        SimpleNamespace(type="UserMessage", content=["u" * 8, object()]),
        SimpleNamespace(type="FunctionExecutionResultMessage", content=[SimpleNamespace(content="r" * 12)]),
    ]
    prompt = prompt_of(messages, True)
    assert (prompt.system_tokens, prompt.history_tokens, prompt.tool_tokens, prompt.messages) == (10, 2, 3, 3)
    assert prompt_of(messages, False).text is None
    assert prompt_of(None, True).messages == 0
    assert prompt_of("text", True).messages == 0
