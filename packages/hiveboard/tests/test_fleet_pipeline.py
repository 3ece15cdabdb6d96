"""What waits in the whole fleet, in one answer."""

from __future__ import annotations

from typing import Any

from .conftest import Collector, event, kind


def test_the_pipeline_of_the_fleet_has_every_row(collector: Collector) -> None:
    def snapshot(**data: Any) -> list[dict[str, Any]]:
        return [kind("queue_snapshot", data=data)]

    collector.store(
        [
            *snapshot(depth=0),
            kind("todo", data={"todo_id": "a", "action": "created"}, project_id="p"),
            kind("todo", data={"todo_id": "b", "action": "completed"}, project_id="p"),
            kind("scheduled", data={"items": [{"name": "nightly", "agent_id": "liar"}, "plain", None, 7]}),
            kind("issue", data={"severity": "low"}, project_id="q"),
            event("approval_requested", task_id="t", project_id="p"),
        ],
        agent_id="one",
        environment="staging",
    )
    collector.store([*snapshot(items=["x", "y"], agent_id="liar")], agent_id="two")

    def lists(**params: str) -> dict[str, list[Any]]:
        answer = collector.get("/v1/pipeline", **params).json
        assert answer["totals"]["active_todos"] == len(answer["todos"])
        assert answer["totals"]["scheduled_count"] == len(answer["scheduled"])
        return {
            name: [row["agent_id"] for row in answer[name]]
            for name in ("queues", "todos", "scheduled", "issues", "approvals")
        }

    one, two = ["one"], ["two"]
    assert lists() == {
        "queues": [*two, *one],
        "todos": one,
        "scheduled": one * 2,
        "issues": one,
        "approvals": one,
    }
    assert lists(environment="staging") == {
        "queues": one, "todos": one, "scheduled": one * 2, "issues": one, "approvals": one,
    }  # fmt: skip
    assert lists(project_id="p") == {
        "queues": one, "todos": one, "scheduled": one * 2, "issues": [], "approvals": one,
    }  # fmt: skip
    assert lists(project_id="q", environment="production") == {
        "queues": [], "todos": [], "scheduled": [], "issues": [], "approvals": [],
    }  # fmt: skip
    told = collector.get("/v1/pipeline").json
    assert [queue["depth"] for queue in told["queues"]] == [2, 0]
    assert [item["name"] for item in told["scheduled"]] == ["nightly", "plain"]


def test_lists_are_as_long_as_asked_and_counts_are_of_all(collector: Collector) -> None:
    run = {"task_id": "t", "task_run_id": "r"}
    told = [kind("issue", at, summary=name, data={"severity": "low"}, **run) for at, name in enumerate("abc")]
    approvals = [event("approval_requested", at, task_id="t", task_run_id="r") for at in range(3)]
    todos = [kind("todo", at, data={"todo_id": str(at), "action": "created"}) for at in range(3)]
    call = kind("llm_call", 9, data={"model": "m", "cost": 0.5}, **run)
    collector.store([*told, *approvals, *todos, call], agent_id="one")
    for limit, shown in ((2, 2), (3, 3), (500, 3), (None, 3)):
        asked = {} if limit is None else {"limit": str(limit)}
        answer = collector.get("/v1/pipeline", **asked).json
        assert [len(answer[name]) for name in ("issues", "approvals", "todos")] == [shown] * 3
        assert [issue["summary"] for issue in answer["issues"]] == ["c", "b", "a"][:shown]
        assert {(issue["affected_tasks"], issue["affected_cost"]) for issue in answer["issues"]} == {(1, 0.5)}
        totals = answer["totals"]
        assert (totals["active_issues"], totals["pending_approvals"], totals["active_todos"]) == (3, 3, 3)
        (row,) = answer["agents"]
        assert (row["active_issues"], row["pending_approvals"], row["active_todos"]) == (3, 3, 3)
    assert collector.get("/v1/pipeline", limit="0").status == 400
    assert collector.get("/v1/pipeline", limit="501").status == 400
