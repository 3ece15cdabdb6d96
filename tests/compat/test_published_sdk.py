"""What the published SDK sent is what the queries return: agents, tasks, timelines, pipeline, events."""

from __future__ import annotations

from typing import Any

import pytest

from tests.compat.conftest import Day
from tests.compat.published import claude, office, work

pytestmark = pytest.mark.slow


def _agent(day: Day, agent_id: str) -> dict[str, Any]:
    return next(row for row in day.api.rows("agents") if row["agent_id"] == agent_id)


def _tasks(day: Day) -> dict[str, dict[str, Any]]:
    return {row["task_id"]: row for row in day.api.rows("tasks")}


def test_the_day_used_every_method_and_parameter_of_the_published_sdk(day: Day) -> None:
    assert day.told["version"] == "0.2.0"
    assert day.told["surface"] > 150
    assert day.told["unused"] == []


def test_the_sdk_had_nothing_to_complain_about_but_the_unknown_event_type(day: Day) -> None:
    again, rejected = day.told["complaints"]
    assert "init() called again" in again
    assert "1 rejected" in rejected
    assert "invalid_event_type" in rejected


def test_agents_are_who_they_said_they_are(day: Day) -> None:
    agent = _agent(day, "field-agent")
    said = {
        "agent_type": "support",
        "agent_version": "1.4.0",
        "framework": "langchain",
        "sdk_version": "hiveloop-0.1.2",
        "environment": "staging",
        "group": "compat",
        "stuck_threshold_seconds": 120,
        "is_stuck": False,
    }
    assert {name: agent[name] for name in said} == said
    assert agent["runtime"].startswith("python-3.")
    assert sorted(agent["projects"]) == ["reports", "returns"]
    assert {row["agent_id"] for row in day.api.rows("agents", environment="staging", group="compat")} == {
        "field-agent",
        "field-office",
        claude.AGENT,
        f"{claude.AGENT}:sub:reviewer",
    }
    assert day.api.rows("agents", environment="production") == []


def test_agents_show_what_they_do(day: Day) -> None:
    agent = _agent(day, "field-agent")
    assert agent["derived_status"] == "waiting_approval"
    assert agent["current_task_id"] in {"refund-77", "refund-78"}
    stats = agent["stats_1h"]
    assert (stats["tasks_completed"], stats["tasks_failed"]) == (2, 2)
    assert stats["success_rate"] == 0.5
    assert stats["llm_call_count"] == 2
    assert stats["total_cost"] == pytest.approx(0.1625)
    assert stats["queue_depth"] == 5
    assert _agent(day, "field-office")["stats_1h"]["active_issues"] == 3


def test_heartbeats_carry_their_payload(day: Day) -> None:
    agent = _agent(day, "field-agent")
    assert agent["last_heartbeat"] is not None
    assert agent["heartbeat_age_seconds"] >= 0
    beats = day.api.rows("events", event_type="heartbeat", exclude_heartbeats="false")
    assert beats
    assert all(beat["payload"] == {"orders_today": 17} for beat in beats if beat["agent_id"] == "field-agent")
    assert _agent(day, "field-office")["last_heartbeat"] is None


@pytest.mark.parametrize(
    ("task_id", "said"),
    [
        (
            "refund-42",
            {
                "derived_status": "completed",
                "task_run_id": "run-42",
                "task_type": "refund",
                "project_id": "returns",
                "agent_id": "field-agent",
                "total_cost": 0.0125,
                "total_tokens_in": 1_200,
                "total_tokens_out": 330,
                "llm_call_count": 1,
                "action_count": 4,
                "retry_count": 1,
                "has_escalation": True,
                "has_human_intervention": True,
            },
        ),
        (
            "refund-13",
            {"derived_status": "failed", "total_cost": 0.15, "total_tokens_in": 1_000_000, "error_count": 1},
        ),
        ("report-1", {"derived_status": "completed", "task_run_id": "run-1", "total_cost": None}),
        ("report-2", {"derived_status": "failed", "error_count": 1, "llm_call_count": 0}),
        ("refund-77", {"derived_status": "waiting", "has_human_intervention": True, "completed_at": None}),
        ("refund-78", {"derived_status": "processing", "completed_at": None, "duration_ms": None}),
    ],
)
def test_tasks_are_what_was_said_of_them(day: Day, task_id: str, said: dict[str, Any]) -> None:
    row = _tasks(day)[task_id]
    assert {name: row[name] for name in said} == pytest.approx(said)
    assert row["started_at"].endswith("Z")


def test_every_task_is_there_once(day: Day) -> None:
    field = {"refund-42", "refund-13", "report-1", "report-2", "refund-77", "refund-78"}
    rows = day.api.rows("tasks")
    assert sorted(row["task_id"] for row in rows) == sorted({*field, "session-1", "sub-t3"})
    assert {row["task_id"] for row in day.api.rows("tasks", agent_id="field-agent")} == field
    assert {row["task_id"] for row in day.api.rows("tasks", status="failed")} == {"refund-13", "report-2"}
    assert {row["task_id"] for row in day.api.rows("tasks", project_id="reports")} == {"report-1", "report-2"}


