"""What is said of an event, and how it is drawn."""

from __future__ import annotations

from typing import Any

import pytest
from hiveboard.projections.activity import headline, narrate
from hiveboard.projections.render_hint import RENDER_HINTS, render_hint
from hiveboard.projections.wording import amount
from hiveloop.events import EVENT_TYPES
from hiveloop.payloads import CUSTOM_PAYLOADS

from .told import told


def test_every_type_and_kind_has_a_sentence_and_a_hint() -> None:
    kinds: list[dict[str, Any]] = [
        {"payload": {"kind": kind, "data": {}}} for kind in [*CUSTOM_PAYLOADS, "unheard_of"]
    ]
    types: list[dict[str, Any]] = [{"type": name} for name in EVENT_TYPES]
    for event, payload in told(*kinds, *types):
        said = headline(event.record, payload)
        assert said[0].islower()
        assert "\n" not in said
        assert narrate(event.record, said) == f"a {said}"
        assert render_hint(event.record, payload) in RENDER_HINTS


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (
            {"type": "task_failed", "ms": 1200, "payload": {"exception_type": "E", "exception_message": "n\no"}},
            "failed task t in 1.2 s: E: n o",
        ),
        ({"type": "task_completed", "status": "cancelled"}, "ended task t as cancelled"),
        (
            {"type": "action_completed", "payload": {"action_name": "look up", "success": False}},
            "failed look up",
        ),
        (
            {"type": "retry_started", "payload": {"data": {"attempt": 2, "backoff_seconds": 4, "reason": "503"}}},
            "tries again, attempt 2, after 4 s: 503",
        ),
        (
            {"type": "approval_requested", "payload": {"summary": "Refund?", "approver": "bo"}},
            "asks bo for approval: Refund?",
        ),
        (
            {"type": "approval_received", "payload": {"data": {"decision": "rejected", "approved_by": "bo"}}},
            "was refused approval by bo",
        ),
        (
            {"payload": {"kind": "plan_step", "summary": "Step 0 completed: Look", "data": {"step_index": 0, "action": "completed"}}},
            "completed plan step 1: Look",
        ),
        ({"payload": {"kind": "memory_op", "summary": "Stored 3 facts"}}, "used its memory: Stored 3 facts"),
        (
            {"payload": {"kind": "memory_op", "data": {"operation": "search", "store": "vectors", "result_count": 1}}},
            "searched vectors, 1 result",
        ),
        (
            {"payload": {"kind": "context_compaction", "data": {"tokens_before": 9000, "tokens_after": 800, "method": "summary"}}},
            "shortened its context from 9,000 to 800 tokens, by summary",
        ),
        (
            {"payload": {"kind": "learning", "summary": "learning", "data": {"category": "tool_selection", "correction_applied": True}}},
            "learned about tool selection and corrected itself",
        ),
        (
            {"payload": {"kind": "runtime", "data": {"event": "model_switched", "from_model": "a", "to_model": "b", "reason": "rate_limit"}}},
            "switched its model from a to b: rate_limit",
        ),
        ({"payload": {"kind": "state_mutation", "data": {"keys_changed": ["a", 7, "b"]}}}, "changed its state: a, b"),
        ({"payload": {"kind": "score", "data": {"name": "helpful", "value": True}}}, "was graded true for helpful"),
        ({"payload": {"kind": "decision", "data": {"name": "route", "chosen": "billing"}}}, "chose billing for route"),
        ({"payload": {"kind": "error_context", "data": {"error_type": "HTTPError", "error_message": "slow down", "api_name": "crm", "status_code": 429}}}, "met an error in crm (429): HTTPError: slow down"),
        ({"payload": {"kind": "queue_snapshot", "data": {"depth": 4}}}, "has 4 waiting in its queue"),
        (
            {"ms": 190_000, "payload": {"kind": "llm_call", "data": {"metadata": {"error": {"type": "RateLimit"}}}}},
            "got an error from a model in 3 min 10 s: RateLimit",
        ),
    ],
)  # fmt: skip
def test_what_is_said_of_an_event(event: dict[str, Any], said: str) -> None:
    [(stored, payload)] = told(event)
    assert headline(stored.record, payload) == said


def test_no_payload_is_beyond_words() -> None:
    odd: list[Any] = [
        None,
        [],
        7,
        "x",
        {},
        {"data": []},
        {"attempt": "x", "error": {}},
        float("1e308"),
        "a\r\nb",
    ]
    shapes = [
        {name: value}
        for name in ("data", "summary", "action_name", "error", "metadata", "steps")
        for value in odd
    ]
    for shape in shapes:
        events: list[dict[str, Any]] = [
            {"type": name, "payload": shape} for name in EVENT_TYPES if name != "custom"
        ]
        kinds = [{"payload": {**shape, "kind": kind}} for kind in CUSTOM_PAYLOADS]
        nested = [{"payload": {"data": shape, "kind": kind}} for kind in CUSTOM_PAYLOADS]
        for stored, payload in told(*events, *kinds, *nested):
            said = headline(stored.record, payload)
            assert said
            assert said.splitlines() == [said]


@pytest.mark.parametrize(
    ("dollars", "shown"),
    [
        (0, "$0"),
        (0.0000284, "$0.0000284"),
        (0.134, "$0.134"),
        (0.1, "$0.1"),
        (0.99999, "$1"),
        (12.5, "$12.50"),
        (1234.5, "$1,234.50"),
    ],
)
def test_money_has_three_figures(dollars: float, shown: str) -> None:
    assert amount(dollars) == shown


@pytest.mark.parametrize(
    ("event", "said"), [("agent_stopped", "stopped work"), ("agent_started", "started work")]
)
def test_the_life_of_an_agent_is_a_sentence(event: str, said: str) -> None:
    ((stored, payload),) = told({"payload": {"kind": "runtime", "summary": "s", "data": {"event": event}}})
    assert headline(stored.record, payload) == said
