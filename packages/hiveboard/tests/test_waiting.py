"""Waiting for people: what keeps an agent waiting, what became of a request, and how long a run waited."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hiveboard.instant import SECOND_US, format_instant, parse_instant
from hiveboard.projections.time_breakdown import Stretch, time_breakdown

from .conftest import Collector, event, kind, recent, running
from .told import NOW, done, llm, start, told

TASK = {"task_id": "t", "task_run_id": "r"}
ASKED = event("approval_requested", 10, payload={"summary": "ok?", "data": {"approval_id": "a1"}}, **TASK)
ENDED = event("task_completed", 20, **TASK)
STARTED = event("task_started", 0, **TASK)


def status(collector: Collector) -> tuple[str, str]:
    task = collector.get("/v1/tasks").json["data"][0]
    return collector.get("/v1/agents/agent-1").json["derived_status"], task["derived_status"]


@pytest.mark.parametrize(
    "order", [[STARTED, ASKED, ENDED], [ENDED, ASKED, STARTED], [ASKED, ENDED], [ENDED, STARTED, ASKED]]
)
def test_a_request_of_an_ended_run_expires_with_it(collector: Collector, order: list[dict[str, Any]]) -> None:
    for one in order:
        collector.store([one])
    assert collector.get("/v1/agents/agent-1").json["derived_status"] == "idle"
    for path in ("/v1/agents/agent-1/pipeline", "/v1/pipeline"):
        pipeline = collector.get(path).json
        assert pipeline["approvals"] == []
        assert [
            (one["approval_id"], one["status"], one["expired_at"]) for one in pipeline["expired_approvals"]
        ] == [("a1", "expired", ENDED["timestamp"])]
    assert collector.get("/v1/pipeline").json["totals"]["pending_approvals"] == 0


def test_an_answer_after_the_end_is_still_an_answer(collector: Collector) -> None:
    answer = event(
        "approval_received", 30, payload={"data": {"approval_id": "a1", "decision": "approved"}}, **TASK
    )
    collector.store([STARTED, ASKED, ENDED, answer])
    assert collector.get("/v1/pipeline").json["expired_approvals"] == []


def test_a_run_that_goes_on_waits(collector: Collector) -> None:
    collector.store([STARTED, ASKED])
    assert status(collector) == ("waiting_approval", "waiting")
    asked = collector.get("/v1/pipeline").json["approvals"]
    assert [(one["status"], one["expired_at"]) for one in asked] == [("pending", None)]


def test_a_request_made_after_the_end_of_its_run_waits(collector: Collector) -> None:
    collector.store([STARTED, ENDED, event("approval_requested", 30, **TASK)])
    assert collector.get("/v1/agents/agent-1").json["derived_status"] == "waiting_approval"
    collector.store([event("task_completed", 40, **TASK)])
    assert collector.get("/v1/agents/agent-1").json["derived_status"] == "idle"


# --- where the time went


def asked(at: int, name: str | None = None) -> dict[str, Any]:
    return {
        "at": at,
        "type": "approval_requested",
        "payload": {"summary": "?", "data": {"approval_id": name}},
    }


def answered(at: int, name: str | None = None) -> dict[str, Any]:
    return {"at": at, "type": "approval_received", "payload": {"summary": "!", "data": {"approval_id": name}}}


@pytest.mark.parametrize(
    ("events", "open_run", "expected"),
    [
        pytest.param([asked(20), answered(70)], False, (0, 0, 50, 50), id="answered"),
        pytest.param([asked(20)], True, (0, 0, 80, 20), id="still awaited"),
        pytest.param([asked(20)], False, (0, 0, 80, 20), id="never answered"),
        pytest.param(
            [asked(0, "a"), asked(10, "b"), answered(40, "a"), answered(60, "b")], False, (0, 0, 60, 40), id="two at once"
        ),
        pytest.param([asked(20), llm(60, 20), answered(70)], False, (20, 0, 30, 50), id="a call meanwhile"),
        pytest.param(
            [start("t", 10, kind="tool"), asked(20), answered(70), done("t", 80, ms=70)],
            False, (0, 20, 50, 30), id="the tool that asked",
        ),
        pytest.param(
            [asked(20), start("t", 30, kind="tool"), done("t", 50, ms=20), answered(70)],
            False, (0, 20, 30, 50), id="a tool that began meanwhile",
        ),
        pytest.param([answered(50)], False, (0, 0, 0, 100), id="an answer to nothing"),
    ],
)  # fmt: skip
def test_waiting_is_a_part_of_its_own(
    events: list[dict[str, Any]], open_run: bool, expected: tuple[int, int, int, int]
) -> None:
    split = time_breakdown(told(*events), Stretch(NOW, NOW + 100_000, open_run))
    assert (split.llm_ms, split.tool_ms, split.waiting_ms, split.other_ms) == expected


@pytest.mark.parametrize(
    ("calls", "llm_ms", "untimed"),
    [([], 0, 0), ([None], None, 1), ([0], 0, 0), ([None, 30], 30, 1), ([None, None], None, 2)],
)
def test_the_time_of_calls_that_did_not_tell_it_is_unknown(
    calls: list[int | None], llm_ms: int | None, untimed: int
) -> None:
    events = [
        {"at": 50, "payload": {"kind": "llm_call"}, **({} if ms is None else {"ms": ms})} for ms in calls
    ]
    split = time_breakdown(told(*events), Stretch(NOW, NOW + 100_000, is_open=False))
    assert (split.llm_ms, split.untimed_llm_calls) == (llm_ms, untimed)
    assert (split.llm_ms or 0) + split.other_ms == 100


def test_an_open_run_lasts_until_now(tmp_path: Path) -> None:
    began = parse_instant(STARTED["timestamp"]) or 0
    with running(tmp_path / "s.db", clock=lambda: began + 600 * SECOND_US) as collector:
        call = kind("llm_call", 10_000, data={"name": "n", "model": "m", "duration_ms": 5_000}, **TASK)
        collector.store([STARTED, call, event("approval_requested", 10_000, **TASK)])
        split = collector.get("/v1/tasks/t/timeline").json["time_breakdown"]
    assert (split["llm_ms"], split["waiting_ms"], split["other_ms"]) == (5_000, 590_000, 5_000)


# --- whether it is there


def test_an_agent_that_stopped_by_a_wrong_clock_is_there_again_when_it_speaks(collector: Collector) -> None:
    stopped = kind("runtime", data={"event": "agent_stopped"})
    in_an_hour = {
        "timestamp": format_instant((parse_instant(recent()["timestamp"]) or 0) + 3_600 * SECOND_US)
    }
    collector.store([recent("task_started", **TASK), stopped | in_an_hour])
    assert collector.get("/v1/agents/agent-1").json["derived_status"] == "offline"
    collector.store([recent("heartbeat")])
    assert collector.get("/v1/agents/agent-1").json["derived_status"] == "processing"
    collector.store([kind("runtime", data={"event": "agent_stopped"})])
    assert collector.get("/v1/agents/agent-1").json["derived_status"] == "offline", (
        "its clock is years behind"
    )


def test_a_step_that_completed_without_success_is_an_error(collector: Collector) -> None:
    ends = [
        {"success": False, "error": "boom"},
        {"error": "boom"},
        {"success": True, "error": None},
        {"success": False, "error_origin": "below"},
    ]
    steps = [
        event("action_completed", at, action_id=f"a{at}", payload=body, **TASK)
        for at, body in enumerate(ends)
    ]
    collector.store([STARTED, *steps, ENDED])
    assert collector.get("/v1/tasks").json["data"][0]["error_count"] == 2
