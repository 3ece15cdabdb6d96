"""Frameworks that report from threads of their own: asked to finish before delivery, at the moment of their own clock."""

from __future__ import annotations

from collections.abc import Iterator

import hiveloop
import pytest
from hiveloop import adapters, events
from hiveloop.testing import Captured, capture_events

asked: list[tuple[float, bool]] = []


def late(timeout: float, is_final: bool) -> None:
    asked.append((timeout, is_final))
    hiveloop.agent("late").event("runtime", {"data": {"event": "model_switched"}})


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    asked.clear()
    adapters.add_drain(late)
    adapters.add_drain(late)
    yield
    adapters.remove_drain(late)
    adapters.remove_drain(late)
    hiveloop.reset()


def test_flush_and_the_end_of_a_capture_wait_for_what_is_late() -> None:
    with capture_events() as seen:
        assert hiveloop.flush(timeout=3)
        assert len(seen.kinds("runtime")) == 1
    assert len(seen.kinds("runtime")) == 2
    assert [is_final for _, is_final in asked] == [False, False]
    assert asked[0][0] <= 3


def test_shutdown_says_that_it_is_the_last_time() -> None:
    hiveloop.init(endpoint="http://127.0.0.1:9", flush_interval=3600)
    hiveloop.shutdown(timeout=1)
    assert [is_final for _, is_final in asked] == [True]


def test_a_drain_that_breaks_stops_nobody(hive: Captured) -> None:
    def broken(timeout: float, is_final: bool) -> None:
        raise RuntimeError("broke")

    adapters.remove_drain(late)
    adapters.add_drain(broken)
    adapters.add_drain(late)
    try:
        hiveloop.flush()
    finally:
        adapters.remove_drain(broken)
    assert len(hive.kinds("runtime")) == 1
    assert [str(error) for error in hive.swallowed] == ["broke"]
    hive.forgive()


def test_a_task_begins_and_ends_when_its_framework_says(hive: Captured) -> None:
    began, ended = adapters.format_timestamp(1_700_000_000.25), adapters.format_timestamp(1_700_000_009.5)
    task = adapters.begin_task(hiveloop.agent("a"), "t", timestamp=began)
    task.set_payload({"rows": 3})
    event = events.TaskCompleted(
        status="success", timestamp=ended, duration_ms=9_250, payload={"summary": "done"}
    )
    adapters.end_task(task, event)
    adapters.end_task(task, events.TaskFailed())
    (start,), (end,) = hive.of_type("task_started"), hive.of_type("task_completed", "task_failed")
    assert (
        (start["timestamp"], end["timestamp"])
        == (began, ended)
        == (
            "2023-11-14T22:13:20.250Z",
            "2023-11-14T22:13:29.500Z",
        )
    )
    assert end["duration_ms"] == 9_250
    assert end["payload"] == {"summary": "done", "rows": 3}
    assert not task.is_open


def test_without_a_duration_the_clock_of_the_sdk_is_asked(hive: Captured) -> None:
    task = adapters.begin_task(hiveloop.agent("a"), "t")
    adapters.end_task(task, events.TaskFailed(payload={"exception_type": "Stop"}))
    (end,) = hive.of_type("task_failed")
    assert end["duration_ms"] > 0
    assert end["payload"]["exception_type"] == "Stop"
