"""One agent in several projects, environments and groups: found in each, with the numbers of each."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Collector, kind, recent

PLACES = [
    ("alpha", "production", "eu", 1.0, "task_completed"),
    ("beta", "staging", "us", 5.0, "task_failed"),
]


@pytest.fixture
def dual(collector: Collector) -> Collector:
    """The agent worked in alpha/production/eu first, then in beta/staging/us; another one only idles."""
    for project, environment, group, cost, end in PLACES:
        task = {"task_id": project, "task_run_id": "r", "project_id": project}
        fresh = {"timestamp": recent()["timestamp"]}
        still = {**task, "task_id": f"{project}-open"}
        collector.store(
            [
                recent("task_started", **task),
                kind("llm_call", data={"name": "n", "model": "m", "cost": cost}, **task) | fresh,
                kind("issue", summary=f"trouble in {project}", data={"severity": "low"}, project_id=project) | fresh,
                recent(end, **task),
                recent("task_started", **still),
            ],
            agent_id="dual", environment=environment, group=group,
        )  # fmt: skip
    collector.store([recent("heartbeat")], agent_id="other", environment="staging", group="us")
    return collector


def cards(collector: Collector, **asked: str) -> dict[str, dict[str, Any]]:
    return {row["agent_id"]: row for row in collector.get("/v1/agents", **asked).json["data"]}


@pytest.mark.parametrize(
    ("asked", "found", "cost", "failed"),
    [
        ({"project_id": "alpha"}, {"dual"}, 1.0, 0),
        ({"project_id": "beta"}, {"dual"}, 5.0, 1),
        ({"environment": "production"}, {"dual"}, 1.0, 0),
        ({"environment": "staging"}, {"dual", "other"}, 5.0, 1),
        ({"group": "eu"}, {"dual"}, 1.0, 0),
        ({"group": "us", "environment": "staging"}, {"dual", "other"}, 5.0, 1),
        ({}, {"dual", "other"}, 6.0, 1),
    ],
)
def test_a_card_has_the_numbers_of_what_was_asked_for(
    dual: Collector, asked: dict[str, str], found: set[str], cost: float, failed: int
) -> None:
    rows = cards(dual, **asked)
    assert set(rows) == found
    stats = rows["dual"]["stats_1h"]
    assert (stats["total_cost"], stats["tasks_failed"], stats["tasks_completed"] + stats["tasks_failed"]) == (
        cost, failed, 1 if asked else 2,
    )  # fmt: skip
    assert rows["dual"]["open_tasks"] == (1 if asked else 2)
    assert dual.get("/v1/cost", range="1h", **asked).json["total_cost"] == cost
    assert dual.get("/v1/metrics", range="1h", **asked).json["summary"]["failed"] == failed
    assert rows["dual"]["environments"] == ["production", "staging"]
    assert rows["dual"]["groups"] == ["eu", "us"]
    assert rows["dual"]["projects"] == ["alpha", "beta"]


def test_a_project_in_an_environment_where_it_never_ran_has_nobody(dual: Collector) -> None:
    assert cards(dual, project_id="alpha", environment="staging") == {}
    assert cards(dual, project_id="nobody-knows") == {}


def test_the_current_task_and_the_issues_are_those_of_the_project(dual: Collector) -> None:
    row = cards(dual, project_id="alpha")["dual"]
    assert (row["current_task_id"], row["stats_1h"]["active_issues"]) == ("alpha-open", 1)
    assert cards(dual)["dual"]["stats_1h"]["active_issues"] == 2


def test_the_pipeline_of_an_environment_has_what_came_from_there(dual: Collector) -> None:
    def issues(**asked: str) -> list[str]:
        return [issue["summary"] for issue in dual.get("/v1/pipeline", **asked).json["issues"]]

    assert issues(environment="production") == issues(group="eu") == ["trouble in alpha"]
    assert issues(environment="staging") == issues(group="us") == ["trouble in beta"]
    assert len(issues()) == 2
    assert dual.get("/v1/pipeline", group="none").json["totals"]["active_issues"] == 0


def test_the_summary_counts_runs_by_the_status_they_are_listed_with(collector: Collector) -> None:
    def run(name: str, *more: dict[str, Any], project: str = "p") -> None:
        task = {"task_id": name, "task_run_id": "r", "project_id": project}
        collector.store([recent("task_started", **task), *(one | task for one in more)], agent_id=name)

    run("works")
    run("elsewhere", project="q")
    run("asks", recent("approval_requested"))
    run("asked-after", recent("escalated"))
    run("done", recent("escalated"), recent("task_completed"))
    late = {"stuck_threshold": 0.000_001, "heartbeat_interval": 1}
    run("hangs", recent("agent_registered", payload={"data": late}), recent("heartbeat"))
    for scope in ({}, {"project_id": "p"}, {"environment": "production", "group": "default"}, {"agent_id": "hangs"}, {"project_id": "none"}):  # fmt: skip
        summary = collector.get("/v1/metrics", range="1h", **scope).json["summary"]
        for field, status in (
            ("processing", "processing"), ("waiting", "waiting"), ("stuck", "stuck"), ("open_escalated", "escalated"),
        ):  # fmt: skip
            listed = collector.get("/v1/tasks", status=status, **scope).json["data"]
            assert summary[field] == len(listed), (scope, status)
        parts = ("processing", "waiting", "stuck", "open_escalated")
        assert summary["open_tasks"] == sum(summary[part] for part in parts)
        shown = {name: scope[name] for name in scope if name != "agent_id"}
        stuck = collector.get("/v1/agents", status="stuck", **shown).json["data"]
        assert summary["stuck_agents"] == len(stuck)
    whole = collector.get("/v1/metrics", range="1h").json["summary"]
    assert (whole["processing"], whole["waiting"], whole["stuck"], whole["escalated"]) == (2, 1, 1, 2)
