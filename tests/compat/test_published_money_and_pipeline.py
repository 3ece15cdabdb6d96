"""What the published SDK sent about money and pending work is what the queries return."""

from __future__ import annotations

from typing import Any

import pytest

from tests.compat.conftest import Day

pytestmark = pytest.mark.slow


def test_costs_tell_reported_from_estimated_and_leave_the_unknown_out(day: Day) -> None:
    cost = day.api.get("cost")
    assert cost["call_count"] == 5
    assert cost["total_tokens_in"] == 1_200 + 1_000_000 + 900 + 10 + 1_000
    assert cost["total_tokens_out"] == 330 + 0 + 120 + 10 + 100
    assert cost["reported_cost"] == pytest.approx(0.0125 + 0.0075 + 0.0045)
    assert cost["estimated_cost"] == pytest.approx(0.15)  # gpt-4o-mini: 0.15 USD per million tokens in
    assert cost["total_cost"] == pytest.approx(0.1745)


def test_costs_by_agent_and_by_model(day: Day) -> None:
    cost = day.api.get("cost")
    by_agent = {row["agent_id"]: row["cost"] for row in cost["by_agent"]}
    assert by_agent == pytest.approx({"field-agent": 0.1625, "field-office": 0.0075, "claude-desk": 0.0045})
    by_model = {row["model"]: (row["call_count"], row["cost"]) for row in cost["by_model"]}
    assert by_model["claude-sonnet-4-20250514"] == (2, pytest.approx(0.017))
    assert by_model["gpt-4o-mini"] == (1, pytest.approx(0.15))
    assert by_model["model-nobody-knows"][0] == 1
    assert day.api.get("cost", agent_id="field-office")["call_count"] == 2


def test_cost_over_time_sums_up(day: Day) -> None:
    series = day.api.rows("cost", "timeseries", range="24h")
    assert sum(bucket["cost"] for bucket in series) == pytest.approx(0.1745)
    assert sum(bucket["call_count"] for bucket in series) == 5


def test_calls_come_with_previews_metadata_and_the_source_of_their_cost(day: Day) -> None:
    calls = {call["name"]: call for call in day.api.rows("llm-calls")}
    assert set(calls) == {"pick_endpoint", "classify", "summarise_day", "dream", "agent-loop"}
    said: dict[str, Any] = {
        "agent_id": "field-office",
        "task_id": None,
        "model": "gpt-4o",
        "tokens_in": 900,
        "tokens_out": 120,
        "cost": 0.0075,
        "cost_source": "reported",
        "duration_ms": 1_100,
        "prompt_preview": "Summarise",
        "response_preview": "A quiet day.",
        "metadata": {"temperature": 0},
    }
    assert {name: calls["summarise_day"][name] for name in said} == said
    assert calls["classify"]["cost_source"] == "estimated"
    assert calls["dream"]["cost"] is None
    assert [call["name"] for call in day.api.rows("llm-calls", task_id="refund-42")] == ["pick_endpoint"]
    assert {call["name"] for call in day.api.rows("cost", "calls", model="gpt-4o")} == {"summarise_day"}


def test_metrics_count_the_day(day: Day) -> None:
    summary = day.api.get("metrics", range="1h")["summary"]
    assert (summary["completed"], summary["failed"]) == (4, 2)
    assert summary["success_rate"] == pytest.approx(4 / 6)
    assert summary["total_cost"] == pytest.approx(0.1745)


def test_issues_stay_until_they_are_resolved(day: Day) -> None:
    issues = {
        issue["issue_id"]: issue for issue in day.api.get("agents", "field-office", "pipeline")["issues"]
    }
    assert set(issues) == {"card-slow", "log-shop.orders-WARNING", "log-shop.orders-ERROR"}
    slow = issues["card-slow"]
    said = {"severity": "high", "category": "latency", "context": {"p95_ms": 4_100}, "occurrence_count": 3}
    assert {name: slow[name] for name in said} == said
    assert slow["summary"] == "The card service is slow"


def test_log_records_are_issues(day: Day) -> None:
    issues = {
        issue["issue_id"]: issue for issue in day.api.get("agents", "field-office", "pipeline")["issues"]
    }
    low = issues["log-shop.orders-WARNING"]
    assert (low["severity"], low["category"], low["summary"]) == ("medium", "log", "stock of cups is low")
    assert low["context"]["logger"] == "shop.orders"
    assert issues["log-shop.orders-ERROR"]["severity"] == "high"


def test_todos_are_open_until_done(day: Day) -> None:
    (todo,) = day.api.get("agents", "field-office", "pipeline")["todos"]
    said = {
        "todo_id": "call-back",
        "action": "created",
        "priority": "high",
        "source": "refund",
        "context": "asked for a call",
        "due_by": "2030-01-01T09:00:00Z",
    }
    assert {name: todo[name] for name in said} == said


def test_queues_by_call_and_by_provider(day: Day) -> None:
    queue = day.api.get("agents", "field-office", "pipeline")["queue"]
    assert (queue["depth"], queue["oldest_age_seconds"]) == (2, 30)
    assert queue["items"][0]["summary"] == "Order 43"
    assert queue["processing"]["elapsed_ms"] == 1_200
    assert queue["snapshot_at"]
    provided = day.api.get("agents", "field-agent", "pipeline")["queue"]
    assert (provided["depth"], provided["oldest_age_seconds"], provided["items"]) == (5, 12, [])


def test_the_schedule_keeps_both_item_shapes(day: Day) -> None:
    nightly, stock = day.api.get("agents", "field-office", "pipeline")["scheduled"]
    assert (nightly["id"], nightly["last_status"]) == ("nightly", "success")
    assert (stock["next_run"], stock["status"]) == ("2030-01-01T01:00:00Z", "active")


def test_approvals_wait_in_both_shapes(day: Day) -> None:
    (waiting,) = day.api.get("agents", "field-agent", "pipeline")["approvals"]
    assert (waiting["task_id"], waiting["approver"]) == ("refund-77", "team-lead")
    (flat,) = day.api.get("agents", "field-office", "pipeline")["approvals"]
    assert (flat["summary"], flat["approver"]) == ("Open the shop?", "human")


def test_the_fleet_adds_up(day: Day) -> None:
    totals = day.api.get("pipeline")["totals"]
    said = {"queue_depth": 7, "active_issues": 3, "active_todos": 1, "scheduled_count": 2}
    assert {name: totals[name] for name in said} == said
