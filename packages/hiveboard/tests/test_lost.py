"""Runs whose process vanished: said to be lost when its lease is over, and no longer at work for anybody who counts."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hiveboard.instant import SECOND_US, format_instant, now_us
from hiveboard.verify import verify_store

from .conftest import LIVE, Answer, Collector, event, kind, running

BEGAN = 1_770_000_000_000_000
TASK = {"task_id": "t", "task_run_id": "r"}
_numbers = itertools.count(1)


class Shifted:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = BEGAN

    def __call__(self) -> int:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += round(seconds * SECOND_US)


@pytest.fixture
def clock() -> Shifted:
    return Shifted()


@pytest.fixture
def collector(tmp_path: Path, clock: Shifted) -> Iterator[Collector]:
    with running(tmp_path / "s.db", clock=clock) as made:
        yield made


def registered(interval: float | None = 30, **data: Any) -> dict[str, Any]:
    data |= {} if interval is None else {"heartbeat_interval": interval}
    return event("agent_registered", payload={"summary": "s", "data": data})


def started(process: str | None = "p1", at: int = 0, **fields: Any) -> dict[str, Any]:
    payload = {} if process is None else {"hiveloop": {"process": process}}
    return event("task_started", at, payload=payload, **(TASK | fields))


def beat(process: str) -> dict[str, Any]:
    return event("heartbeat", payload={"hiveloop": {"process": process, "seq": 1}})


def from_process(
    collector: Collector, process: str, events: list[dict[str, Any]], agent: str = "agent-1"
) -> None:
    """Send as a process says it in the header alone."""
    body = json.dumps({"envelope": {"agent_id": agent}, "events": events}).encode()
    header = f"{process}:{next(_numbers)}"
    answer = collector.request("POST", "/v1/ingest", body, LIVE, X_HiveLoop_Client=header)
    assert answer.status == 200, answer.raw


def run_of(collector: Collector, **params: Any) -> dict[str, Any]:
    (row,) = collector.get("/v1/tasks", **params).json["data"]
    found: dict[str, Any] = row
    return found


def status(collector: Collector) -> str:
    found: str = run_of(collector)["derived_status"]
    return found


def test_a_run_is_lost_when_nothing_came_of_its_process_for_90_seconds(
    collector: Collector, clock: Shifted
) -> None:
    collector.store(
        [
            registered(),
            started(),
            event("action_started", 7, action_id="a", payload={"action_name": "fetch"}, **TASK),
        ]
    )
    clock.wait(90)
    assert status(collector) == "processing"
    clock.wait(0.000_001)
    lost = run_of(collector)
    assert lost["derived_status"] == "lost"
    assert lost["lost_since"] == format_instant(BEGAN)
    assert lost["last_step"] == {
        "name": "fetch", "type": "action_started", "timestamp": format_instant(BEGAN + 7_000),
    }  # fmt: skip
    assert lost["no_progress_seconds"] is None
    assert lost["completed_at"] is None
    assert lost["duration_ms"] is None


@pytest.mark.parametrize(("interval", "lease"), [(5, 90), (30, 90), (60, 180), (None, 90)])
def test_three_beats_are_allowed_to_be_missing(
    collector: Collector, clock: Shifted, interval: float | None, lease: int
) -> None:
    collector.store([registered(interval), started(), beat("p1")])
    clock.wait(lease)
    assert status(collector) == "processing"
    clock.wait(1)
    assert status(collector) == "lost"


@pytest.mark.parametrize(
    "events",
    [
        pytest.param([registered(), started(None)], id="a process nobody named"),
        pytest.param([registered(0), started()], id="heartbeats switched off"),
        pytest.param([started()], id="an agent that never beat"),
        pytest.param([registered(), started(), event("task_completed", 9, **TASK)], id="a run that ended"),
    ],
)
def test_silence_that_says_nothing(
    collector: Collector, clock: Shifted, events: list[dict[str, Any]]
) -> None:
    collector.store(events)
    clock.wait(3_600)
    assert run_of(collector)["lost_since"] is None
    assert collector.get("/v1/tasks", status="lost").json["data"] == []


@pytest.mark.parametrize("told", ["beat", "header", "beat of another agent", "event of the run"])
def test_whatever_names_the_process_is_heard(collector: Collector, clock: Shifted, told: str) -> None:
    collector.store([registered(), started()])
    clock.wait(80)
    if told == "beat":
        collector.store([beat("p1")])
    elif told == "header":
        from_process(collector, "p1", [event("custom")])
    elif told == "beat of another agent":
        collector.store([beat("p1")], agent_id="agent-2")
    else:
        collector.store([event("action_started", **TASK)])
    clock.wait(80)
    assert status(collector) == "processing"
    collector.store([beat("p2")])
    clock.wait(11)
    assert status(collector) == "lost"


def test_a_process_that_speaks_again_has_its_run_back(collector: Collector, clock: Shifted) -> None:
    collector.store([registered(), started()])
    clock.wait(100)
    assert status(collector) == "lost"
    collector.store([beat("p1")])
    assert status(collector) == "processing"
    assert run_of(collector)["lost_since"] is None


def test_an_end_that_comes_late_is_an_end(collector: Collector, clock: Shifted) -> None:
    collector.store([registered(), started()])
    clock.wait(100)
    collector.store([event("task_completed", 9, **TASK)])
    assert status(collector) == "completed"


def test_a_run_that_was_resumed_elsewhere_lives_with_its_new_process(
    collector: Collector, clock: Shifted
) -> None:
    from_process(collector, "p1", [registered(), started()])
    clock.wait(100)
    from_process(collector, "p2", [event("action_started", 9, action_id="a", **TASK)])
    for _ in range(3):
        clock.wait(80)
        from_process(collector, "p2", [beat("p2")])
        assert status(collector) == "processing"
    clock.wait(91)
    assert status(collector) == "lost"


def test_a_child_that_leaves_does_not_take_the_run_of_its_parent_along(
    collector: Collector, clock: Shifted
) -> None:
    from_process(collector, "parent", [registered(), started("parent")])
    from_process(collector, "child", [event("action_started", 9, action_id="a", **TASK)])
    for _ in range(3):
        clock.wait(80)
        from_process(collector, "parent", [beat("parent")])
    assert status(collector) == "processing"


def test_an_agent_that_stopped_leaves_its_open_run_lost(collector: Collector, clock: Shifted) -> None:
    from_process(
        collector, "p1", [registered(), started(), kind("runtime", 5, data={"event": "agent_stopped"})]
    )
    assert status(collector) == "processing", "the lease of its process runs from what it said last"
    clock.wait(91)
    assert status(collector) == "lost"
    assert collector.get("/v1/agents/agent-1").json["derived_status"] == "offline"


def test_open_actions_of_a_lost_run_do_not_run_for_ever(collector: Collector, clock: Shifted) -> None:
    collector.store(
        [
            registered(),
            started(),
            event("action_started", 1, action_id="a", **TASK),
            event("action_started", 2, action_id="b", parent_action_id="a", **TASK),
            event("action_completed", 3, action_id="b", parent_action_id="a", **TASK),
        ]
    )
    timeline = collector.get("/v1/tasks/t/timeline").json
    assert timeline["action_tree"][0]["status"] == "running"
    clock.wait(600)
    timeline = collector.get("/v1/tasks/t/timeline").json
    (outer,) = timeline["action_tree"]
    assert (timeline["derived_status"], outer["status"], outer["children"][0]["status"]) == (
        "lost", "lost", "success",
    )  # fmt: skip
    split = timeline["time_breakdown"]
    assert sum(split[part] or 0 for part in ("llm_ms", "tool_ms", "waiting_ms", "other_ms")) <= 10
    clock.wait(1)
    assert collector.get("/v1/tasks/t/timeline").json["time_breakdown"] == split


def test_nobody_counts_a_lost_run_as_work(collector: Collector, clock: Shifted) -> None:
    collector.store([registered(stuck_threshold=86_400), started()])
    collector.store(
        [registered(stuck_threshold=86_400), started("p2", task_id="t2", agent_id="agent-2")],
        agent_id="agent-2",
    )
    clock.wait(60)
    collector.store([beat("p2")], agent_id="agent-2")
    clock.wait(60)

    def asked(name: str) -> list[str]:
        return [row["task_id"] for row in collector.get("/v1/tasks", status=name).json["data"]]

    assert {name: asked(name) for name in ("lost", "processing", "waiting", "stuck", "escalated")} == {
        "lost": ["t"], "processing": ["t2"], "waiting": [], "stuck": [], "escalated": [],
    }  # fmt: skip
    agent = collector.get("/v1/agents/agent-1").json
    assert (agent["derived_status"], agent["current_task_id"], agent["open_tasks"]) == ("idle", None, 0)
    assert collector.get("/v1/agents/agent-2").json["derived_status"] == "processing"
    summary = collector.get("/v1/metrics", range="1h").json["summary"]
    assert (summary["lost"], summary["open_tasks"], summary["processing"], summary["total_tasks"]) == (
        1,
        1,
        1,
        2,
    )
    clock.wait(7_200)
    collector.store([beat("p2")], agent_id="agent-2")
    summary = collector.get("/v1/metrics", range="1h").json["summary"]
    assert (summary["lost"], summary["total_tasks"]) == (0, 1), "it was lost before this hour"


def test_what_a_lost_run_asked_waits_no_longer(collector: Collector, clock: Shifted) -> None:
    asked = event("approval_requested", 3, payload={"summary": "?", "data": {"approval_id": "a1"}}, **TASK)
    collector.store([registered(stuck_threshold=86_400), started(), asked])
    clock.wait(60)
    assert status(collector) == "waiting"
    assert collector.get("/v1/pipeline").json["totals"]["pending_approvals"] == 1
    clock.wait(60)
    assert status(collector) == "lost"
    assert collector.get("/v1/agents/agent-1").json["derived_status"] == "idle"
    for path in ("/v1/agents/agent-1/pipeline", "/v1/pipeline"):
        pipeline = collector.get(path).json
        assert pipeline["approvals"] == []
        assert [
            (one["approval_id"], one["status"], one["expired_at"]) for one in pipeline["expired_approvals"]
        ] == [("a1", "lost", format_instant(BEGAN))]
    collector.store([beat("p1")])
    assert status(collector) == "waiting"


def test_a_request_without_a_run_still_waits(collector: Collector, clock: Shifted) -> None:
    collector.store([registered(stuck_threshold=86_400), started(), event("approval_requested", 3)])
    clock.wait(600)
    assert collector.get("/v1/agents/agent-1").json["derived_status"] == "waiting_approval"
    assert status(collector) == "lost"


@pytest.mark.parametrize("header", ["", ":", "no number", "p1", ":7", "ä:1", "p" * 5_000 + ":1", "a:b:3"])
def test_no_header_costs_a_batch(collector: Collector, header: str) -> None:
    body = json.dumps({"envelope": {"agent_id": "a"}, "events": [started("x"), beat("y" * 9_000)]}).encode()
    answer: Answer = collector.request("POST", "/v1/ingest", body, LIVE, X_HiveLoop_Client=header)
    assert answer.json["accepted"] == 2


@pytest.mark.parametrize("named", [7, None, [], {}, {"process": []}, {"process": ""}, {"process": {}}, "p1"])
def test_a_process_that_is_no_name_is_none(collector: Collector, clock: Shifted, named: Any) -> None:
    start = event("task_started", payload={"hiveloop": named}, **TASK)
    collector.store([registered(), start, event("heartbeat", payload={"hiveloop": named})])
    clock.wait(600)
    assert status(collector) == "stuck"


def test_processes_are_recounted(tmp_path: Path, clock: Shifted) -> None:
    with running(tmp_path / "s.db", clock=clock) as collector:
        from_process(collector, "p1", [registered(), started()])
        clock.wait(5)
        from_process(collector, "p2", [event("action_started", 1, **TASK), beat("p3")])
    _, reports = verify_store(tmp_path / "s.db", lambda done: None)
    assert [report.table for report in reports if report.different] == []
    assert {report.table: report.stored for report in reports}["processes"] == 3


CHILD = """
import sys, threading
import hiveloop
hiveloop.init(endpoint=sys.argv[1], api_key="hb_live_one")
agent = hiveloop.agent("worker", heartbeat_interval=30)
with agent.task("job", project="p"), agent.track_context("download"):
    hiveloop.flush(20)
    print("at work", flush=True)
    threading.Event().wait()
