"""Sessions: runs of one conversation, summed, whatever order their events come in."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hiveboard.verify import verify_store

from .conftest import Collector, event, kind, running
from .listing import pages

BASE = "2026-02-02T02:40:00Z"  # the moment `event(at=0)` is dated


def run(
    number: int, session: str | None, at: int, user: str | None = None, **fields: Any
) -> list[dict[str, Any]]:
    """A finished run with one model call of 0.25 dollars."""
    task = {"task_id": f"t{number}", "task_run_id": "r", **fields}
    said = {"session_id": session, "user_id": user}
    return [
        event("task_started", at, payload={k: v for k, v in said.items() if v is not None}, **task),
        kind("llm_call", at + 1, data={"name": "n", "model": "m", "cost": 0.25, "tokens_in": 10}, **task),
        event("task_completed", at + 5, duration_ms=5, **task),
    ]


def test_runs_of_a_session_are_summed(collector: Collector) -> None:
    open_run = {"task_id": "open", "task_run_id": "r"}
    collector.store(
        [
            *run(1, "chat", 0, "ann"),
            *run(2, "chat", 100, "ann"),
            event("task_started", 200, payload={"session_id": "chat", "user_id": "ann"}, **open_run),
            *run(3, None, 300),
        ]
    )
    collector.store([event("task_failed", 60, task_id="t9", task_run_id="r"), event("task_started", 50, task_id="t9", task_run_id="r", payload={"session_id": "other"})], agent_id="b")  # fmt: skip
    listed = collector.get("/v1/sessions").json["data"]
    assert [row["session_id"] for row in listed] == ["chat", "other"]
    chat, other = listed
    assert (chat["run_count"], chat["open_runs"], chat["runs_completed"], chat["derived_status"]) == (
        3,
        1,
        2,
        "open",
    )
    assert (chat["total_cost"], chat["total_tokens_in"], chat["total_tokens_out"]) == (0.5, 20, None)
    assert (chat["user_id"], chat["agents"], chat["llm_call_count"]) == ("ann", ["agent-1"], 2)
    assert (chat["first_event_at"], chat["last_event_at"]) == (
        "2026-02-02T02:40:00.000Z",
        "2026-02-02T02:40:00.200Z",
    )
    assert (other["derived_status"], other["user_id"], other["total_cost"], other["total_tokens_in"]) == ("failed", None, None, 0)  # fmt: skip
    one = collector.get("/v1/sessions/chat").json
    assert [row["task_id"] for row in one["runs"]] == ["open", "t2", "t1"]
    assert {name: one[name] for name in chat} == chat
    assert collector.get("/v1/sessions/none").json["error"] == "session_not_found"
    assert (
        collector.get("/v1/sessions/detail", session_id="chat", limit=2).json["pagination"]["has_more"]
        is True
    )


def test_filters_choose_the_runs_that_are_counted(collector: Collector) -> None:
    collector.store([*run(1, "s1", 0, "ann", project_id="p"), *run(2, "s1", 50, "bob")])
    collector.store(run(3, "s2", 1000, "Zoë"), agent_id="b", environment="staging")

    def found(**params: Any) -> list[tuple[str, int]]:
        rows = collector.get("/v1/sessions", **params).json["data"]
        return [(row["session_id"], row["run_count"]) for row in rows]

    assert found() == [("s2", 1), ("s1", 2)]
    assert found(user_id="ann") == [("s1", 1)]
    assert found(project_id="p") == [("s1", 1)]
    assert found(agent_id="b") == found(environment="staging") == found(q="zOË") == [("s2", 1)]
    assert found(q="s1") == [("s1", 2)]
    assert found(since="2026-02-02T02:40:00.500Z") == [("s2", 1)]
    assert found(until="2026-02-02T02:40:01Z") == [("s1", 2)]
    assert found(user_id="nobody") == found(project_id="none") == []
    both = collector.get("/v1/sessions/s1").json
    assert (both["users"], both["user_id"], both["projects"]) == (["ann", "bob"], None, ["p"])


@pytest.mark.parametrize("limit", [1, 3, 200])
def test_pages_have_every_session_once(collector: Collector, limit: int) -> None:
    for number in range(0, 20, 5):
        made = []
        for at in range(number, number + 5):
            # Each session has several parts, some as late as those of its neighbour.
            made += run(at * 2, f"s{at % 7}", at * 10 // 3, f"u{at % 3}") + run(
                at * 2 + 1, f"s{at % 7}", at * 10 // 3
            )
        collector.store(made)
    rows = pages(collector, "/v1/sessions", limit=limit)
    assert sorted(row["session_id"] for row in rows) == [f"s{number}" for number in range(7)]
    assert [row["last_event_at"] for row in rows] == sorted(
        (row["last_event_at"] for row in rows), reverse=True
    )
    assert sum(row["run_count"] for row in rows) == 40
    assert len(pages(collector, "/v1/sessions", limit=limit, user_id="u1")) == 7


def test_a_run_that_turns_out_to_be_of_another_session_leaves_the_first(tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    with running(store) as collector:
        collector.store(run(1, "kept", 0, "ann") + run(2, "guess", 500, "ann") + run(3, "kept", 900, "ann"))
        # Earlier starts arrive later and name the session that counts.
        for number, session in ((2, "true"), (3, "true")):
            earlier = event(
                "task_started",
                -100 * number,
                task_id=f"t{number}",
                task_run_id="r",
                payload={"session_id": session},
            )
            collector.store([earlier])
        rows = {row["session_id"]: row for row in collector.get("/v1/sessions").json["data"]}
        assert set(rows) == {"kept", "true"}
        assert (rows["kept"]["run_count"], rows["kept"]["last_event_at"]) == (1, "2026-02-02T02:40:00.005Z")
        assert (rows["true"]["run_count"], rows["true"]["total_cost"], rows["true"]["users"]) == (2, 0.5, [])
    _, reports = verify_store(store, lambda done: None)
    assert {report.table: report.different for report in reports}["session_parts"] == 0


def test_verify_sees_a_session_that_was_changed(tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    with running(store) as collector:
        collector.store(run(1, "s", 0))
    with sqlite3.connect(store) as connection:
        connection.execute("UPDATE session_parts SET failed = failed + 1")
    connection.close()
    _, reports = verify_store(store, lambda done: None)
    assert {report.table: report.different for report in reports}["session_parts"] == 1
