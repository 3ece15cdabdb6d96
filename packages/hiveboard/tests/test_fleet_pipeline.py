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
