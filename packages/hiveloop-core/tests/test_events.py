"""The catalogue is complete, typed and consistent with the protocol."""

from __future__ import annotations

import re

import msgspec
import pytest
from hiveloop import events, payloads
from hiveloop._clock import Clock, format_timestamp
from hiveloop.events import EVENT_TYPES, default_severity

THIRTEEN = {
    "agent_registered",
    "heartbeat",
    "task_started",
    "task_completed",
    "task_failed",
    "action_started",
    "action_completed",
    "action_failed",
    "retry_started",
    "escalated",
    "approval_requested",
    "approval_received",
    "custom",
}
KINDS = {
    "llm_call",
    "plan_created",
    "plan_step",
    "issue",
    "todo",
    "scheduled",
    "queue_snapshot",
    "recovered",
    "learning",
    "context_compaction",
    "error_context",
    "runtime",
    "memory_op",
    "config_snapshot",
    "reflection",
    "anomaly",
    "prompt_composition",
    "state_mutation",
    "score",
    "decision",
    "reasoning",
    "retrieval",
    "policy_check",
    "message",
    "step",
    "tool_call",
    "run_update",
}


def test_the_thirteen_types_and_every_kind() -> None:
    assert set(EVENT_TYPES) == THIRTEEN
    assert set(payloads.CUSTOM_PAYLOADS) == KINDS


@pytest.mark.parametrize("name", sorted(THIRTEEN))
def test_type_on_the_wire(name: str) -> None:
    event = EVENT_TYPES[name](event_id="i", timestamp="t", duration_ms=3)
    assert msgspec.json.decode(msgspec.json.encode(event)) == {
        "event_type": name,
        "event_id": "i",
        "timestamp": "t",
        "duration_ms": 3,
    }
    assert EVENT_TYPES[name].__doc__


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_kind_on_the_wire(kind: str) -> None:
    payload = payloads.CUSTOM_PAYLOADS[kind](summary="s", data={"a": 1}, tags=["x"])
    assert msgspec.to_builtins(payload) == {"kind": kind, "summary": "s", "data": {"a": 1}, "tags": ["x"]}
    assert payloads.CUSTOM_PAYLOADS[kind].__doc__


@pytest.mark.parametrize(
    ("event_type", "kind", "data", "severity"),
    [
        ("heartbeat", None, None, "debug"),
        ("task_failed", None, None, "error"),
        ("action_failed", None, None, "error"),
        ("retry_started", None, None, "warn"),
        ("escalated", None, None, "warn"),
        ("task_started", None, None, "info"),
        ("custom", "queue_snapshot", {}, "debug"),
        ("custom", "todo", {"action": "failed"}, "warn"),
        ("custom", "todo", {"action": "created"}, "info"),
        ("custom", "plan_step", {"action": "failed"}, "error"),
        ("custom", "issue", {"severity": "critical", "action": "reported"}, "error"),
        ("custom", "issue", {"severity": "high"}, "error"),
        ("custom", "issue", {"severity": "medium"}, "warn"),
        ("custom", "issue", {"severity": "low"}, "info"),
        ("custom", "issue", {"severity": "high", "action": "resolved"}, "info"),
        ("custom", "anomaly", {}, "warn"),
        ("custom", "llm_call", {}, "info"),
        ("custom", "unheard_of", {}, "info"),
        ("custom", "issue", "not a dict", "warn"),
        ("nonsense", None, None, "info"),
    ],
)
def test_default_severity(event_type: str, kind: str | None, data: object, severity: str) -> None:
    assert default_severity(event_type, kind, data) == severity


def test_every_public_name_exists() -> None:
    for module in (events, payloads):
        for name in module.__all__:
            assert hasattr(module, name)


def test_ids_are_time_ordered_unique_uuids() -> None:
    clock = Clock()
    stamps = [clock.stamp() for _ in range(20_000)]
    ids = [event_id for event_id, _ in stamps]
    assert len(set(ids)) == len(ids)
    assert ids == sorted(ids)
    layout = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
    assert all(layout.fullmatch(event_id) for event_id in ids)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", timestamp) for _, timestamp in stamps)
    clock.reseed()
    assert clock.stamp()[0][14:] != ids[-1][14:]


def test_timestamps() -> None:
    assert format_timestamp(0) == "1970-01-01T00:00:00.000Z"
    assert format_timestamp(1_770_733_921.25) == "2026-02-10T14:32:01.250Z"
