"""Runs with more events than one answer holds: how they began, how they ended, everything that failed, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hiveboard.settings import Limits

from .conftest import Collector, event, kind, running

TASK = {"task_id": "t", "task_run_id": "r"}
BOOM = {"exception_type": "E", "exception_message": "m"}


def steps(first: int, count: int) -> list[dict[str, Any]]:
    return [event("action_started", at, action_id=f"a{at}", **TASK) for at in range(first, first + count)]


@pytest.fixture
def short_answers(tmp_path: Path) -> Iterator[Collector]:
    with running(tmp_path / "s.db", limits=Limits(timeline_events=20)) as collector:
        yield collector


def times(told: dict[str, Any]) -> list[int]:
    return [int(one["timestamp"][-7:-5]) * 1000 + int(one["timestamp"][-4:-1]) for one in told["events"]]


def test_the_beginning_the_end_and_every_failure_between_are_told(short_answers: Collector) -> None:
    failures = [
        event("action_failed", 50, action_id="x", payload=BOOM, **TASK),
        event("retry_started", 51, payload={"summary": "again"}, **TASK),
        event("action_completed", 52, action_id="y", severity="info", payload={"success": False}, **TASK),
        event("action_completed", 53, action_id="z", payload={"success": True, "error": None}, **TASK),
        kind("recovered", 54, data={"attempts": 2}, **TASK),
    ]
    end = event("task_failed", 100, payload=BOOM, **TASK)
    short_answers.store([*steps(0, 50), *failures, *steps(60, 40), end])
    told = short_answers.get("/v1/tasks/t/timeline").json
    assert times(told) == [*range(11), 50, 51, 52, 54, 96, 97, 98, 99, 100]
    assert (told["event_count"], told["events_omitted"], told["events_truncated"]) == (96, 76, True)
    assert (told["omitted_since"], told["omitted_until"]) == (
        "2026-02-02T02:40:00.010Z", "2026-02-02T02:40:00.096Z",
    )  # fmt: skip
    assert [len(chain["chain"]) for chain in told["error_chains"]] == [3, 2]
    assert told["error_chains"][0]["chain"][-1]["event_type"] == "task_failed"
    assert told["time_breakdown"]["is_partial"] is True


def test_more_failures_than_there_is_room_for_leave_the_beginning_and_the_end(
    short_answers: Collector,
) -> None:
    failed = [event("action_failed", at, action_id=f"a{at}", payload=BOOM, **TASK) for at in range(100)]
    short_answers.store(failed)
    assert times(short_answers.get("/v1/tasks/t/timeline").json) == [*range(15), *range(95, 100)]


@pytest.mark.parametrize(("count", "omitted"), [(20, 0), (21, 1)])
def test_nothing_is_left_out_up_to_the_limit(short_answers: Collector, count: int, omitted: int) -> None:
    short_answers.store(steps(0, count))
    told = short_answers.get("/v1/tasks/t/timeline").json
    assert (told["events_omitted"], told["events_truncated"], len(told["events"])) == (
        omitted,
        omitted > 0,
        20,
    )
    assert (told["event_count"], told["action_count"]) == (count, count)
    assert (told["omitted_since"] is None) is (omitted == 0)


def test_events_of_one_moment_and_other_runs_of_the_task_are_kept_apart(short_answers: Collector) -> None:
    same = [event("action_started", 5, action_id=f"a{at}", **TASK) for at in range(30)]
    other = [event("action_failed", 5, task_id="t", task_run_id="other") for _ in range(30)]
    short_answers.store([*same, *other])
    told = short_answers.get("/v1/tasks/t/timeline", task_run_id="r").json
    expected = [one["event_id"] for one in [*same[:15], *same[-5:]]]
    assert [one["event_id"] for one in told["events"]] == expected
    assert told["events_omitted"] == 10
