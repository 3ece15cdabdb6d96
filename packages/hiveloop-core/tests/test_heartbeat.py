"""Heartbeats: what they say, and that no callback of the program can hold up anybody's."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import Any

import hiveloop
import pytest
from hiveloop import HiveLoopConfigError, Intervention, _safety

from .fault_sink import FaultSink
from .test_faults import emit, warnings

QUICK = 0.03


@pytest.fixture
def hb(sink: FaultSink) -> hiveloop.HiveBoard:
    return hiveloop.init(endpoint=sink.endpoint, flush_interval=0.02)


def beats(sink: FaultSink, agent_id: str) -> list[dict[str, Any]]:
    return [event["payload"] for event in sink.of_type("heartbeat") if event["agent_id"] == agent_id]


def test_a_heartbeat_says_who_how_much_and_how_far(sink: FaultSink, hb: hiveloop.HiveBoard) -> None:
    agent = hb.agent("a", heartbeat_interval=QUICK, heartbeat_payload=lambda: {"kpi": 7, "hiveloop": "mine"})
    with agent.task("t-1", task_run_id="run-1"):
        assert sink.wait_until(lambda s: len(beats(s, "a")) >= 3)
    assert hb.flush(20)
    assert sink.wait_until(lambda s: beats(s, "a")[-1]["hiveloop"]["open_tasks"] == [])
    first, second, third, *_ = beats(sink, "a")
    assert {payload["kpi"] for payload in (first, second, third)} == {7}
    signs = first["hiveloop"]
    assert set(signs) == {"process", "seq", "emitted", "pending", "dropped", "open_tasks", "last_progress"}
    assert [payload["hiveloop"]["seq"] for payload in (first, second, third)] == [1, 2, 3]
    assert signs["open_tasks"] == ["t-1/run-1"]
    assert signs["dropped"] == {}
    assert 2 <= signs["emitted"] < second["hiveloop"]["emitted"] < third["hiveloop"]["emitted"]
    assert 0 <= signs["pending"] <= signs["emitted"]
    assert signs["last_progress"] == sink.of_type("task_started")[0]["timestamp"]
    process = sink.requests[0].headers["x-hiveloop-client"].split(":")[0]
    assert {payload["hiveloop"]["process"] for payload in beats(sink, "a")} == {process}


def test_interval_0_never_beats_and_an_interval_can_be_changed(
    sink: FaultSink, hb: hiveloop.HiveBoard
) -> None:
    hb.agent("silent", heartbeat_interval=0)
    hb.agent("changing", heartbeat_interval=3600)
    hb.agent("steady", heartbeat_interval=QUICK)
    assert sink.wait_until(lambda s: len(beats(s, "steady")) >= 3)
    assert beats(sink, "silent") == beats(sink, "changing") == []
    hb.agent("changing", heartbeat_interval=QUICK)
    assert sink.wait_until(lambda s: len(beats(s, "changing")) >= 2)
    hb.agent("changing", heartbeat_interval=0)
    assert hb.flush(20)
    had = len(beats(sink, "changing"))
    before = len(beats(sink, "steady"))
    assert sink.wait_until(lambda s: len(beats(s, "steady")) >= before + 4)
    assert len(beats(sink, "changing")) <= had + 1, "one may have been under way"


@pytest.mark.parametrize("interval", [math.inf, 1e300, math.nan, -1, 10**400, "soon", None, object()])
def test_an_odd_interval_does_not_end_the_beats_of_others(
    sink: FaultSink, hb: hiveloop.HiveBoard, monkeypatch: pytest.MonkeyPatch, interval: object
) -> None:
    monkeypatch.setattr("hiveloop._heartbeat.FIRST_BEAT_SECONDS", QUICK)
    hb.agent("odd", heartbeat_interval=interval)  # type: ignore[arg-type]
    emit(hb.agent("odd"), 1)
    hb.agent("steady", heartbeat_interval=QUICK)
    assert sink.wait_until(lambda s: len(beats(s, "steady")) >= 5)
    assert sink.kinds("step")
    assert len(beats(sink, "odd")) <= 1


def boom() -> dict[str, Any]:
    raise RuntimeError("callback")


def misuse() -> dict[str, Any]:
    raise HiveLoopConfigError("callback")


def intervene() -> dict[str, Any]:
    raise Intervention("callback")


def leave() -> None:
    # Once, lest it hits the next test: pytest notes the end of a thread when it comes round to it.
    if not leave.__dict__.setdefault("has", False):
        leave.__dict__["has"] = True
        raise SystemExit


_ends_its_thread = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


@pytest.mark.parametrize(
    "callback",
    [
        boom,
        misuse,
        intervene,
        pytest.param(leave, marks=_ends_its_thread),
        lambda: 5,
        lambda: [1],
        lambda: object(),
    ],
)
@pytest.mark.parametrize("which", ["heartbeat_payload", "queue_provider"])
def test_a_callback_that_misbehaves_costs_only_its_part(
    sink: FaultSink,
    hb: hiveloop.HiveBoard,
    caplog: pytest.LogCaptureFixture,
    callback: Callable[[], Any],
    which: str,
) -> None:
    leave.__dict__.clear()
    hb.agent("a", heartbeat_interval=QUICK, **{which: callback})  # type: ignore[arg-type]
    hb.agent("b", heartbeat_interval=QUICK)
    assert sink.wait_until(lambda s: len(beats(s, "a")) >= 3 and len(beats(s, "b")) >= 3)
    assert set(beats(sink, "a")[0]) == {"hiveloop"}
    assert sink.kinds("queue_snapshot") == []
    # Of this callback: a thread of the test before may say its own only now.
    assert len([said for said in warnings(caplog) if which in said]) <= 1


@pytest.mark.parametrize("which", ["heartbeat_payload", "queue_provider"])
def test_a_hanging_callback_delays_nobody(
    sink: FaultSink, hb: hiveloop.HiveBoard, which: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hiveloop._heartbeat.CALLBACK_SECONDS", 0.3)
    release = threading.Event()
    calls: list[int] = []

    def hang() -> dict[str, Any]:
        calls.append(1)
        release.wait(60)
        return {"depth": 1}

    try:
        hb.agent("hanging", heartbeat_interval=QUICK, **{which: hang})  # type: ignore[arg-type]
        hb.agent("other", heartbeat_interval=QUICK)
        started = time.monotonic()
        assert sink.wait_until(lambda s: len(beats(s, "other")) >= 3)
        quick = time.monotonic() - started
        assert sink.wait_until(lambda s: len(beats(s, "hanging")) >= 4)
        assert sink.wait_until(lambda s: beats(s, "hanging")[-1]["hiveloop"].get("late_callbacks", 0) >= 2)
        assert len(calls) == 1, "not called again while it runs"
        assert _safety.swallowed[f"{which}: TimeoutError"] == 1
        assert quick < 10
        before = len(sink.requests)
    finally:
        release.set()
    assert sink.wait_until(lambda s: len(s.requests) > before)
    if which == "queue_provider":
        assert sink.wait_until(lambda s: s.kinds("queue_snapshot"))


def test_many_slow_callbacks_do_not_add_up(
    sink: FaultSink, hb: hiveloop.HiveBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thirty agents whose callbacks take 0.2 s each: one after the other that is a beat in six seconds."""

    def slow() -> dict[str, Any]:
        time.sleep(0.2)
        return {"slow": True}

    for number in range(30):
        hb.agent(f"slow-{number}", heartbeat_interval=0.3, heartbeat_payload=slow)
    started = time.monotonic()
    assert sink.wait_until(lambda s: all(beats(s, f"slow-{number}") for number in range(30)))
    assert time.monotonic() - started < 5
    assert all(payload["slow"] for payload in beats(sink, "slow-0"))


