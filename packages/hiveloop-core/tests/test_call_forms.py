"""Every call form of the manual runs: sync and async, before `init` (does nothing) and after it (sends the right event)."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

import hiveloop
import pytest
from hiveloop.testing import Captured, capture_events

Form = tuple[Callable[[Any, Any], Any], str, dict[str, Any]]

DATA = "data"


def data(**fields: Any) -> dict[str, Any]:
    return {DATA: fields}


LLM = {"kind": "llm_call"}
FORMS: dict[str, Form] = {
    "llm minimal": (
        lambda a, t: t.llm_call("reasoning", model="m"),
        "llm_call",
        data(name="reasoning", model="m"),
    ),
    "llm positional model": (lambda a, t: t.llm_call("r", "m"), "llm_call", data(name="r", model="m")),
    "llm name keyword": (lambda a, t: t.llm_call(name="r", model="m"), "llm_call", data(name="r", model="m")),
    "llm tokens": (
        lambda a, t: t.llm_call("r", model="m", tokens_in=1500, tokens_out=200),
        "llm_call",
        data(tokens_in=1500, tokens_out=200),
    ),
    "llm full": (
        lambda a, t: t.llm_call(
            "r",
            model="m",
            tokens_in=1,
            tokens_out=2,
            cost=0.008,
            duration_ms=round(12.6),
            prompt_preview="p",
            response_preview="q",
            metadata={"turn_number": 3},
        ),
        "llm_call",
        data(
            cost=0.008, duration_ms=13, prompt_preview="p", response_preview="q", metadata={"turn_number": 3}
        ),
    ),
    "llm None everywhere": (
        lambda a, t: t.llm_call(
            "r",
            model=None,
            tokens_in=None,
            tokens_out=None,
            cost=None,
            duration_ms=None,
            prompt_preview=None,
            response_preview=None,
            metadata=None,
        ),
        "llm_call",
        data(name="r"),
    ),
    "agent llm": (
        lambda a, t: a.llm_call("heartbeat_summary", model="m", tokens_in=4),
        "llm_call",
        data(tokens_in=4),
    ),
    "plan positional": (
        lambda a, t: t.plan("Goal", ["one", "two"]),
        "plan_created",
        {
            "summary": "Goal",
            **data(steps=[{"index": 0, "description": "one"}, {"index": 1, "description": "two"}]),
        },
    ),
    "plan keywords": (
        lambda a, t: t.plan(goal="Goal", steps=["one"]),
        "plan_created",
        data(goal="Goal", revision=0),
    ),
    "plan revision": (
        lambda a, t: t.plan("Revised", ["a", "b"], revision=1),
        "plan_created",
        data(goal="Revised", revision=1),
    ),
    "plan step positional": (
        lambda a, t: t.plan_step(0, "started", "Searching"),
        "plan_step",
        {"summary": "Step 0 started: Searching", **data(step_index=0, action="started")},
    ),
    "plan step extras": (
        lambda a, t: t.plan_step(0, "completed", "done", turns=2, tokens=3200),
        "plan_step",
        data(turns=2, tokens=3200),
    ),
    "plan step keywords": (
        lambda a, t: t.plan_step(step_index=2, action="failed", summary="Blocked"),
        "plan_step",
        data(step_index=2, action="failed"),
    ),
    "plan step all": (
        lambda a, t: t.plan_step(1, "skipped", "s", total_steps=4, turns=None, tokens=None, plan_revision=2),
        "plan_step",
        data(total_steps=4, plan_revision=2),
    ),
    "escalate positional": (
        lambda a, t: t.escalate("Needs review", assigned_to="human"),
        "escalated",
        {"summary": "Needs review", **data(assigned_to="human")},
    ),
    "escalate reason only": (
        lambda a, t: t.escalate(reason="Score low", assigned_to="sales-team"),
        "escalated",
        {"summary": "Score low", **data(reason="Score low", assigned_to="sales-team")},
    ),
    "request approval positional": (
        lambda a, t: t.request_approval("Approval needed", approver="human"),
        "approval_requested",
        {"summary": "Approval needed", **data(approver="human")},
    ),
    "request approval keywords": (
        lambda a, t: t.request_approval(approver="ops-queue", reason="Contract"),
        "approval_requested",
        {"summary": "Contract", **data(approver="ops-queue", reason="Contract")},
    ),
    "request approval approver only": (
        lambda a, t: t.request_approval(approver="ops"),
        "approval_requested",
        {"summary": "Approval requested from ops"},
    ),
    "approval received positional": (
        lambda a, t: t.approval_received("Approved", approved_by="human", decision="approved"),
        "approval_received",
        {"summary": "Approved", **data(decision="approved", approved_by="human")},
    ),
    "approval received keywords": (
        lambda a, t: t.approval_received(approved_by="jane@acme.com", decision="rejected"),
        "approval_received",
        {"summary": "rejected by jane@acme.com", **data(decision="rejected")},
    ),
    "retry text": (
        lambda a, t: t.retry("Rate limited", attempt=1),
        "retry_started",
        {"summary": "Rate limited", **data(attempt=1)},
    ),
    "retry backoff": (
        lambda a, t: t.retry("r", attempt=2, backoff_seconds=4.0),
        "retry_started",
        data(attempt=2, backoff_seconds=4.0),
    ),
    "retry backoff None": (
        lambda a, t: t.retry("r", attempt=2, backoff_seconds=None),
        "retry_started",
        data(attempt=2),
    ),
    "retry keywords": (
        lambda a, t: t.retry(attempt=1, reason="Rate limited", backoff_seconds=2),
        "retry_started",
        {"summary": "Rate limited", **data(attempt=1, reason="Rate limited", backoff_seconds=2.0)},
    ),
    "retry positional attempt": (lambda a, t: t.retry(3), "retry_started", data(attempt=3)),
    "issue keywords": (
        lambda a, t: a.report_issue(
            summary="CRM 403",
            severity="high",
            category="permissions",
            issue_id="crm-403",
            context={"api": "crm"},
            occurrence_count=3,
        ),
        "issue",
        {
            "summary": "CRM 403",
            **data(
                severity="high",
                action="reported",
                issue_id="crm-403",
                category="permissions",
                context={"api": "crm"},
                occurrence_count=3,
            ),
        },
    ),
    "issue positional": (
        lambda a, t: a.report_issue("S", "low"),
        "issue",
        data(severity="low", action="reported"),
    ),
    "resolve positional": (
        lambda a, t: a.resolve_issue("Recovered", issue_id="crm-403"),
        "issue",
        data(action="resolved", issue_id="crm-403"),
    ),
    "resolve keywords": (
        lambda a, t: a.resolve_issue(summary="CRM 403", issue_id="x"),
        "issue",
        data(action="resolved", issue_id="x"),
    ),
    "queue keyword depth": (lambda a, t: a.queue_snapshot(depth=4), "queue_snapshot", data(depth=4)),
    "queue positional depth": (lambda a, t: a.queue_snapshot(4), "queue_snapshot", data(depth=4)),
    "queue full": (
        lambda a, t: a.queue_snapshot(
            depth=1, oldest_age_seconds=120, items=[{"id": "e1"}], processing={"id": "e0"}
        ),
        "queue_snapshot",
        data(depth=1, oldest_age_seconds=120, items=[{"id": "e1"}], processing={"id": "e0"}),
    ),
    "queue processing None": (
        lambda a, t: a.queue_snapshot(depth=0, items=[], processing=None),
        "queue_snapshot",
        data(depth=0, items=[]),
    ),
    "todo": (
        lambda a, t: a.todo("todo_001", action="created", summary="Follow up", priority="high"),
        "todo",
        {"summary": "Follow up", **data(todo_id="todo_001", action="created", priority="high")},
    ),
    "todo keywords": (
        lambda a, t: a.todo(
            todo_id="td",
            action="created",
            summary="s",
            priority="high",
            source="failed_run",
            context="error=timeout",
        ),
        "todo",
        data(todo_id="td", source="failed_run", context="error=timeout"),
    ),
    "todo positional": (
        lambda a, t: a.todo("td", "completed", "s"),
        "todo",
        data(todo_id="td", action="completed"),
    ),
    "scheduled keyword": (
        lambda a, t: a.scheduled(
            items=[{"id": "s", "name": "CRM Sync", "interval": "10m", "last_status": None}]
        ),
        "scheduled",
        data(items=[{"id": "s", "name": "CRM Sync", "interval": "10m", "last_status": None}]),
    ),
    "scheduled positional": (
        lambda a, t: a.scheduled([{"name": "CRM", "next_run": "2026-02-12T15:00:00Z", "status": "active"}]),
        "scheduled",
        {"summary": "1 scheduled items, next at 2026-02-12T15:00:00Z"},
    ),
    "event custom": (
        lambda a, t: t.event("custom", payload={"kind": "learning", "data": {"trigger": "reflection"}}),
        "learning",
        data(trigger="reflection"),
    ),
    "event positional payload": (
        lambda a, t: a.event("custom", {"kind": "runtime", "data": {"event": "agent_started"}}),
        "runtime",
        data(event="agent_started"),
    ),
    "event flat approval": (
        lambda a, t: a.event("approval_requested", payload={"summary": "s", "approver": "human"}),
        "approval_requested",
        {"summary": "s", "approver": "human"},
    ),
    "event flat decision": (
        lambda a, t: a.event(
            "approval_received", payload={"summary": "s", "approved_by": "human", "decision": "approved"}
        ),
        "approval_received",
        {"approved_by": "human", "decision": "approved"},
    ),
    "event of an unknown type": (
        lambda a, t: t.event("tool_used", {"tool": "crm"}),
        "tool_used",
        {"kind": "tool_used", **data(tool="crm")},
    ),
}


def sent(seen: Captured, name: str) -> dict[str, Any]:
    found = [
        event
        for event in seen.events
        if event["event_type"] == name or (event.get("payload") or {}).get("kind") == name
    ]
    assert len(found) == 1, [event["event_type"] for event in seen.events]
    payload: dict[str, Any] = found[0]["payload"]
    return payload


def assert_holds(payload: dict[str, Any], expected: dict[str, Any]) -> None:
    for key, value in expected.items():
        if key == DATA:
            assert_holds(payload["data"], value)
        else:
            assert payload[key] == value


@pytest.mark.parametrize("form", FORMS)
def test_form_sends_its_event(form: str) -> None:
    call, name, expected = FORMS[form]
    with capture_events() as seen:
        agent = hiveloop.agent("lead-qualifier")
        with agent.task("t") as task:
            call(agent, task)
    payload = sent(seen, name)
    assert_holds(payload, expected)
    assert None not in payload.values()


@pytest.mark.parametrize("form", FORMS)
def test_form_sends_its_event_in_async_code(form: str) -> None:
    call, name, expected = FORMS[form]

    async def program() -> None:
        async with hiveloop.agent("lead-qualifier").task("t") as task:
            call(task.agent, task)

    with capture_events() as seen:
        asyncio.run(program())
    assert_holds(sent(seen, name), expected)


@pytest.mark.parametrize("form", FORMS)
def test_form_does_nothing_before_init(form: str) -> None:
    call, _, _ = FORMS[form]
    agent = hiveloop.agent("lead-qualifier")
    with agent.task("t") as task:
        call(agent, task)
    with capture_events() as seen:
        pass
    assert seen.events == []


def test_unknown_tokens_are_absent_not_zero(hive: Captured) -> None:
    with hiveloop.agent("a").task("t") as task:
        task.llm_call("r", model="m")
    assert set(hive.kinds("llm_call")[0]["payload"]["data"]) == {"name", "model"}


def test_wrong_numbers_are_left_out_and_readable_ones_read(hive: Captured) -> None:
    with hiveloop.agent("a").task("t") as task:
        task.llm_call("r", "m", tokens_in="1500", tokens_out="many", cost=float("nan"), duration_ms=12.7)  # type: ignore[arg-type]
        task.llm_call("r", "m", cost=-1, tokens_in=-5, tokens_out=True)
    first, second = (event["payload"]["data"] for event in hive.kinds("llm_call"))
    assert first == {"name": "r", "model": "m", "tokens_in": 1500, "duration_ms": 13}
    assert second == {"name": "r", "model": "m"}


def test_steps_know_their_plan(hive: Captured) -> None:
    with hiveloop.agent("a").task("t") as task:
        task.plan("g", ["x", "y", "z"])
        task.plan_step(0, "started", "x")
        task.plan("g2", ["w"], revision=1)
        task.plan_step(0, "failed", "w")
    before, after = hive.kinds("plan_step")
    assert (before["payload"]["data"]["total_steps"], before["payload"]["data"]["plan_revision"]) == (3, 0)
    assert (after["payload"]["data"]["total_steps"], after["payload"]["data"]["plan_revision"]) == (1, 1)
    assert after["severity"] == "error"


def test_an_approval_answers_the_oldest_request(hive: Captured) -> None:
    with hiveloop.agent("a").task("t") as task:
        first = task.request_approval("one")
        second = task.request_approval("two")
        task.approval_received(approved_by="j")
        task.approval_received(approved_by="j", decision="rejected")
    answered = [event["payload"]["data"]["approval_id"] for event in hive.of_type("approval_received")]
    assert answered == [first, second]


def test_signatures_hold_no_parameter_that_is_not_built_yet() -> None:
    parameters = inspect.signature(hiveloop.init).parameters
    assert list(parameters) == [
        "api_key",
        "endpoint",
        "environment",
        "group",
        "flush_interval",
        "batch_size",
        "max_queue_size",
        "debug",
        "middleware",
        "detectors",
        "capture_content",
        "prices",
        "instrument",
    ]
    assert "spool" not in parameters


def test_arguments_that_run_code_cost_themselves_not_their_event(hive: Captured) -> None:
    class Hostile:
        def __float__(self) -> float:
            raise RuntimeError("no float")

        def __eq__(self, other: object) -> bool:
            raise RuntimeError("no equality")

        def __str__(self) -> str:
            raise RuntimeError("no text")

        __hash__ = object.__hash__

    bad: Any = Hostile()
    with hiveloop.agent("a").task("t", project=bad) as task:
        task.llm_call(bad, bad, tokens_in=bad, tokens_out=5, cost=bad, duration_ms=bad)
    data_sent = hive.kinds("llm_call")[0]["payload"]["data"]
    assert data_sent == {"name": "<Hostile>", "model": "<Hostile>", "tokens_out": 5}
    assert hive.of_type("task_completed")[0]["project_id"] == "<Hostile>"
    hive.forgive()


def test_metadata_that_lies_about_its_class_costs_itself_only(hive: Captured) -> None:
    class Liar:
        @property
        def __class__(self) -> Any:  # type: ignore[override]
            raise LookupError("no class")

    bad: Any = Liar()
    hiveloop.agent("a").llm_call("r", "m", tokens_in=3, metadata=bad)
    data_sent = hive.kinds("llm_call")[0]["payload"]["data"]
    assert data_sent == {"name": "r", "model": "m", "tokens_in": 3, "metadata": {"$unserializable": "Liar"}}


def test_names_and_positions_of_the_published_sdk_are_taken(hive: Captured) -> None:
    agent = hiveloop.agent("a")
    with agent.task("t", "p", "ty", "run-1", "corr-1") as task:
        with agent.track_context(action_name="step"):
            pass

        @agent.track(action_name="named")
        def work() -> None:
            """Does nothing."""

        work()
        task.escalate("s", assigned_to="h", parent_event_id="e-1")
        task.retry("s", attempt=2, parent_event_id="e-2")
        task.request_approval("s", "h", parent_event_id="e-3")
        task.approval_received("s", approved_by="h", parent_event_id="e-4")
        task.retry(3, 2.5)
        task.plan("g", ["a"], 2)
    started = hive.of_type("task_started")[0]
    assert (started["project_id"], started["task_run_id"], started["correlation_id"]) == (
        "p",
        "run-1",
        "corr-1",
    )
    assert [e["payload"]["action_name"] for e in hive.of_type("action_started")] == ["step", "named"]
    told = ("escalated", "retry_started", "approval_requested", "approval_received")
    assert [hive.of_type(name)[0]["parent_event_id"] for name in told] == ["e-1", "e-2", "e-3", "e-4"]
    assert hive.of_type("approval_requested")[0]["payload"]["data"]["approver"] == "h"
    assert hive.of_type("retry_started")[1]["payload"]["data"] == {"attempt": 3, "backoff_seconds": 2.5}
    assert hive.kinds("plan_created")[0]["payload"]["data"]["revision"] == 2
