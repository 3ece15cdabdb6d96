"""States and numbers read back over HTTP: agents, pipeline, metrics, costs, timelines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hiveboard.instant import MINUTE_US, SECOND_US, format_instant, now_us

from .conftest import Collector, event, kind, recent, running
from .listing import pages, runs


def test_an_agent_goes_from_waiting_to_stuck_to_offline(tmp_path: Path) -> None:
    now = [now_us()]
    with running(tmp_path / "s.db", clock=lambda: now[0]) as collector:
        collector.store(
            [
                event(
                    "agent_registered", payload={"data": {"stuck_threshold": 60, "heartbeat_interval": 30}}
                ),
                event("task_started", task_id="t"),
                event("approval_requested", task_id="t", payload={"data": {"approval_id": "x"}}),
                event("heartbeat"),
            ]
        )

        def status() -> tuple[str, str, bool]:
            agent = collector.get("/v1/agents/agent-1").json
            return (
                agent["derived_status"],
                collector.get("/v1/tasks").json["data"][0]["derived_status"],
                agent["is_stuck"],
            )

        assert status() == ("waiting_approval", "waiting", False)
        collector.store([event("approval_received", 9, payload={"approval_id": "x", "decision": "approved"})])
        assert status() == ("processing", "processing", False)
        now[0] += 61 * SECOND_US
        assert status() == ("stuck", "stuck", True)
        assert collector.get("/v1/tasks", status="stuck").json["data"]
        assert collector.get("/v1/agents", status="stuck").json["data"][0]["no_progress_seconds"] >= 61
        assert collector.get("/v1/metrics").json["summary"]["stuck"] == 1
        collector.store([event("heartbeat", 50), event("task_failed", 60, task_id="t")])
        assert status() == ("error", "failed", False)
        collector.store([kind("runtime", 70, data={"event": "agent_stopped"})])
        assert status()[0] == "offline"


def test_pipeline_and_issues(collector: Collector) -> None:
    collector.store(
        [
            kind("queue_snapshot", 1, data={"depth": 4, "oldest_age_seconds": 9}),
            kind("queue_snapshot", 9, data={"depth": 2}),
            kind("queue_snapshot", 5, data={"depth": 7}),
            kind("todo", 1, summary="write", data={"todo_id": "a", "action": "created", "priority": "high"}),
            kind("todo", 2, summary="read", data={"todo_id": "b", "action": "created"}),
            kind("todo", 3, summary="read", data={"todo_id": "b", "action": "completed"}),
            kind("scheduled", 1, data={"items": [{"name": "nightly"}]}),
            kind("issue", 1, summary="CRM 403 at 10:00:01", data={"severity": "high"}),
            kind("issue", 2, summary="CRM 403 at 10:00:02", data={"severity": "high"}),
            kind("issue", 3, summary="Solved", data={"severity": "low"}),
            kind("issue", 4, summary="Solved", data={"severity": "low", "action": "resolved"}),
            kind("issue", 1, summary="Back", data={"severity": "low", "issue_id": "i"}),
            kind("issue", 2, summary="x", data={"action": "resolved", "issue_id": "i", "severity": "low"}),
            kind("issue", 3, summary="Back again", data={"severity": "low", "issue_id": "i"}),
            event("approval_requested", 1, task_id="t", payload={"summary": "ok?", "approver": "human"}),
        ]
    )
    pipeline = collector.get("/v1/agents/agent-1/pipeline").json
    assert (pipeline["queue"]["depth"], pipeline["queue"]["snapshot_at"]) == (2, "2026-02-02T02:40:00.009Z")
    assert [(todo["todo_id"], todo["summary"]) for todo in pipeline["todos"]] == [("a", "write")]
    assert pipeline["scheduled"] == [{"name": "nightly"}]
    issues = {issue["summary"]: (issue["status"], issue["occurrences"]) for issue in pipeline["issues"]}
    assert issues == {"CRM 403 at 10:00:02": ("open", 2), "Back again": ("regressed", 2)}
    assert [(one["summary"], one["approver"]) for one in pipeline["approvals"]] == [("ok?", "human")]
    totals = collector.get("/v1/pipeline").json["totals"]
    assert totals == {
        "queue_depth": 2,
        "active_issues": 2,
        "active_todos": 1,
        "scheduled_count": 1,
        "pending_approvals": 1,
    }
    assert collector.get("/v1/agents/nobody/pipeline").json["queue"] is None


def test_metrics_and_costs_agree(tmp_path: Path) -> None:
    now = now_us()
    with running(tmp_path / "s.db", clock=lambda: now) as collector:
        made = []
        for number in range(30):
            task = {
                "task_id": f"t{number}",
                "agent_id": f"a{number % 3}",
                "project_id": "p" if number % 2 else None,
            }
            at = {"timestamp": format_instant((now - number * MINUTE_US // 4) // 1000 * 1000)}
            made.append(
                kind(
                    "llm_call",
                    data={
                        "name": "n",
                        "model": f"m{number % 2}",
                        "tokens_in": 10,
                        "tokens_out": 1,
                        "cost": 0.1,
                    },
                    **task,
                )
                | at
            )
            ended = (
                event("task_failed" if number % 5 == 0 else "task_completed", duration_ms=100, **task) | at
            )
            made.append(ended | ({"status": "cancelled"} if number == 29 else {}))
        collector.store(made)
        for name in ("1h", "6h", "24h", "7d", "30d"):
            metrics = collector.get("/v1/metrics", range=name, group_by="agent").json
            summary, series = metrics["summary"], metrics["timeseries"]
            assert (summary["completed"], summary["failed"], summary["other"]) == (23, 6, 1)
            assert summary["success_rate"] == pytest.approx(23 / 29, abs=1e-6)
            assert summary["total_cost"] == pytest.approx(3.0)
            assert summary["avg_duration_ms"] == 100
            assert sum(point["tasks_completed"] for point in series) == 23
            assert sum(point["cost"] or 0 for point in series) == pytest.approx(3.0)
            assert sum(group["tasks_failed"] for group in metrics["groups"]) == 6
            cost = collector.get("/v1/cost", range=name).json
            assert (cost["call_count"], cost["total_tokens_in"]) == (30, 300)
            assert cost["total_cost"] == pytest.approx(3.0)
            assert sum(row["cost"] for row in cost["by_agent"]) == pytest.approx(3.0)
            assert {row["model"]: row["call_count"] for row in cost["by_model"]} == {"m0": 15, "m1": 15}
            points = collector.get("/v1/cost/timeseries", range=name).json["data"]
            assert sum(point["cost"] for point in points) == pytest.approx(3.0)
            split = collector.get("/v1/cost/timeseries", range=name, split_by="model").json["data"]
            assert sum(point["call_count"] for point in split if point["model"] == "m1") == 15
        scoped = collector.get("/v1/metrics", agent_id="a1", project_id="p").json["summary"]
        assert scoped["llm_call_count"] == 5
        pairs = collector.get("/v1/metrics", group_by="agent_model").json["groups"]
        assert len(pairs) == 6
        assert pairs[0]["tasks_completed"] is None
        agents = {agent["agent_id"]: agent for agent in collector.get("/v1/agents").json["data"]}
        assert sum(agent["stats_1h"]["llm_call_count"] for agent in agents.values()) == 30
        assert sum(sum(agent["sparkline_1h"]) for agent in agents.values()) == 60
        detail = collector.get("/v1/agents/a0").json
        assert detail["stats_24h"]["llm_call_count"] == 10
        assert [project["slug"] for project in collector.get("/v1/projects").json["data"]] == ["p"]


def test_agents_filters_orders_and_pages(collector: Collector) -> None:
    for number in range(5):
        collector.store(
            [recent("task_failed", task_id="t", project_id=f"p{number}")] if number == 3 else [recent("task_started", task_id=f"t{number}")],
            agent_id=f"agent-{number}", environment="staging" if number == 1 else "production", group=f"g{number}",
        )  # fmt: skip

    def names(**params: Any) -> list[str]:
        return [row["agent_id"][-1] for row in pages(collector, "/v1/agents", limit=2, **params)]

    assert names() == ["3", "0", "1", "2", "4"]
    assert names(sort="name") == ["0", "1", "2", "3", "4"]
    assert names(sort="last_seen") == ["4", "3", "2", "1", "0"]
    assert names(environment="staging") == names(group="g1") == ["1"]
    assert names(status="error") == names(project_id="p3") == ["3"]


def test_the_timeline_tells_all_of_a_run(collector: Collector) -> None:
    task = {"task_id": "a/b c", "task_run_id": "r"}
    collector.store(
        [
            event("task_started", 0, **task),
            kind("plan_created", 1, data={"goal": "g", "steps": [{"index": 0, "description": "one"}], "revision": 0}, **task),
            event("action_started", 2, action_id="a", payload={"action_name": "tool"}, **task),
            kind("llm_call", 5, data={"name": "n", "model": "m", "duration_ms": 2}, action_id="a", **task),
            event("action_failed", 8, action_id="a", duration_ms=6, payload={"action_name": "tool", "exception_type": "E", "exception_message": "m"}, **task),
            kind("plan_step", 9, data={"step_index": 0, "action": "failed", "turns": 2, "tokens": 30}, **task),
            event("task_failed", 10, duration_ms=10, payload={"exception_type": "E", "exception_message": "m"}, **task),
        ]
    )  # fmt: skip
    told = collector.get("/v1/tasks/a%2Fb%20c/timeline").json
    assert [one["event_type"] for one in told["events"]][::6] == ["task_started", "task_failed"]
    assert told["events"][4]["render_hint"] == "failure"
    node = told["action_tree"][0]
    assert (node["name"], node["status"], node["error"], len(node["llm_calls"])) == (
        "tool",
        "failed",
        "E: m",
        1,
    )
    assert [len(chain["chain"]) for chain in told["error_chains"]] == [2]
    assert told["plan"]["steps"][0] | {"started_at": None} == {
        "step_index": 0, "description": "one", "action": "failed", "started_at": None,
        "completed_at": "2026-02-02T02:40:00.009Z", "turns": 2, "tokens": 30, "summary": "s",
    }  # fmt: skip
    assert told["time_breakdown"] == {
        "llm_ms": 2, "tool_ms": 4, "waiting_ms": 0, "other_ms": 4, "untimed_llm_calls": 0, "is_partial": False,
    }  # fmt: skip
    assert told["error"] == "E: m"


def test_the_store_survives_a_restart(tmp_path: Path) -> None:
    with running(tmp_path / "s.db") as collector:
        collector.store(runs(3))
        before = collector.get("/v1/tasks").raw
    with running(tmp_path / "s.db") as collector:
        assert json.loads(collector.get("/v1/tasks").raw) == json.loads(before)
        assert collector.store(runs(1, first=50))["duplicates"] == 0


def test_calls_without_a_price_cost_an_unknown_amount(collector: Collector) -> None:
    unknown = {"name": "n", "model": "nobody-knows", "tokens_in": 5, "tokens_out": 5}
    priced = {"name": "n", "model": "free", "cost": 0}
    task = {"task_id": "t", "task_run_id": "r"}
    fresh = {"timestamp": recent()["timestamp"]}

    def costs() -> list[float | None]:
        total = collector.get("/v1/cost", range="1h").json
        series = collector.get("/v1/cost/timeseries", range="1h").json["data"]
        split = collector.get("/v1/cost/timeseries", range="1h", split_by="model").json["data"]
        metrics = collector.get("/v1/metrics", range="1h", group_by="model").json
        agent = collector.get("/v1/agents/detail", agent_id="agent-1").json
        busy = [point["cost"] for point in series if point["call_count"]]
        assert {point["cost"] for point in series if not point["call_count"]} == {0.0}
        return [
            total["total_cost"], total["reported_cost"], total["estimated_cost"], total["by_agent"][0]["cost"],
            *busy, metrics["summary"]["total_cost"], agent["stats_1h"]["total_cost"], agent["stats_24h"]["total_cost"],
            collector.get("/v1/tasks").json["data"][0]["total_cost"],
            next(row["cost"] for row in split if row["model"] == "nobody-knows") and 0.0,
        ]  # fmt: skip

    collector.store([event("task_started", **task) | fresh, kind("llm_call", data=unknown, **task) | fresh])
    assert set(costs()) == {None}
    collector.store([kind("llm_call", data=priced, **task) | fresh])
    *known, still_unknown = costs()
    assert (set(known), still_unknown) == ({0.0}, None)
