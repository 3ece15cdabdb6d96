"""The golden batches are what the SDK makes now, they cover the whole catalogue, and published collectors know them."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hiveloop.events import EVENT_TYPES
from hiveloop.payloads import CUSTOM_PAYLOADS

from tests.wire import published_format
from tests.wire.published_format import violations
from tests.wire.scenes import SCENES
from tests.wire.stage import GOLDEN, record

Batch = dict[str, Any]


def _golden(name: str) -> Batch:
    batch: Batch = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    return batch


@pytest.mark.parametrize("name", SCENES)
def test_the_sdk_still_makes_this_batch(name: str) -> None:
    assert record(name, SCENES[name]) == _golden(name), (
        "if this change is meant: python tests/wire/regenerate.py"
    )


def test_every_golden_batch_has_a_scene_and_every_type_and_kind_a_batch() -> None:
    files = {file.stem for file in GOLDEN.glob("*.json")}
    assert files == set(SCENES)
    assert {name.removeprefix("type_") for name in files if name.startswith("type_")} == set(EVENT_TYPES)
    assert {name.removeprefix("kind_") for name in files if name.startswith("kind_")} == set(CUSTOM_PAYLOADS)
    assert set(EVENT_TYPES) == set(published_format.EVENT_TYPES)


@pytest.mark.parametrize("name", SCENES)
def test_a_batch_holds_what_it_is_named_after(name: str) -> None:
    events = _golden(name)["events"]
    assert events
    prefix, _, subject = name.partition("_")
    if prefix == "type":
        assert subject in {event["event_type"] for event in events}
    elif prefix == "kind":
        assert subject in {event["payload"].get("kind") for event in events}


@pytest.mark.parametrize(
    "name",
    list(SCENES),
)
def test_a_batch_stays_within_the_published_format(name: str) -> None:
    assert violations(_golden(name)) == []


def _set(*path: str | int, to: Any) -> Callable[[Batch], None]:
    def change(batch: Batch) -> None:
        target: Any = batch
        for step in path[:-1]:
            target = target[step]
        target[path[-1]] = to

    return change


_PAYLOAD = ("events", 0, "payload")
CORRUPTIONS: dict[str, tuple[str, Callable[[Batch], None]]] = {
    "unknown event field": ("type_task_started", _set("events", 0, "session_id", to="s")),
    "unknown envelope field": ("type_task_started", _set("envelope", "project_id", to="p")),
    "unknown event type": ("type_task_started", _set("events", 0, "event_type", to="task_paused")),
    "unknown severity": ("type_task_started", _set("events", 0, "severity", to="fatal")),
    "null field": ("type_task_started", _set("events", 0, "status", to=None)),
    "duration as float": ("type_task_completed", _set("events", 0, "duration_ms", to=1.5)),
    "duration as bool": ("type_task_completed", _set("events", 0, "duration_ms", to=True)),
    "payload as list": ("type_task_started", _set(*_PAYLOAD, to=[])),
    "payload too large": ("type_task_started", _set(*_PAYLOAD, "inputs", to="é" * 6_000)),
    "timestamp without Z": (
        "type_task_started",
        _set("events", 0, "timestamp", to="2026-01-01T00:00:00.000"),
    ),
    "id is no UUID": ("type_task_started", _set("events", 0, "event_id", to="1")),
    "tokens as text": ("kind_llm_call", _set(*_PAYLOAD, "data", "tokens_in", to="1200")),
    "cost below zero": ("kind_llm_call", _set(*_PAYLOAD, "data", "cost", to=-1)),
    "unknown data field": ("kind_llm_call", _set(*_PAYLOAD, "data", "provider", to="x")),
    "plan steps as text": ("kind_plan_created", _set(*_PAYLOAD, "data", "steps", to=["a step"])),
    "unknown step action": ("kind_plan_step", _set(*_PAYLOAD, "data", "action", to="paused")),
    "tags as text": ("kind_issue", _set(*_PAYLOAD, "tags", to="issue")),
    "field beside data": ("kind_issue", _set(*_PAYLOAD, "severity", to="high")),
    "long summary": ("kind_issue", _set(*_PAYLOAD, "summary", to="x" * 513)),
    "long task_id": ("type_task_started", _set("events", 0, "task_id", to="x" * 257)),
    "unknown escalation field": ("type_escalated", _set(*_PAYLOAD, "data", to={"level": 2})),
}


@pytest.mark.parametrize("corruption", CORRUPTIONS)
def test_the_format_check_notices(corruption: str) -> None:
    name, corrupt = CORRUPTIONS[corruption]
    batch = copy.deepcopy(_golden(name))
    corrupt(batch)
    assert violations(batch)


@pytest.mark.parametrize("field", ["event_id", "timestamp", "event_type"])
def test_the_format_check_notices_a_missing(field: str) -> None:
    batch = _golden("type_task_started")
    del batch["events"][0][field]
    assert violations(batch)
