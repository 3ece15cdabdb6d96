"""Detectors under hostile conditions: odd payloads, runs without end, forks, threads, captures, callables that fail."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Generator
from typing import Any

import hiveloop
import pytest
from hiveloop.adapters import gate
from hiveloop.detectors import (
    BudgetExceeded,
    BudgetGuard,
    CycleDetector,
    Detector,
    ErrorBurstDetector,
    Finding,
    PromptBloatDetector,
    RetryStormDetector,
    SilentDropDetector,
    StateDriftDetector,
    StuckDetector,
    TokenWasteDetector,
)
from hiveloop.detectors._roles import shares_of
from hiveloop.events import ActionStarted, Custom, TaskCompleted
from hiveloop.payloads import Anomaly, LlmCall, LlmCallData
from hiveloop.testing import Captured, capture_events


def anomalies(seen: Captured) -> list[dict[str, Any]]:
    return [event["payload"]["data"] for event in seen.kinds("anomaly")]


def call(task: hiveloop.Task, tool: str = "search", **arguments: Any) -> str | None:
    return gate(task, "tool", tool, arguments or {"q": 1})


def wait_for(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


# -- payloads --


def test_prompts_that_hold_themselves_are_measured_in_bounded_time() -> None:
    endless: list[Any] = []
    endless.append(endless)
    wide: Any = ["word"] * 1_000
    for _ in range(6):
        wide = [wide] * 1_000
    deep: dict[str, Any] = {"role": "user", "content": endless}
    deep["content"].append(deep)
    started = time.process_time()
    assert shares_of({"messages": endless}) is None
    shares_of({"messages": [deep, {"role": "tool", "content": wide}]})
    assert time.process_time() - started < 2


def test_a_message_whose_properties_raise_costs_its_measure_only(hive: Any) -> None:
    class Hostile:
        @property
        def content(self) -> str:
            raise RuntimeError("no")

    with capture_events(detectors=[PromptBloatDetector()]) as seen:
        with hiveloop.agent("a").task("t") as task:
            gate(task, "llm", "turn", {"messages": [Hostile()]})
            task.llm_call("turn", "m", tokens_in=5)
    hive.forgive()
    assert len(seen.kinds("llm_call")) == 1


@pytest.mark.parametrize("cost", [float("nan"), float("inf"), -5.0, "much", True])
def test_what_is_no_figure_spoils_no_budget(cost: Any) -> None:
    loose = {"kind": "llm_call", "data": {"name": "turn", "cost": cost, "tokens_in": 10}}
    with capture_events(detectors=[BudgetGuard(usd=1.0)]):
        with pytest.raises(BudgetExceeded), hiveloop.agent("a").task("t") as task:
            task.event("custom", loose)
            if not isinstance(cost, str):
                task.emit(Custom(payload=LlmCall(data=LlmCallData(name="turn", cost=cost))))
            task.llm_call("turn", "m", cost=0.6)
            task.llm_call("turn", "m", cost=0.6)


def test_a_budget_may_be_spent_to_the_last_cent() -> None:
    made = 0
    with capture_events(detectors=[BudgetGuard(usd=0.3)]):
        with hiveloop.agent("a").task("t") as task:
            for _ in range(3):  # 0.1 three times is more than 0.3 in binary fractions
                gate(task, "llm", "turn", {})
                task.llm_call("turn", "m", cost=0.1)
                made += 1
            with pytest.raises(BudgetExceeded):
                gate(task, "llm", "turn", {})
    assert made == 3


def test_arguments_json_cannot_hold_are_compared_all_the_same(hive: Any) -> None:
    endless: dict[str, Any] = {}
    endless["again"] = endless
    for arguments in ({"n": 2**70}, endless, {"s": "\ud800"}, {1: 2, "a": {1, 2}}, {"f": float("nan")}):
        with capture_events(detectors=[CycleDetector()]) as seen:
            with hiveloop.agent("a").task("t") as task:
                for _ in range(3):
                    gate(task, "tool", "search", arguments)
        assert len(anomalies(seen)) == 1, arguments


class Liar:
    """Says it is of another class, or fails when asked."""

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        raise RuntimeError("who asks")


def test_values_that_lie_about_their_class_cost_no_event() -> None:
    detectors = [
        CycleDetector(),
        TokenWasteDetector(),
        ErrorBurstDetector(),
        StateDriftDetector(),
        SilentDropDetector(),
    ]
    with capture_events(detectors=detectors) as seen:
        agent = hiveloop.agent("a")
        with agent.task("t") as task:
            task.event("custom", {"kind": "llm_call", "data": {"cost": Liar(), "model": Liar()}})
            task.event("custom", {"kind": "state_mutation", "data": {"changes": {"k": Liar(), 3: {}}}})
            task.event("custom", {"kind": "queue_snapshot", "data": {"depth": -4, "items": [Liar()]}})
            task.event("action_failed", {"exception_type": "E" * 100_000})
            agent.event("custom", {"kind": "queue_snapshot", "data": {"depth": 1, "items": [{"id": Liar()}]}})
    assert len(seen.of_type("custom", "action_failed")) == 5


# -- what a finding comes to --


def test_advice_found_before_a_model_call_waits_for_the_next_tool() -> None:
    with capture_events(detectors=[BudgetGuard(calls=1, on_detect="nudge")]):
        with hiveloop.agent("a").task("t") as task:
            assert gate(task, "llm", "turn", {}) is None
            task.llm_call("turn", "m")
            assert gate(task, "llm", "turn", {}) is None
            with hiveloop.agent("a").track_context("a step that reads no text"):
                pass
            assert "budget" in str(call(task))
            assert call(task) is None


def test_advice_does_not_take_the_place_of_a_stop() -> None:
    nudge = RetryStormDetector(threshold=2, on_detect="nudge")
    stop = RetryStormDetector(threshold=2, on_detect="raise")
    for detectors in ([nudge, stop], [stop, nudge]):
        with capture_events(detectors=detectors):
            with hiveloop.agent("a").task() as task:
                task.retry("again", attempt=1)
                task.retry("again", attempt=2)
                with pytest.raises(hiveloop.Intervention):
                    call(task)


def test_what_a_run_that_ended_was_to_be_told_is_forgotten() -> None:
    with capture_events(detectors=[RetryStormDetector(threshold=1, on_detect="raise")]) as seen:
        agent = hiveloop.agent("a")
        task = agent.start_task("t")
        task.retry("again", attempt=1)
        task.complete()
        with agent.task("t") as again:
            call(again)
    assert len(anomalies(seen)) == 1


def test_a_callable_is_called_at_once_and_its_stop_comes_at_the_next_call() -> None:
    got: list[Finding] = []

    def decide(finding: Finding) -> None:
        got.append(finding)
        raise hiveloop.Intervention("enough")

    with capture_events(detectors=[RetryStormDetector(threshold=1, on_detect=decide)]):
        with hiveloop.agent("a").task("t") as task:
            task.retry("again", attempt=1)
            assert len(got) == 1
            with pytest.raises(hiveloop.Intervention, match="enough"):
                call(task)


def test_a_callable_that_fails_or_tells_events_of_its_own_harms_nothing(hive: Any) -> None:
    def tell(finding: Finding) -> int:
        hiveloop.agent("pager").event("custom", {"kind": "note", "summary": finding.message})
        if finding.data["retries"] > 1:
            raise KeyError("pager is down")
        return 7

    with capture_events(detectors=[RetryStormDetector(threshold=1, on_detect=tell)]) as seen:
        with hiveloop.agent("a").task("t") as task:
            task.retry("again", attempt=1)
            task.retry("again", attempt=2)
            assert call(task) is None
    hive.forgive()
    assert len(seen.of_type("retry_started")) == 2
    assert len(anomalies(seen)) == 2
    assert len([event for event in seen.events if event["agent_id"] == "pager"]) == 3


def test_an_error_of_configuration_in_a_callable_stays_inside(hive: Any) -> None:
    def decide(finding: Finding) -> None:
        raise hiveloop.HiveLoopConfigError("of another library")

    with capture_events(detectors=[RetryStormDetector(threshold=1, on_detect=decide)]) as seen:
        with hiveloop.agent("a").task("t") as task:
            task.retry("again", attempt=1)
            assert call(task) is None
    hive.forgive()
    assert len(seen.of_type("retry_started", "task_completed")) == 2
    assert len(anomalies(seen)) == 1


def test_what_nobody_would_await_is_refused() -> None:
    async def decide(finding: Finding) -> None:
        return None

    class Late(Detector):
        sees = (TaskCompleted,)

        async def see(self, agent_id: str, event: Any) -> None:  # type: ignore[override]
            return None

    with pytest.raises(hiveloop.HiveLoopConfigError, match="on_detect must be a plain function"):
        CycleDetector(on_detect=decide)  # type: ignore[arg-type]
    with pytest.raises(hiveloop.HiveLoopConfigError, match="see must be a plain function"):
        with capture_events(detectors=[Late()]):
            pass


def test_an_intervention_raised_while_looking_at_an_event_is_none(hive: Any) -> None:
    class Rash(Detector):
        sees = (ActionStarted,)

        def see(self, agent_id: str, event: Any) -> None:
            raise hiveloop.Intervention("at once")

    with capture_events(detectors=[Rash(), CycleDetector()]) as seen:
        with hiveloop.agent("a").task("t"):
            with hiveloop.agent("a").track_context("step"):
                pass
    hive.forgive()
    assert len(seen.of_type("action_started", "action_completed", "task_completed")) == 3


class Odd(Detector):
    """Finds something in everything, and returns what is no finding."""

    name = "odd"
    sees = (TaskCompleted, ActionStarted, Anomaly, Custom)

    def start(self, tell: Any) -> None:
        raise RuntimeError("in start")

    def stop(self) -> None:
        raise RuntimeError("in stop")

    def see(self, agent_id: str, event: Any) -> Any:
        return (
            "no finding" if type(event) is TaskCompleted else Finding(detector="odd", message="m", error=int)
        )  # type: ignore[arg-type]

    def before_call(self, call: Any) -> Any:
        return {"no": "finding"}


def test_a_detector_that_finds_something_in_everything_ends(hive: Any) -> None:
    with capture_events(detectors=[Odd("raise"), CycleDetector()]) as seen:
        agent = hiveloop.agent("a")
        with agent.task("t") as task:
            with agent.track_context("step"):
                task.event("custom", {"kind": "note"})
            for _ in range(3):
                call(task)
    hive.forgive()
    assert [one["detector"] for one in anomalies(seen)] == ["odd", "odd", "cycle"]
    assert len(seen.of_type("task_completed")) == 1


# -- clients --


def test_detectors_of_a_client_that_is_covered_stay_out_of_a_capture() -> None:
    detectors = [CycleDetector(on_detect="raise"), BudgetGuard(calls=1), StuckDetector(after=0.1)]
    with capture_events(detectors=detectors) as outer:
        agent = hiveloop.agent("a")
        with agent.task("outside"):
            with capture_events() as inner:
                with agent.task("inside") as task:
                    for _ in range(5):
                        call(task)
                        gate(task, "llm", "turn", {})
                        task.llm_call("turn", "m")
                time.sleep(0.3)
    assert anomalies(inner) == []
    assert [event["task_id"] for event in outer.of_type("task_started")] == ["outside"]


def test_one_detector_serves_one_client_after_the_other() -> None:
    detector = StuckDetector(after=0.1)
    for _ in range(2):
        with capture_events(detectors=[detector]) as seen:
            task = hiveloop.agent("a").start_task("t")
            wait_for(lambda: anomalies(seen))
            task.complete()
    timer = detector._timer
    assert timer is not None
    timer.join(5)
    assert not timer.is_alive()


def test_a_client_ends_while_a_callable_of_the_timer_still_runs() -> None:
    release, begun = threading.Event(), threading.Event()

    def slow(finding: Finding) -> None:
        begun.set()
        release.wait(10)

    started = time.monotonic()
    with capture_events(detectors=[StuckDetector(after=0.1, on_detect=slow)]):
        task = hiveloop.agent("a").start_task("t")
        assert begun.wait(5)
        ended = time.monotonic()
        task.complete()
    assert time.monotonic() - ended < 2
    release.set()
    assert time.monotonic() - started < 10


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_child_tells_nothing_of_its_parents_runs() -> None:
    with capture_events(detectors=[StuckDetector(after=0.1)]) as seen:
        agent = hiveloop.agent("a")
        mine = agent.start_task("parent's")
        wait_for(lambda: anomalies(seen))
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:  # pragma: no cover - measured in the parent
            seen.clear()
            own = agent.start_task("child's")
            deadline = time.monotonic() + 5
            while not anomalies(seen) and time.monotonic() < deadline:
                time.sleep(0.02)
            time.sleep(0.2)
            told = ",".join(sorted({event["task_id"] for event in seen.kinds("anomaly")}))
            own.complete()
            os.write(writing, told.encode() or b"nothing")
            os._exit(0)
        os.close(writing)
        os.waitpid(child, 0)
        assert os.read(reading, 100) == b"child's"
        os.close(reading)
        mine.complete()


EXIT = """
import sys, time, hiveloop
from hiveloop.detectors import StuckDetector
hiveloop.init(api_key="hb_test_x", endpoint="http://127.0.0.1:9", detectors=[StuckDetector(after=0.05)])
task = hiveloop.agent("a").start_task("t")
time.sleep(0.2)
sys.stdout.write(str(time.time()))
sys.stdout.flush()
"""


def test_a_program_ends_quickly_while_the_timer_runs() -> None:
    def exit_seconds() -> float:
        done = subprocess.run(
            [sys.executable, "-c", EXIT], capture_output=True, text=True, timeout=60, check=True
        )
        return time.time() - float(done.stdout)

    assert exit_seconds() <= 2 or exit_seconds() <= 2


# -- bounds --


def test_runs_that_never_end_do_not_blind_the_watch() -> None:
    stuck, drop = StuckDetector(after=3600), SilentDropDetector()
    with capture_events(detectors=[stuck, drop]):
        agent = hiveloop.agent("a")
        for number in range(1_100):
            task = agent.start_task(f"t{number}")
        assert len(stuck._runs) == 1_000
        assert task.task_run_id in stuck._runs
        assert len(drop._desks["a"].runs) == 500
        assert task.task_run_id in drop._desks["a"].runs
        for _ in range(300):
            agent.track_context("leaked").begin()
        assert len(stuck._runs[task.task_run_id].actions) <= 200


def test_open_runs_are_not_all_looked_at_with_every_event(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    real = SilentDropDetector._overdue

    def counted(self: Any, desk: Any, now: float) -> Any:
        looked.append(1)
        return real(self, desk, now)

    monkeypatch.setattr(SilentDropDetector, "_overdue", counted)
    with capture_events(detectors=[SilentDropDetector()]):
        for _ in range(200):
            with hiveloop.agent("a").task():
                pass
    assert 1 <= len(looked) < 40  # of 400 events


def test_the_account_of_a_user_outlives_a_thousand_others() -> None:
    with capture_events(detectors=[BudgetGuard(calls=1, per="user")]):
        agent = hiveloop.agent("a")
        with agent.task(user_id="first") as task:
            task.llm_call("turn", "m")
        for number in range(1_500):
            with agent.task(user_id=f"user-{number}") as task:
                task.llm_call("turn", "m")
        with agent.task(user_id="first") as task, pytest.raises(BudgetExceeded):
            gate(task, "llm", "turn", {})


def test_threads_share_a_budget_exactly() -> None:
    passed: list[int] = []
    start = threading.Barrier(8)

    def work() -> None:
        with hiveloop.agent("a").task() as task:
            start.wait(10)
            for _ in range(50):
                try:
                    gate(task, "llm", "turn", {})
                except BudgetExceeded:
                    continue
                passed.append(1)
                task.llm_call("turn", "m")

    with capture_events(detectors=[BudgetGuard(calls=100, per="agent")]):
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(passed) == 100


# -- where a run stands --


def test_a_thread_that_ended_is_not_mistaken_for_the_next_of_its_number() -> None:
    with capture_events(detectors=[StuckDetector(after=0.1)]) as seen:
        agent = hiveloop.agent("a")
        thread = threading.Thread(target=agent.start_task, args=("t",))
        thread.start()
        thread.join()
        release = threading.Event()
        others = [threading.Thread(target=release.wait, args=(10,)) for _ in range(5)]
        for other in others:
            other.start()
        wait_for(lambda: anomalies(seen))
        release.set()
        for other in others:
            other.join()
    (found,) = anomalies(seen)
    assert (found["running_in"], found["stack"]) == ("a thread that has ended", [])


class Endless:
    """An awaitable that claims to be a coroutine awaiting itself."""

    def __init__(self) -> None:
        self.cr_await = self
        self.cr_frame = None

    def __await__(self) -> Generator[Any, None, None]:
        yield from asyncio.sleep(0.4).__await__()


async def test_an_awaitable_that_claims_to_be_a_coroutine_is_not_followed() -> None:
    async def inner(waiting: Awaitable[None]) -> None:
        await waiting

    with capture_events(detectors=[StuckDetector(after=0.1)]) as seen:
        async with hiveloop.agent("a").task("t"):
            await inner(Endless())
    (found,) = anomalies(seen)
    assert any(line.endswith("in inner") for line in found["stack"])


async def test_tasks_that_wait_for_tasks_are_followed_to_where_they_stand() -> None:
    async def innermost() -> None:
        await asyncio.sleep(0.4)

    async def quick() -> None:
        pass

    with capture_events(detectors=[StuckDetector(after=0.15)]) as seen:
        async with hiveloop.agent("a").task("t"):
            await asyncio.gather(asyncio.create_task(quick()), asyncio.create_task(innermost()))
    (found,) = anomalies(seen)
    assert found["stack"][-2].endswith("in innermost")
    assert found["stack"][-1].endswith("in sleep")


def test_a_run_that_waits_for_one_below_it_is_not_the_one_that_stands() -> None:
    with capture_events(detectors=[StuckDetector(after=0.2)]) as seen:
        agent = hiveloop.agent("a")
        team = agent.start_task("team")
        turn = hiveloop.agent("b").start_task("turn", correlation_id=team.task_run_id)
        wait_for(lambda: anomalies(seen))
        turn.complete()
        wait_for(lambda: len(anomalies(seen)) == 2)
        team.complete()
    assert [event["task_id"] for event in seen.kinds("anomaly")] == ["turn", "team"]


def test_what_ends_while_a_person_is_asked_is_no_answer() -> None:
    with capture_events(detectors=[StuckDetector(after=0.1)]) as seen:
        agent = hiveloop.agent("a")
        with agent.task("t") as task:
            with agent.track_context("ask"):
                approval = task.request_approval("may I")
            time.sleep(0.3)
            assert approval
            assert anomalies(seen) == []
            task.approval_received(decision="approved")
            wait_for(lambda: anomalies(seen))
