"""Insights over events that can be recounted by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hiveboard.instant import format_instant
from hiveboard.projections.insights.catalogue import GROUPS, QUESTIONS

from .conftest import Collector, event, kind, running

#: The fixed moment of the tests' events is 02:40 UTC; questions are asked at 03:10.
BASE_US = 1_770_000_000_000_000
NOW_US = BASE_US + 30 * 60_000_000
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


@pytest.fixture
def board(tmp_path: Path) -> Any:
    with running(tmp_path / "s.db", clock=lambda: NOW_US) as made:
        yield made


def ask(board: Collector, **params: Any) -> dict[str, dict[str, Any]]:
    answer = board.get("/v1/insights", **params)
    assert answer.status == 200, answer.raw
    return {one["id"]: one for one in answer.json["insights"]}


def one(board: Collector, insight_id: str, **params: Any) -> dict[str, Any]:
    answer = board.get(f"/v1/insights/{insight_id}", **params)
    assert answer.status == 200, answer.raw
    found: dict[str, Any] = answer.json
    return found


def call(
    at: int, task: str, name: str = "draft", model: str = "m", cost: float | None = 0.01, **data: Any
) -> dict[str, Any]:
    fields = {"name": name, "model": model, "tokens_in": 100, "tokens_out": 10} | data
    if cost is not None:
        fields["cost"] = cost
    return kind("llm_call", at, data=fields, task_id=task, task_run_id="r")


def run(
    task: str,
    at: int,
    took: int = 1_000,
    cost: float | None = 0.01,
    end: str = "task_completed",
    **fields: Any,
) -> list[dict[str, Any]]:
    """A run with one model call that began ``at`` and took so many milliseconds."""
    own = {"task_id": task, "task_run_id": "r", **fields}
    return [
        event("task_started", at, **own),
        call(at + 1, task, cost=cost) | fields,
        event(end, at + took, duration_ms=took, **own),
    ]


def test_an_empty_collector_knows_nothing_and_says_why(board: Collector) -> None:
    found = ask(board)
    assert list(found) == [question.id for question in QUESTIONS]
    for insight in found.values():
        assert insight["explanation"].endswith("."), insight
        assert (insight["value"] is None) == (insight["state"] == "unknown")
    unknown = {name for name, insight in found.items() if insight["value"] is None}
    assert {
        "agents-running",
        "success-rate",
        "cache-hits",
        "durations",
        "cost-per-run",
        "fleet-health",
    } <= unknown
    assert found["success-rate"]["explanation"] == "No run completed or failed in this period."


def test_the_catalogue_has_the_38_questions_and_more() -> None:
    assert sorted(question.number for question in QUESTIONS if question.number) == list(range(1, 39))
    assert len({question.id for question in QUESTIONS}) == len(QUESTIONS)
    assert {question.group for question in QUESTIONS} == set(GROUPS)


def test_every_breakdown_has_its_columns_in_every_row(board: Collector) -> None:
    fill(board)
    for question in QUESTIONS:
        found = one(board, question.id)
        keys = {column["key"] for column in found["columns"]}
        assert keys or found["state"] == "unknown", question.id
        for row in found["rows"]:
            assert keys <= set(row), (question.id, row)
    assert board.get("/v1/insights/nothing").json["error"] == "insight_not_found"


def fill(board: Collector) -> None:
    """A day with 4 runs (one failed, one cancelled), the day before with 2, two agents, retries, plans, people."""
    yesterday = -DAY
    board.store(
        [
            *run("old-1", yesterday, took=2_000, cost=0.02),
            *run("old-2", yesterday + 1, cost=0.02, end="task_failed"),
        ]
    )
    events = [*run("a", 0, took=1_000), *run("b", 5 * MINUTE, took=3_000, cost=0.05)]
    events += run("c", 10 * MINUTE, took=60_000, cost=0.5, end="task_failed")
    events[-1]["payload"] = {"exception_type": "E", "exception_message": "no"}
    events += [
        event("retry_started", 11, task_id="a", task_run_id="r", payload={"data": {"backoff_seconds": 90, "original_error": "RateLimitError: slow down"}}),
        event("action_failed", 12, task_id="a", task_run_id="r", action_id="x", duration_ms=30_000, payload={"action_name": "send", "exception_type": "httpx.TimeoutError"}),
        event("action_completed", 13, task_id="a", task_run_id="r", action_id="y", duration_ms=500, payload={"action_name": "send"}),
        kind("plan_step", 14, data={"step_index": 2, "action": "failed"}, task_id="c", task_run_id="r"),
        event("escalated", 15, task_id="b", task_run_id="r"),
        kind("queue_snapshot", 16, data={"depth": 3}),
        kind("issue", 17, summary="CRM slow", data={"severity": "low"}),
        kind("issue", 18, summary="CRM slow", data={"severity": "low"}),
        event("heartbeat", 20 * MINUTE, payload={"n": 1}),
    ]  # fmt: skip
    board.store(events, agent_version="2")
    other = run("d", 20 * MINUTE, took=5_000, cost=None, end="task_completed")
    other[-1]["status"] = "cancelled"
    board.store(other, agent_id="agent-2", environment="staging")


def test_numbers_are_those_that_a_hand_counts(board: Collector) -> None:
    fill(board)
    found = ask(board)
    values = {name: (insight["value"], insight["previous"]) for name, insight in found.items()}
    assert values["agents-running"] == (2, None)
    assert values["happening-now"][0] == pytest.approx(10 * 60 - 5, abs=0.01)
    assert values["pending-work"] == (3, None)
    assert values["reported-problems"] == (1, None)
    assert values["recurring-issues"] == (1, None)
    assert values["failed-tools"] == (1, 0)
    assert values["failed-plans"] == (1, 0)
    assert values["models-called"] == (4, 2)
    assert values["people-asked"] == (1, 0)
    assert values["cost"] == (0.56, 0.04)
    assert found["cost"]["change"] == 0.52
    assert found["cost"]["state"] == "attention"
    assert "1 call told no price" in found["cost"]["explanation"]
    # 0.56 dollars by the four runs that ended, the cancelled one counted.
    assert values["cost-per-run"] == (0.14, 0.02)
    assert values["return"] == (round(2 / 0.56, 3), 25.0)
    assert values["success-rate"] == (round(2 / 3, 6), 0.5)
    assert values["fails-most"] == (1, 1)
    assert values["in-production"] == (1, None)
    assert values["retry-rate"] == (0.25, 0.0)
    assert values["self-correction"][0] == pytest.approx(1.0)
    assert values["total-cost"] == (0.6, None)
    assert values["step-durations"] == (15_250.0, None)
    # Two of three completed, both agents run and none is stuck, one of two has an issue.
    assert values["fleet-health"][0] == round(100 * (2 / 3 + 1 + 0.5) / 3, 1)


def test_rows_tell_where_a_number_comes_from(board: Collector) -> None:
    fill(board)
    assert one(board, "retry-rate")["rows"] == [
        {
            "agent": "agent-1",
            "reason": "RateLimitError",
            "retries": 1,
            "rate": round(1 / 3, 6),
            "waited_ms": 90_000,
        }
    ]
    assert one(board, "failed-tools")["rows"] == [
        {"agent": "agent-1", "action": "send", "failed": 1, "ended": 2, "rate": 0.5, "failed_ms": 30_000}
    ]
    assert {row["agent"]: row["cost"] for row in one(board, "cost")["rows"]} == {
        "agent-1": 0.56,
        "agent-2": None,
    }
    deploys = one(board, "deploys")
    assert (deploys["value"], deploys["unit"]) == (round(2 / 3 - 0.5, 6), "ratio")
    assert [
        (row["version"], row["current"], row["runs"]) for row in deploys["rows"] if row["agent"] == "agent-1"
    ] == [
        ("2", True, 3),
        (None, False, 2),
    ]


def test_the_waste_ledger_recounts(board: Collector) -> None:
    fill(board)
    ledger = board.get("/v1/waste").json
    mine = {agent["agent_id"]: agent for agent in ledger["agents"]}
    assert mine["agent-1"]["failed"] == {"runs": 1, "cost": 0.5, "unpriced": 0, "minutes": 1.0}
    # The failed attempt of run a took half a minute; the wait before its retry is told for itself.
    assert mine["agent-1"]["retries"]["minutes"] == 2.0
    assert mine["agent-1"]["retry_wait_minutes"] == 1.5
    # Of the cancelled run's only call nobody knows the price: it is not nothing.
    assert mine["agent-2"]["abandoned"] == {"runs": 1, "cost": None, "unpriced": 1, "minutes": 0.083}
    assert (ledger["cost"], ledger["unpriced"]) == (0.5, 1)
    assert [one["label"] for one in ledger["failed_runs"]] == ["c"]
    assert [one["run"]["label"] for one in ledger["runs"]] == ["a"]
    assert ask(board)["waste"]["value"] == 0.5


def test_calls_repeated_word_for_word_are_a_loop(board: Collector) -> None:
    own = {"task_id": "loop", "task_run_id": "r"}
    events = [event("task_started", 0, **own)]
    for at in range(1, 5):
        start = 1_000 * at
        args = {"q": "same"} if at < 4 else {"q": "other"}
        events += [
            call(start, "loop", cost=0.1, duration_ms=300),
            event("action_started", start + 1, action_id=f"t{at}", payload={"action_name": "search", "kind": "tool", "args": args}, **own),
            event("action_completed", start + 601, action_id=f"t{at}", duration_ms=600, payload={"action_name": "search"}, **own),
        ]  # fmt: skip
    board.store([*events, event("task_completed", 6_000, **own)])
    ledger = board.get("/v1/waste").json
    assert ledger["runs"][0]["loops"] == [{"name": "search", "arguments": '{"q":"same"}', "times": 3}]
    # The second and third search, and the two model calls that asked for them.
    assert ledger["agents"][0]["loops"] == {
        "runs": 1,
        "cost": 0.2,
        "unpriced": 0,
        "minutes": round(1.8 / 60, 3),
    }
    assert ledger["cost"] == 0.2


def test_two_identical_calls_are_no_loop(board: Collector) -> None:
    own = {"task_id": "t", "task_run_id": "r"}
    events = [event("task_started", 0, **own)]
    for at in (1, 2, 3):
        payload = {"action_name": "search", "kind": "tool", "args": {"q": "same"}}
        end = event(
            "action_failed" if at == 3 else "action_completed",
            10 * at + 1,
            action_id=f"t{at}",
            payload={"action_name": "search"},
            **own,
        )
        events += [event("action_started", 10 * at, action_id=f"t{at}", payload=payload, **own), end]
    board.store([*events, event("task_completed", 60, **own)])
    assert board.get("/v1/waste").json["agents"][0]["loops"]["runs"] == 0


def test_metadata_of_calls(board: Collector) -> None:
    def told(at: int, **metadata: Any) -> dict[str, Any]:
        return call(at, "t", tokens_in=1_000, metadata=metadata)

    board.store(
        [
            told(
                1,
                cache_read_input_tokens=600,
                turn_number=1,
                stop_reason="end_turn",
                context_utilization_pct=10,
            ),
            told(
                2,
                cache_read_input_tokens=0,
                turn_number=2,
                stop_reason="max_tokens",
                context_window_size=1_200,
            ),
            told(
                3, system_prompt_tokens=100, history_tokens=700, tool_results_tokens=200, stop_reason="LENGTH"
            ),
            call(4, "t", cost=0.05, metadata={"turn_number": 7}),
            call(5, "t", metadata={"cache_read_input_tokens": "many", "turn_number": -3, "stop_reason": 7}),
        ]
    )
    found = ask(board)
    assert found["cache-hits"]["value"] == 0.3  # 600 of the 2,000 tokens of the calls that told
    assert found["cut-off"]["value"] == 0.666667
    assert found["context-pressure"]["value"] == 0.5  # 10 % and 83 %
    assert found["prompt-parts"]["value"] == 0.7
    assert found["turn-costs"]["value"] == 5.0
    turns = one(board, "turn-costs")["rows"]
    assert [(row["turn"], row["calls"], row["cost"]) for row in turns] == [
        ("1", 1, 0.01),
        ("2", 1, 0.01),
        ("5-8", 1, 0.05),
    ]


def test_filters_apply_to_every_number(board: Collector) -> None:
    fill(board)
    staging = ask(board, environment="staging")
    assert (staging["models-called"]["value"], staging["cost"]["value"]) == (1, None)
    assert staging["cost"]["explanation"] == "No call of this period has a known cost."
    assert staging["pending-work"]["value"] is None
    assert staging["agents-running"]["value"] == 1
    mine = ask(board, agent_id="agent-2")
    assert mine["failed-tools"]["value"] is None
    assert mine["work-flowing"]["value"] == staging["work-flowing"]["value"] > 0
    nobody = ask(board, agent_id="nobody")
    assert nobody["agents-running"]["value"] is None
    links = [evidence["link"] for insight in staging.values() for evidence in insight["evidence"]]
    assert links
    assert all("environment=staging" in link or insight_is_production(link) for link in links)


def insight_is_production(link: str) -> bool:
    return "environment=production" in link


def test_parts_and_ranges(board: Collector) -> None:
    fill(board)
    assert {one["group"] for one in ask(board, part="review").values()} == {"review"}
    for name, points in (("1h", 12), ("6h", 7), ("24h", 25), ("7d", 8), ("30d", 31)):
        cost = ask(board, range=name)["cost"]
        assert abs(len(cost["trend"]) - points) <= 1, name
        assert sum(point["value"] or 0 for point in cost["trend"]) == pytest.approx(cost["value"])
    assert ask(board, range="7d")["cost"]["value"] == pytest.approx(0.6)
    assert ask(board, range="7d")["cost"]["previous"] == 0
    assert board.get("/v1/insights", range="2h").status == 400


def test_sums_agree_with_costs_and_metrics(board: Collector) -> None:
    fill(board)
    for name in ("1h", "24h", "7d"):
        found, cost = ask(board, range=name), board.get("/v1/cost", range=name).json
        metrics = board.get("/v1/metrics", range=name).json["summary"]
        assert found["cost"]["value"] == pytest.approx(cost["total_cost"])
        assert found["models-called"]["value"] == cost["call_count"]
        assert found["success-rate"]["value"] == metrics["success_rate"]
        assert sum(row["failed"] for row in one(board, "fails-most", range=name)["rows"]) == metrics["failed"]
        assert found["cost-per-run"]["value"] == pytest.approx(metrics["avg_cost_per_task"])


def test_links_hold_any_id(board: Collector) -> None:
    name = "a/b c?#&<é>"
    board.store(run(name, 0, end="task_failed"), agent_id=name)
    (link,) = [one["link"] for one in one(board, "share")["evidence"]]
    assert link == "#/run/a%2Fb%20c%3F%23%26%3C%C3%A9%3E/r"
    assert (
        one(board, "fails-most")["evidence"][0]["link"]
        == "#/tasks?agent=a%2Fb%20c%3F%23%26%3C%C3%A9%3E&status=failed"
    )


def test_moments_are_those_of_the_clock(board: Collector) -> None:
    answer = board.get("/v1/insights", range="1h").json
    assert answer["since"] <= format_instant(NOW_US - HOUR * 1000)
    assert answer["until"] > format_instant(NOW_US)
