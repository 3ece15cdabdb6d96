"""Events of one agent with equal timestamps: what was sent later counts, whatever the (random) ids of the published SDK."""

from __future__ import annotations

import itertools
import json
import uuid
from typing import Any

import pytest

from tests.compat.api import Api

AT = "2026-11-20T08:40:27.361Z"
_numbers = itertools.count(1)


@pytest.fixture
def api(collector_url: str) -> Api:
    # The test namespace: nothing of it shows in what the other tests ask for.
    return Api(collector_url, "hb_test_order")


def _send(api: Api, agent_id: str, *events: dict[str, Any], in_one_batch: bool = True) -> None:
    """Send events in this order with ids in falling order: an id says nothing about time."""
    stamped = [
        {"event_id": str(uuid.UUID(int=(0xFFFF - next(_numbers)) << 112)), "timestamp": AT, **event}
        for event in events
    ]
    for batch in [stamped] if in_one_batch else [[event] for event in stamped]:
        body = json.dumps({"envelope": {"agent_id": agent_id}, "events": batch}).encode()
        status, answer = api.ingest(body)
        assert (status, answer["accepted"]) == (200, len(batch))


def _custom(kind: str, summary: str, **data: Any) -> dict[str, Any]:
    return {"event_type": "custom", "payload": {"kind": kind, "summary": summary, "data": data}}


@pytest.fixture(params=[True, False], ids=["one batch", "two batches"])
def in_one_batch(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def agent_id(in_one_batch: bool, request: pytest.FixtureRequest) -> str:
    return f"{request.function.__name__}-{in_one_batch}"


def test_an_issue_resolved_at_once_is_resolved(api: Api, agent_id: str, in_one_batch: bool) -> None:
    _send(
        api,
        agent_id,
        _custom("issue", "Disk full", severity="high", action="reported", issue_id="disk"),
        _custom("issue", "Disk full", severity="low", action="resolved", issue_id="disk"),
        in_one_batch=in_one_batch,
    )
    assert api.get("agents", agent_id, "pipeline")["issues"] == []


def test_a_todo_done_at_once_is_done(api: Api, agent_id: str, in_one_batch: bool) -> None:
    _send(
        api,
        agent_id,
        _custom("todo", "Tidy up", todo_id="tidy", action="created"),
        _custom("todo", "Tidy up", todo_id="tidy", action="completed"),
        in_one_batch=in_one_batch,
    )
    assert api.get("agents", agent_id, "pipeline")["todos"] == []


def test_the_later_queue_snapshot_counts(api: Api, agent_id: str, in_one_batch: bool) -> None:
    _send(
        api,
        agent_id,
        _custom("queue_snapshot", "9 items", depth=9),
        _custom("queue_snapshot", "4 items", depth=4),
        in_one_batch=in_one_batch,
    )
    assert api.get("agents", agent_id, "pipeline")["queue"]["depth"] == 4


def test_a_plan_step_done_at_once_is_done(api: Api, agent_id: str, in_one_batch: bool) -> None:
    task = {"task_id": agent_id, "task_run_id": "r"}
    steps = [{"index": 0, "description": "Refund"}]
    step = {"step_index": 0, "total_steps": 1, "plan_revision": 0}
    _send(
        api,
        agent_id,
        {"event_type": "task_started", **task},
        {**_custom("plan_created", "Goal", goal="Goal", steps=steps, revision=0), **task},
        {**_custom("plan_step", "Step 0", action="started", **step), **task},
        {**_custom("plan_step", "Step 0", action="completed", **step), **task},
        in_one_batch=in_one_batch,
    )
    (shown,) = api.get("tasks", agent_id, "timeline")["plan"]["steps"]
    assert shown["action"] == "completed"


def test_a_timeline_tells_events_in_the_order_they_were_sent(
    api: Api, agent_id: str, in_one_batch: bool
) -> None:
    task = {"task_id": agent_id, "task_run_id": "r"}
    told = [_custom("note", f"note {number}") for number in range(4)]
    _send(
        api,
        agent_id,
        {"event_type": "task_started", **task},
        *({**event, **task} for event in told),
        {"event_type": "task_completed", "status": "success", **task},
        in_one_batch=in_one_batch,
    )
    events = api.get("tasks", agent_id, "timeline")["events"]
    assert [event["event_type"] for event in events] == ["task_started", *["custom"] * 4, "task_completed"]
    assert [event["payload"]["summary"] for event in events[1:-1]] == [f"note {n}" for n in range(4)]
