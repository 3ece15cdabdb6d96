"""What holds for the events of any adapter: catalogue only, every start ended once, no run mixed with another."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hiveloop import events
from hiveloop.payloads import CUSTOM_PAYLOADS

from ._capture import Captured

__all__ = ["assert_catalogue", "assert_closed", "assert_one_tree"]

_ENDS: dict[type[events.Event], tuple[type[events.Event], ...]] = {
    events.TaskStarted: (events.TaskCompleted, events.TaskFailed),
    events.ActionStarted: (events.ActionCompleted, events.ActionFailed),
}


def assert_catalogue(seen: Captured) -> None:
    """Every event is of the catalogue, and every custom one of a known kind."""
    for event in seen.events:
        assert event["event_type"] in events.EVENT_TYPES, event
        if event["event_type"] == events.Custom.event_type:
            assert event["payload"]["kind"] in CUSTOM_PAYLOADS, event


def assert_closed(seen: Captured) -> None:
    """Every task and action that started ended exactly once, and after it started."""
    for start, ends in _ENDS.items():
        key = "task_run_id" if start is events.TaskStarted else "action_id"
        finals = [end.event_type for end in ends]
        open_now: Counter[str] = Counter()
        for event in seen.of_type(start.event_type, *finals):
            open_now[event[key]] += 1 if event["event_type"] == start.event_type else -1
            assert open_now[event[key]] in (0, 1), (
                f"{event['event_type']} before its start, or twice: {event}"
            )
        assert not +open_now, f"{start.event_type} without its end: {+open_now}"


def assert_one_tree(seen: Captured, labels: list[str]) -> None:
    """Each label is one task; no event of a task mentions another's label or has a parent outside its own task."""
    assert_closed(seen)
    runs: dict[str, list[dict[str, Any]]] = {}
    for event in seen.events:
        if event.get("task_run_id"):
            runs.setdefault(event["task_run_id"], []).append(event)
    assert len(runs) == len(labels)
    found = []
    for told in runs.values():
        text = str(told)
        mentioned = [label for label in labels if label in text]
        assert len(mentioned) == 1, f"one task tells of {mentioned}"
        found += mentioned
        starts = [event for event in told if event["event_type"] == events.ActionStarted.event_type]
        actions = {event["action_id"] for event in starts}
        for event in told:
            for link in (event.get("action_id"), event.get("parent_action_id")):
                assert link is None or link in actions, f"{event} belongs to an action of another task"
    assert sorted(found) == sorted(labels)