"""


def until(found: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not found():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_process_that_was_killed_leaves_a_lost_run_with_its_last_step(tmp_path: Path) -> None:
    ahead = [0]
    with running(tmp_path / "s.db", clock=lambda: now_us() + ahead[0]) as collector:
        child = subprocess.Popen([sys.executable, "-c", CHILD, collector.url], stdout=subprocess.PIPE)
        assert child.stdout is not None
        try:
            assert child.stdout.readline() == b"at work\n"
            until(lambda: len(collector.get("/v1/agents/worker").json["heartbeat_history"]) > 0)
        finally:
            child.kill()
            child.communicate()
        assert run_of(collector)["derived_status"] == "processing"
        assert collector.get("/v1/agents/worker").json["derived_status"] == "processing"
        ahead[0] = 100 * SECOND_US
        lost = run_of(collector, status="lost")
        assert lost["task_id"] == "job"
        assert (lost["last_step"]["name"], lost["last_step"]["type"]) == ("download", "action_started")
        timeline = collector.get("/v1/tasks/job/timeline").json
        assert timeline["action_tree"][0]["status"] == "lost"
        assert timeline["lost_since"] == lost["lost_since"]
        assert collector.get("/v1/agents/worker").json["derived_status"] == "idle"
    _, reports = verify_store(tmp_path / "s.db", lambda done: None)
    assert [report.table for report in reports if report.different] == []


def test_a_session_whose_runs_are_lost_is_not_open(collector: Collector, clock: Shifted) -> None:
    said = {"session_id": "chat", "hiveloop": {"process": "p1"}}
    collector.store([registered(), event("task_started", payload=said, **TASK)])

    def session() -> tuple[str, int, int]:
        row = collector.get("/v1/sessions").json["data"][0]
        alone = collector.get("/v1/sessions/chat").json
        assert {name: alone[name] for name in row} == row
        return row["derived_status"], row["open_runs"], row["lost_runs"]

    assert session() == ("open", 1, 0)
    clock.wait(91)
    assert session() == ("lost", 0, 1)
    from_process(collector, "p1", [event("custom", 9)])
    assert session() == ("open", 1, 0)
