"""Calls that told no tokens or no cost: unknown is null wherever they are summed, and the reasons are told apart."""

from __future__ import annotations

from typing import Any

from .conftest import Collector, kind, recent

TASK = {"task_id": "t", "task_run_id": "r"}


def call(**data: Any) -> dict[str, Any]:
    return kind("llm_call", data={"name": "n", **data}, **TASK) | {"timestamp": recent()["timestamp"]}


def everywhere(collector: Collector) -> list[tuple[int | None, int | None]]:
    """Tokens in and out from every answer that sums them."""
    cost = collector.get("/v1/cost", range="1h").json
    metrics = collector.get("/v1/metrics", range="1h", group_by="agent").json
    series = collector.get("/v1/cost/timeseries", range="1h").json["data"]
    rows = [
        {"tokens_in": cost["total_tokens_in"], "tokens_out": cost["total_tokens_out"]},
        *cost["by_agent"], *cost["by_model"], metrics["summary"], *metrics["groups"],
        *(point for point in metrics["timeseries"] if point["llm_call_count"]),
        *(point for point in series if point["call_count"]),
        collector.get("/v1/llm-calls").json["totals"],
    ]  # fmt: skip
    idle = [point for point in series if not point["call_count"]]
    assert idle
    assert {(point["tokens_in"], point["tokens_out"]) for point in idle} == {(0, 0)}
    return [(row["tokens_in"], row["tokens_out"]) for row in rows]


def test_tokens_that_nobody_told_are_null_everywhere(collector: Collector) -> None:
    collector.store([call(model="nobody-knows")])
    assert set(everywhere(collector)) == {(None, None)}
    collector.store([call(model="nobody-knows", tokens_in=0)])
    assert set(everywhere(collector)) == {(0, None)}
    collector.store([call(model="nobody-knows", tokens_in=7, tokens_out=2)])
    assert set(everywhere(collector)) == {(7, 2)}


def test_where_nothing_was_called_nothing_was_used(collector: Collector) -> None:
    collector.store([recent("heartbeat")])
    cost = collector.get("/v1/cost", range="1h").json
    assert (cost["total_tokens_in"], cost["total_tokens_out"], cost["total_cost"]) == (0, 0, 0.0)


def test_why_a_call_has_no_cost_is_told(collector: Collector) -> None:
    refused = {"error": {"type": "RateLimitError", "message": "no"}}
    collector.store(
        [
            call(model="gpt-4o", tokens_in=10, tokens_out=1),
            call(model="gpt-4o", tokens_in=10, tokens_out=1, cost=0.5, metadata=refused),
            call(model="nobody-knows", tokens_in=10, tokens_out=1),
            call(model="nobody-knows", tokens_in=10, metadata=refused),
            call(model="gpt-4o"),
            call(model="gpt-4o", metadata={"error": None}),
            call(),
            call(model="gpt-4o", metadata=refused),
            call(metadata={"error": "connection reset"}),
        ]
    )
    counted = ("call_count", "unpriced_calls", "calls_without_price", "calls_without_usage", "failed_calls")
    cost = collector.get("/v1/cost", range="1h").json
    assert tuple(cost[name] for name in counted) == (9, 7, 2, 3, 2)
    by_model = {row["model"]: tuple(row[name] for name in counted) for row in cost["by_model"]}
    assert by_model == {"gpt-4o": (5, 3, 0, 2, 1), "nobody-knows": (2, 2, 2, 0, 0), None: (2, 2, 0, 1, 1)}
    scoped = collector.get("/v1/cost", range="1h", agent_id="agent-1").json
    assert tuple(scoped[name] for name in counted) == (9, 7, 2, 3, 2)


def test_the_estimated_part_of_a_cost_is_told(collector: Collector) -> None:
    collector.store([call(model="m", cost=1.0), call(model="m", cost=2.0, cost_source="estimated")])
    stats = collector.get("/v1/agents/agent-1").json["stats_1h"]
    assert (stats["total_cost"], stats["estimated_cost"]) == (3.0, 2.0)
    summary = collector.get("/v1/metrics", range="1h").json["summary"]
    assert (summary["total_cost"], summary["estimated_cost"]) == (3.0, 2.0)