def test_the_timeline_is_a_tree_with_llm_calls_where_they_happened(day: Day) -> None:
    tree = day.api.get("tasks", "refund-42", "timeline")["action_tree"]
    assert [node["name"] for node in tree] == ["lookup_order", "pay"]
    lookup, pay = tree
    assert lookup["status"] == pay["status"] == "success"
    (orders,) = lookup["children"]
    assert orders["parent_action_id"] == lookup["action_id"]
    (call,) = orders["llm_calls"]
    assert (call["name"], call["model"], call["cost"]) == (
        "pick_endpoint",
        "claude-sonnet-4-20250514",
        0.0125,
    )
    assert orders["error"] == "partial answer"
    (card,) = pay["children"]
    assert card["status"] == "failed"
    assert card["error"] == "CardDeclinedError: card 1234 declined"


def test_the_timeline_holds_every_event_with_its_fields(day: Day) -> None:
    events = day.api.get("tasks", "refund-42", "timeline")["events"]
    told = [(event["event_type"], event["payload_kind"]) for event in events]
    started = [("task_started", None), ("custom", "plan_created"), ("custom", "plan_step")]
    assert told[:3] == started
    assert told[-1] == ("task_completed", None)
    assert len(events) == 22
    assert {event["correlation_id"] for event in events} == {"case-42"}
    by_type = {event["event_type"]: event for event in events}
    assert by_type["task_completed"]["payload"]["refunded"] == 12_500
    assert by_type["task_completed"]["status"] == "success"
    for event_type, data in {
        "retry_started": {"attempt": 2, "backoff_seconds": 1.5},
        "escalated": {"assigned_to": "team-lead", "reason": "12 500 EUR"},
        "approval_requested": {"approver": "team-lead"},
        "approval_received": {"decision": "approved", "approved_by": "sam"},
    }.items():
        assert by_type[event_type]["payload"]["data"] == data
        assert by_type[event_type]["parent_event_id"] == work.PARENT


def test_the_tool_payload_arrives_unchanged(day: Day) -> None:
    events = day.api.get("tasks", "refund-42", "timeline")["events"]
    (payload,) = [event["payload"] for event in events if event["payload"].get("tool_category")]
    assert payload == {
        "action_name": "orders_api",
        "args": {"order": 42},
        "result": "o" * 200,
        "success": True,
        "error": "partial answer",
        "duration_ms": 18,
        "tool_category": "orders",
        "http_status": 206,
        "result_size_bytes": 2_000,
    }


def test_a_replan_replaces_the_plan_and_keeps_the_old_one_out_of_it(day: Day) -> None:
    plan = day.api.get("tasks", "refund-42", "timeline")["plan"]
    assert (plan["goal"], plan["revision"], plan["total_steps"]) == ("Refund order 42", 1, 2)
    paid, tell = plan["steps"]
    assert (paid["description"], paid["action"]) == ("Refund", "completed")
    assert paid["completed_at"] is not None
    assert (tell["description"], tell["action"], tell["completed_at"]) == (
        "Tell the customer",
        "started",
        None,
    )


def test_failures_name_the_exception(day: Day) -> None:
    timeline = day.api.get("tasks", "refund-13", "timeline")
    failed = timeline["events"][-1]
    assert (failed["event_type"], failed["severity"], failed["status"]) == ("task_failed", "error", "failure")
    assert failed["payload"]["exception_type"] == "CardDeclinedError"
    assert failed["payload"]["exception_message"] == "card 9999 declined"
    assert timeline["error_chains"]


def test_generic_events_and_severities(day: Day) -> None:
    (learning,) = day.api.rows("events", payload_kind="learning")
    assert (learning["severity"], learning["task_id"]) == ("warn", "refund-42")
    assert learning["payload"]["tags"] == ["own"]
    (started,) = day.api.rows("events", payload_kind="runtime")
    assert started["parent_event_id"] == office.PARENT
    assert started["payload"]["data"] == {"event": "agent_started"}
    assert "tool_used" not in {event["event_type"] for event in day.api.rows("events", limit=200)}
    failed = day.api.rows("events", event_type="task_failed,action_failed", agent_id="field-agent")
    assert len(failed) == 3
    assert {event["severity"] for event in failed} == {"error"}


def test_the_claude_integration_is_understood(day: Day) -> None:
    assert _agent(day, claude.AGENT)["framework"] == "claude-agent-sdk"
    timeline = day.api.get("tasks", "session-1", "timeline")
    assert timeline["derived_status"] == "completed"
    assert timeline["task_type"] == "agent-sdk-session"
    assert timeline["total_cost"] == pytest.approx(0.0045)
    status = {node["name"]: node["status"] for node in _nodes(timeline["action_tree"])}
    assert status == {
        "Bash:ls": "success",
        "Read:/etc/shadow": "failed",
        "AskUserQuestion": "success",
        "Grep:x": "failed",
    }
    assert _tasks(day)["sub-t3"]["derived_status"] == "completed"
    assert _tasks(day)["sub-t3"]["agent_id"] == f"{claude.AGENT}:sub:reviewer"


def _nodes(tree: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [found for node in tree for found in (node, *_nodes(node["children"]))]
