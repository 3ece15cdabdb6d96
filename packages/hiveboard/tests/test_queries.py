"""Lists, filters, orders and pages, read back over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hiveboard.settings import Limits

from .conftest import Collector, event, kind, recent, running
from .listing import pages, runs


@pytest.mark.parametrize("sort", ["newest", "oldest", "duration", "cost"])
def test_pages_of_tasks_cover_each_run_once_in_order(collector: Collector, sort: str) -> None:
    collector.store([*runs(40), event("task_started", 99, task_id="open", task_run_id="r")])
    rows = pages(collector, "/v1/tasks", sort=sort, limit=7)
    assert len({row["task_id"] for row in rows}) == len(rows) == 41
    field = {"newest": "started_at", "oldest": "started_at", "duration": "duration_ms", "cost": "total_cost"}[
        sort
    ]
    values = [row[field] for row in rows]
    known = [value for value in values if value is not None]
    assert known == sorted(known, reverse=sort != "oldest")
    assert values[len(known) :] == [None] * (len(values) - len(known))


def test_pages_of_agents_go_on_where_the_last_one_shown_left_the_list(collector: Collector) -> None:
    for number in range(6):
        collector.store(
            [recent("task_started", task_id=f"t{number}", task_run_id="r")], agent_id=f"a{number}"
        )
    asked = {"status": "processing", "sort": "name", "limit": 2}
    first = collector.get("/v1/agents", **asked).json
    assert [row["agent_id"] for row in first["data"]] == ["a0", "a1"]
    collector.store([recent("task_completed", task_id="t1", task_run_id="r")], agent_id="a1")
    second = collector.get("/v1/agents", **asked, cursor=first["pagination"]["cursor"]).json
    assert [row["agent_id"] for row in second["data"]] == ["a2", "a3"]
    collector.store([recent("task_completed", task_id="t3", task_run_id="r")], agent_id="a3")
    third = collector.get("/v1/agents", **asked, cursor=second["pagination"]["cursor"]).json
    assert [row["agent_id"] for row in third["data"]] == ["a4", "a5"]
    assert third["pagination"]["has_more"] is False


def test_a_cursor_is_stable_while_newer_runs_arrive(collector: Collector) -> None:
    collector.store(runs(20))
    first = collector.get("/v1/tasks", limit=10).json
    collector.store(runs(20, first=20))
    second = collector.get("/v1/tasks", limit=10, cursor=first["pagination"]["cursor"]).json
    assert [row["task_id"] for row in first["data"] + second["data"]] == [
        f"t{n:03d}" for n in reversed(range(20))
    ]
    events = collector.get("/v1/events", limit=30).json
    collector.store(runs(5, first=90))
    more = collector.get("/v1/events", limit=30, cursor=events["pagination"]["cursor"]).json
    ids = [row["event_id"] for row in events["data"] + more["data"]]
    assert len(set(ids)) == 60


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"limit": "-1"}, "limit"),
        ({"limit": "201"}, "limit"),
        ({"limit": "ten"}, "limit"),
        ({"limit": "9" * 40}, "limit"),
        ({"sort": "best"}, "sort"),
        ({"status": "lost?"}, "status"),
        ({"since": "yesterday"}, "since"),
        ({"cursor": "abc"}, "cursor"),
        ({"cursor": "W10"}, "cursor"),
        ({"cursor": "é"}, "cursor"),
        ({"agent_id": "x" * 300}, "agent_id"),
    ],
)
def test_a_bad_parameter_is_named_with_the_fix(
    collector: Collector, params: dict[str, str], field: str
) -> None:
    answer = collector.get("/v1/tasks", **params)
    assert answer.status == 400
    assert answer.json["details"]["field"] == field
    assert answer.json["details"]["fix"]


def test_a_cursor_of_another_list_is_refused(collector: Collector) -> None:
    collector.store(runs(5))
    cursor = collector.get("/v1/tasks", limit=2).json["pagination"]["cursor"]
    assert collector.get("/v1/events", cursor=cursor).status == 400
    assert collector.get("/v1/tasks", cursor=cursor, sort="cost").status == 400


def test_event_filters(collector: Collector) -> None:
    collector.store(
        [
            event("heartbeat", 1),
            event("task_started", 2, task_id="t", task_run_id="r1", project_id="p"),
            event("task_failed", 3, task_id="t", task_run_id="r1", project_id="p"),
            event("task_started", 4, task_id="t", task_run_id="r2"),
            kind("llm_call", 5, data={"name": "n", "model": "m"}, task_id="u"),
            kind("todo", 6, data={"todo_id": "x", "action": "failed"}),
            event("retry_started", 7, task_id="u", agent_id="b"),
        ]
    )

    def ats(**params: Any) -> list[int]:
        rows = collector.get("/v1/events", **params).json["data"]
        return [int(row["timestamp"][20:23]) for row in rows]

    assert ats() == [7, 6, 5, 4, 3, 2]
    assert ats(exclude_heartbeats="false") == [7, 6, 5, 4, 3, 2, 1]
    assert ats(event_type="heartbeat", exclude_heartbeats="false") == [1]
    assert ats(event_type="task_started,task_failed") == [4, 3, 2]
    assert ats(event_type="custom") == [6, 5]
    assert ats(payload_kind="todo,llm_call") == [6, 5]
    assert ats(severity="warn,error") == [7, 6, 3]
    assert ats(severity="error") == [3]
    assert ats(severity="info,error") == [5, 4, 3, 2]
    assert ats(event_type="task_failed", severity="warn") == []
    assert ats(project_id="p") == [3, 2]
    assert ats(agent_id="b") == [7]
    assert ats(task_id="t") == [4, 3, 2]
    assert ats(task_id="t", task_run_id="r2") == [4]
    assert ats(task_id="u", agent_id="b") == [7]
    assert ats(task_id="u", payload_kind="llm_call") == [5]
    assert ats(since="2026-02-02T02:40:00.003Z", until="2026-02-02T02:40:00.006Z") == [5, 4, 3]
    assert ats(environment="staging") == []
    assert ats(group="default", limit=2) == [7, 6]


def test_a_filter_that_matches_little_is_paged_within_its_budget(tmp_path: Path) -> None:
    with running(tmp_path / "s.db", limits=Limits(scan_rows=50)) as collector:
        collector.store(
            [
                event("task_started", at, task_id=f"t{at}", project_id="rare" if at in (3, 399) else "p")
                for at in range(400)
            ]
        )
        first = collector.get("/v1/events", project_id="rare", limit=5).json
        assert len(first["data"]) == 1
        assert first["pagination"]["has_more"]
        assert len(pages(collector, "/v1/events", project_id="rare", limit=5)) == 2
        assert len(pages(collector, "/v1/events", severity="info", limit=30)) == 400


def test_task_filters(collector: Collector) -> None:
    collector.store(
        [
            event("task_started", 1, task_id="a", task_run_id="1", project_id="p", task_type="x", payload={"session_id": "s", "user_id": "u"}),
            event("task_completed", 2, task_id="a", task_run_id="1"),
            event("task_started", 3, task_id="a", task_run_id="2"),
            event("task_failed", 4, task_id="a", task_run_id="2", payload={"exception_type": "Oops", "exception_message": "100%_done"}),
            event("task_started", 5, task_id="b"),
            event("approval_requested", 6, task_id="b"),
            event("task_started", 7, task_id="c"),
            event("escalated", 8, task_id="c"),
            event("task_completed", 9, task_id="d", status="cancelled"),
            event("task_started", 10, task_id="e"),
        ]
    )  # fmt: skip

    def found(**params: Any) -> list[tuple[str, str]]:
        return [
            (row["task_id"], row["task_run_id"]) for row in collector.get("/v1/tasks", **params).json["data"]
        ]

    assert found() == [("e", ""), ("d", ""), ("c", ""), ("b", ""), ("a", "2"), ("a", "1")]
    statuses = {
        row["task_id"] + row["task_run_id"]: row["derived_status"]
        for row in collector.get("/v1/tasks").json["data"]
    }
    assert statuses == {
        "a1": "completed",
        "a2": "failed",
        "b": "waiting",
        "c": "escalated",
        "d": "cancelled",
        "e": "processing",
    }
    for status in set(statuses.values()):
        assert {task + run for task, run in found(status=status)} == {
            key for key, value in statuses.items() if value == status
        }
    assert found(status="stuck") == []
    assert (
        found(project_id="p")
        == found(session_id="s")
        == found(user_id="u")
        == found(task_type="x")
        == [("a", "1")]
    )
    assert found(q="oOpS") == found(q="100%_d") == [("a", "2")]
    assert found(q="_") == [("a", "2")]
    assert found(q="nothing") == []
    assert found(since="2026-02-02T02:40:00.005Z", until="2026-02-02T02:40:00.007Z") == [("b", "")]
    assert found(sort="oldest", limit=1) == [("a", "1")]
    timeline = collector.get("/v1/tasks/a/timeline").json
    assert (timeline["task_run_id"], timeline["error"]) == ("2", "Oops: 100%_done")
    assert collector.get("/v1/tasks/a/timeline", task_run_id="1").json["derived_status"] == "completed"
    assert collector.get("/v1/tasks/a/timeline", task_run_id="9").status == 404


def test_the_latest_terminal_event_wins_whatever_comes_first(collector: Collector) -> None:
    collector.store(
        [
            event("task_failed", 9, task_id="t"),
            event("task_completed", 5, task_id="t"),
            event("task_started", 1, task_id="t"),
        ]
    )
    assert collector.get("/v1/tasks").json["data"][0]["derived_status"] == "failed"
    assert collector.get("/v1/metrics", range="30d").json["summary"]["completed"] == 0


def test_a_search_that_matches_little_is_paged_within_its_budget(tmp_path: Path) -> None:
    with running(tmp_path / "s.db", limits=Limits(scan_tasks=20)) as collector:
        collector.store(runs(60))
        first = collector.get("/v1/tasks", q="t003").json
        assert first["data"] == []
        assert first["pagination"]["has_more"]
        assert [row["task_id"] for row in pages(collector, "/v1/tasks", q="t003")] == ["t003"]
        for sort in ("newest", "oldest", "cost", "duration"):
            assert len(pages(collector, "/v1/tasks", task_type="x", sort=sort, limit=7)) == 60


def test_an_error_that_is_only_passed_on_counts_once(collector: Collector) -> None:
    run = {"task_id": "t", "task_run_id": "r"}
    passed_on = {"exception_type": "LedgerError", "error_origin": "tool"}
    collector.store(
        [
            event("task_started", 0, **run),
            event("action_failed", 1, **run, action_id="tool", payload={"exception_type": "LedgerError"}),
            event("action_failed", 2, **run, action_id="node", payload=passed_on),
            event("task_failed", 3, **run, status="failure", payload={"exception_type": "LedgerError"}),
            event("task_failed", 3, task_id="alone", task_run_id="r", status="failure"),
        ]
    )
    counted = {row["task_id"]: row["error_count"] for row in collector.get("/v1/tasks").json["data"]}
    assert counted == {"t": 1, "alone": 1}
