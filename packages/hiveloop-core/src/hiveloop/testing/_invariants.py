"""What holds for the events of any adapter: catalogue only, every start ended once, no run mixed with another."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hiveloop.events import EVENT_TYPES
from hiveloop.payloads import CUSTOM_PAYLOADS

from ._capture import Captured

__all__ = ["assert_catalogue", "assert_closed", "assert_one_tree"]

_ENDS = {
    "task_started": ("task_completed", "task_failed"),
    "action_started": ("action_completed", "action_failed"),
}


def assert_catalogue(seen: Captured) -> None:
    """Every event is of the catalogue, and every custom one of a known kind."""
    for event in seen.events:
        assert event["event_type"] in EVENT_TYPES, event
        if event["event_type"] == "custom":
            assert event["payload"]["kind"] in CUSTOM_PAYLOADS, event


def assert_closed(seen: Captured) -> None:
    """Every task and action that started ended exactly once, and after it started."""
    for start, ends in _ENDS.items():
        key = "task_run_id" if start == "task_started" else "action_id"
        started = [event[key] for event in seen.of_type(start)]
        ended = [event[key] for event in seen.of_type(*ends)]
        assert Counter(started) == Counter(ended), f"{start} without its end, or an end without its start"


def assert_one_tree(seen: Captured, labels: list[str]) -> None:
    """Each label is one task; no event of a task mentions another's label or has a parent outside its own task."""
    assert_closed(seen)
    runs: dict[str, list[dict[str, Any]]] = {}
    for event in seen.events:
        if event.get("task_run_id"):
            runs.setdefault(event["task_run_id"], []).append(event)
    assert len(runs) == len(labels)
    found = []
    for events in runs.values():
        text = str(events)
        mentioned = [label for label in labels if label in text]
        assert len(mentioned) == 1, f"one task tells of {mentioned}"
        found += mentioned
        actions = {event["action_id"] for event in events if event["event_type"] == "action_started"}
        for event in events:
            for link in (event.get("action_id"), event.get("parent_action_id")):
                assert link is None or link in actions, f"{event} belongs to an action of another task"
    assert sorted(found) == sorted(labels)