def test_a_queue_provider_becomes_a_snapshot_a_beat(sink: FaultSink, hb: hiveloop.HiveBoard) -> None:
    depth = iter(range(5, 1_000))
    hb.agent(
        "a",
        heartbeat_interval=QUICK,
        queue_provider=lambda: {"depth": next(depth), "oldest_age_seconds": 9, "items": [{"id": 1}]},
    )
    assert sink.wait_until(lambda s: len(s.kinds("queue_snapshot")) >= 3)
    snapshot = sink.kinds("queue_snapshot")[0]
    assert snapshot["payload"]["data"] == {"depth": 5, "oldest_age_seconds": 9, "items": [{"id": 1}]}
    assert snapshot["payload"]["summary"] == "Queue: 5 items, oldest 9s"


def test_a_huge_callback_result_does_not_push_our_part_out(sink: FaultSink, hb: hiveloop.HiveBoard) -> None:
    hb.agent(
        "a",
        heartbeat_interval=QUICK,
        heartbeat_payload=lambda: {f"key-{number}": "x" * 1_000 for number in range(2_000)},
    )
    assert sink.wait_until(lambda s: beats(s, "a"))
    assert beats(sink, "a")[0]["hiveloop"]["seq"] == 1


def test_beats_go_on_after_a_second_init_and_end_with_shutdown(
    sink: FaultSink, hb: hiveloop.HiveBoard
) -> None:
    agent = hb.agent("a", heartbeat_interval=QUICK)
    assert sink.wait_until(lambda s: beats(s, "a"))
    hiveloop.shutdown(20)
    had = len(beats(sink, "a"))
    assert not sink.wait_until(lambda s: len(beats(s, "a")) > had, timeout=0.2)
    hiveloop.init(endpoint=sink.endpoint, flush_interval=0.02)
    emit(agent, 1)
    assert sink.wait_until(lambda s: len(beats(s, "a")) > had)


def test_a_handle_that_outlives_a_reset_beats_anew(sink: FaultSink, hb: hiveloop.HiveBoard) -> None:
    held = hb.agent("held", heartbeat_interval=QUICK)
    held.start_task("left open")
    assert sink.wait_until(lambda s: len(beats(s, "held")) >= 2)
    hiveloop.reset()
    assert held.open_tasks == {}
    again = hiveloop.init(api_key="hb_live_x", endpoint=sink.endpoint)
    before = len(beats(sink, "held"))
    assert again.agent("held", heartbeat_interval=QUICK) is held
    assert sink.wait_until(lambda s: len(beats(s, "held")) > before)
    assert beats(sink, "held")[before]["hiveloop"]["seq"] == 1
