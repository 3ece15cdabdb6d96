"""Each detector finds what it is for and not the nearest thing to it; what it finds is told, nudged or raised as asked."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import hiveloop
import pytest
from hiveloop.adapters import gate
from hiveloop.detectors import (
    BudgetExceeded,
    BudgetGuard,
    ContradictionDetector,
    CycleDetected,
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
from hiveloop.events import ActionCompleted, Heartbeat, TaskStarted
from hiveloop.testing import Captured, capture_events


def anomalies(seen: Captured) -> list[dict[str, Any]]:
    return [event["payload"]["data"] for event in seen.kinds("anomaly")]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves the time that detectors measure by."""
    moved = [0.0]
    real = time.monotonic
    monkeypatch.setattr("hiveloop.detectors._bursts.time.monotonic", lambda: real() + moved[0])

    def move(seconds: float) -> None:
        moved[0] += seconds

    return move


def call(task: hiveloop.Task, tool: str, **arguments: Any) -> str | None:
    return gate(task, "tool", tool, arguments)


# -- cycle --


def test_the_same_call_three_times_is_a_loop_and_is_told_at_every_doubling() -> None:
    with capture_events(detectors=[CycleDetector()]) as seen:
        with hiveloop.agent("a").task("t") as task:
            for _ in range(10):
                assert call(task, "search", q="x", page=1) is None
    found = anomalies(seen)
    assert [one["cycle_length"] for one in found] == [3, 4, 6, 10]
    assert found[0] | {"args_hash": ""} == {
        "detector": "cycle", "on_detect": "report", "tool_name": "search", "args_hash": "", "period": 1,
        "cycle_length": 3, "tools": ["search"],
        "message": "search was called 3 times in a row with the same arguments",
    }  # fmt: skip
    assert {event["task_id"] for event in seen.kinds("anomaly")} == {"t"}


@pytest.mark.parametrize("period", [2, 3, 6])
def test_calls_that_alternate_are_a_loop_at_two_repeats(period: int) -> None:
    with capture_events(detectors=[CycleDetector()]) as seen:
        with hiveloop.agent("a").task("t") as task:
            for number in range(2 * period - 1):
                call(task, f"tool-{number % period}", q=1)
            assert anomalies(seen) == []
            call(task, f"tool-{period - 1}", q=1)
    assert [(one["period"], one["cycle_length"]) for one in anomalies(seen)] == [(period, 2 * period)]


def test_progress_is_no_loop() -> None:
    with capture_events(detectors=[CycleDetector(exempt=["poll"])]) as seen:
        agent = hiveloop.agent("a")
        with agent.task("t") as task:
            for page in range(20):
                call(task, "search", q="x", page=page)
            for _ in range(20):
                call(task, "poll", job=1)
            call(task, "search", q="x")
            call(task, "read", q="x")
            call(task, "search", q="x")
        with (
            agent.task("u") as first,
            agent.task("v") as second,
        ):  # two runs, one call each: no loop in either
            for _ in range(2):
                call(first, "search", q=1)
                call(second, "search", q=1)
    assert anomalies(seen) == []


def test_arguments_are_equal_whatever_the_order_of_keys_and_are_never_sent() -> None:
    class Opaque:
        def __repr__(self) -> str:
            raise AssertionError("their code was run")

    with capture_events(detectors=[CycleDetector()]) as seen:
        with hiveloop.agent("a").task("t") as task:
            gate(task, "tool", "search", {"secret": 1, "b": [Opaque()]})
            gate(task, "tool", "search", {"b": [Opaque()], "secret": 1})
            gate(task, "tool", "search", {"b": [Opaque()], "secret": 1})
    assert len(anomalies(seen)) == 1
    assert b"secret" not in seen.raw


def test_tools_run_by_hand_count_by_the_arguments_they_report() -> None:
    with capture_events(detectors=[CycleDetector()]) as seen:
        agent = hiveloop.agent("a")
        with agent.task("t"):
            for _ in range(3):
                with agent.track_context("search") as action:
                    action.set_payload(hiveloop.tool_payload(args={"q": 1}, result="same"))
    assert [one["cycle_length"] for one in anomalies(seen)] == [3]


def test_raise_stops_the_next_call_and_nudge_answers_in_its_place() -> None:
    reached = []
    with capture_events(detectors=[CycleDetector(on_detect="raise")]) as seen:
        with pytest.raises(CycleDetected, match="3 times in a row"), hiveloop.agent("a").task("t") as task:
            for number in range(5):
                call(task, "search", q=1)
                reached.append(number)
    assert reached == [0, 1]
    assert [event["event_type"] for event in seen.events][-2:] == ["custom", "task_failed"]
    with capture_events(detectors=[CycleDetector(on_detect="nudge")]):
        with hiveloop.agent("a").task("t") as task:
            answers = [call(task, "search", q=1) for _ in range(4)]
    assert answers[:2] == [None, None]
    assert all("repeating yourself" in str(answer) for answer in answers[2:])


def test_a_callable_decides_for_itself() -> None:
    got: list[Finding] = []

    def decide(finding: Finding) -> str | None:
        got.append(finding)
        if len(got) > 1:
            raise finding.error("enough")
        return "try the index"

    with capture_events(detectors=[CycleDetector(on_detect=decide)]):
        with pytest.raises(CycleDetected, match="enough"), hiveloop.agent("a").task("t") as task:
            answers = [call(task, "search", q=1) for _ in range(3)]
            assert answers[-1] == "try the index"
            call(task, "search", q=1)


# -- budget --


def model_call(task: hiveloop.Task, cost: float | None = 0.01, tokens: int = 10) -> None:
    task.llm_call("turn", "m", tokens_in=tokens, tokens_out=0, cost=cost)


@pytest.mark.parametrize(
    ("guard", "calls_made"),
    [
        (BudgetGuard(calls=3), 3),
        (BudgetGuard(usd=0.035), 3),
        (BudgetGuard(tokens=45), 4),
        (BudgetGuard(usd=1.0, calls=2), 2),
    ],
)
def test_the_call_that_would_exceed_a_budget_is_not_made(guard: BudgetGuard, calls_made: int) -> None:
    made = 0
    with capture_events(detectors=[guard]) as seen:
        agent = hiveloop.agent("a")
        with pytest.raises(BudgetExceeded), agent.task("t") as task:
            for _ in range(10):
                gate(task, "llm", "turn", {})
                model_call(task)
                made += 1
        with agent.task("another") as task:
            gate(task, "llm", "turn", {})
    assert made == calls_made
    assert len(anomalies(seen)) == 1


def test_a_program_that_stays_within_its_budget_is_left_alone() -> None:
    with capture_events(detectors=[BudgetGuard(calls=5, usd=0.05)]) as seen:
        with hiveloop.agent("a").task("t") as task:
            for _ in range(5):  # told by hand, without a gate before
                model_call(task)
    assert anomalies(seen) == []


def test_calls_under_way_at_once_are_reserved() -> None:
    with capture_events(detectors=[BudgetGuard(usd=0.05)]):
        with hiveloop.agent("a").task("t") as task:
            model_call(task, cost=0.02)
            gate(task, "llm", "turn", {})  # 0.04 with this one
            with pytest.raises(BudgetExceeded):
                gate(task, "llm", "turn", {})  # 0.06 with both


def test_a_budget_per_user_spans_runs_and_agents() -> None:
    with capture_events(detectors=[BudgetGuard(calls=2, per="user")]):
        for name in ("a", "b"):
            with hiveloop.agent(name).task(user_id="ann") as task:
                gate(task, "llm", "turn", {})
                model_call(task)
        with hiveloop.agent("a").task(user_id="bob") as task:
            gate(task, "llm", "turn", {})
        with pytest.raises(BudgetExceeded), hiveloop.agent("c").task(user_id="ann") as task:
            gate(task, "llm", "turn", {})


def test_a_budget_per_agent_and_of_time() -> None:
    with capture_events(detectors=[BudgetGuard(calls=1, per="agent")]):
        agent = hiveloop.agent("a")
        with agent.task() as task:
            model_call(task)
        with pytest.raises(BudgetExceeded), agent.task() as task:
            gate(task, "llm", "turn", {})
    with capture_events(detectors=[BudgetGuard(seconds=0.05)]):
        with pytest.raises(BudgetExceeded, match="seconds budget"), hiveloop.agent("b").task() as task:
            gate(task, "tool", "search", {})
            time.sleep(0.06)
            gate(task, "tool", "search", {})


def test_calls_without_a_price_are_counted_as_such() -> None:
    with capture_events(detectors=[BudgetGuard(usd=1, calls=1, on_detect="report")]) as seen:
        with hiveloop.agent("a").task() as task:
            model_call(task, cost=None)
            gate(task, "llm", "turn", {})
    assert (anomalies(seen)[0]["budget"], anomalies(seen)[0]["unpriced_calls"]) == ("calls", 1)


# -- bursts --


def test_errors_in_a_short_time_are_a_burst(clock: Callable[[float], None]) -> None:
    def fail(times: int) -> None:
        for _ in range(times):
            with pytest.raises(KeyError), agent.track_context("step"):
                raise KeyError("x")

    with capture_events(detectors=[ErrorBurstDetector(threshold=4, window_seconds=60)]) as seen:
        agent = hiveloop.agent("a")
        fail(3)
        clock(61)
        fail(3)
        assert anomalies(seen) == []
        fail(5)
    assert [(one["errors"], one["most"]) for one in anomalies(seen)] == [(4, "KeyError"), (8, "KeyError")]


def test_retries_in_a_short_time_are_a_storm(clock: Callable[[float], None]) -> None:
    with capture_events(detectors=[RetryStormDetector(threshold=3)]) as seen:
        with hiveloop.agent("a").task("t") as task:
            task.retry("again", attempt=1)
            clock(61)
            task.retry("again", attempt=2)
            task.retry("again", attempt=3)
        with hiveloop.agent("a").task("u") as task:
            for attempt in range(3):
                task.retry("again", attempt=attempt, reason="timeout")
    assert [(event["task_id"], event["payload"]["data"]["function"]) for event in seen.kinds("anomaly")] == [
        ("u", "timeout")
    ]


# -- waste --


def test_tokens_that_bought_nothing_are_waste() -> None:
    with capture_events(detectors=[TokenWasteDetector(min_tokens=1_000, share=0.5)]) as seen:
        with hiveloop.agent("a").task("t") as task:
            task.llm_call("turn", "m", tokens_in=500, prompt_preview="same")
            task.llm_call("turn", "m", tokens_in=501, prompt_preview="same but longer")
            assert anomalies(seen) == []
            task.llm_call("turn", "m", tokens_in=500, prompt_preview="same")
            task.llm_call("turn", "m", tokens_in=300, metadata={"stop_reason": "length"})
            task.llm_call("turn", "m", tokens_in=300, metadata={"error": {"type": "Timeout"}})
    (found,) = anomalies(seen)
    assert found["wasted_tokens"] == 1_100
    assert found["repeated_prompts_tokens"] == 500


def test_a_run_that_uses_its_tokens_is_not_waste() -> None:
    with capture_events(detectors=[TokenWasteDetector(min_tokens=100)]) as seen:
        with hiveloop.agent("a").task("t") as task:
            for number in range(10):
                task.llm_call("turn", "m", tokens_in=500, prompt_preview=f"question {number}")
                task.llm_call("turn", "m", tokens_in=500)  # no text captured: nothing is known of it
    assert anomalies(seen) == []


# -- contradictions --


def test_success_with_failed_steps_is_a_contradiction() -> None:
    with capture_events(detectors=[ContradictionDetector()]) as seen:
        agent = hiveloop.agent("a")
        with agent.task("bad") as task:
            task.plan("goal", ["one", "two"])
            task.plan_step(0, "started", "")
            task.plan_step(0, "failed", "")
        with agent.task("mended") as task:
            task.plan("goal", ["one"])
            task.plan_step(0, "started", "")
            task.plan_step(0, "failed", "")
            task.plan_step(0, "completed", "")
        with agent.task("replanned") as task:
            task.plan("goal", ["one"])
            task.plan_step(0, "started", "")
            task.plan_step(0, "failed", "")
            task.plan("goal", ["another"], revision=1)
        with pytest.raises(ValueError, match="x"), agent.task("failed") as task:
            task.plan("goal", ["one"])
            task.plan_step(0, "started", "")
            task.plan_step(0, "failed", "")
            raise ValueError("x")
    assert [
        (event["task_id"], event["payload"]["data"]["failed_steps"]) for event in seen.kinds("anomaly")
    ] == [("bad", [0])]


def test_done_before_begun_is_a_contradiction() -> None:
    with capture_events(detectors=[ContradictionDetector()]) as seen:
        with hiveloop.agent("a").task("t") as task:
            task.plan("goal", ["one", "two"])
            task.plan_step(0, "started", "")
            task.plan_step(0, "completed", "")
            task.plan_step(1, "completed", "")
    assert [one["step_index"] for one in anomalies(seen)] == [1]


def test_idle_with_a_full_queue_is_a_contradiction(clock: Callable[[float], None]) -> None:
    with capture_events(detectors=[ContradictionDetector(idle_seconds=60)]) as seen:
        agent = hiveloop.agent("a")
        with agent.task("t"):
            agent.queue_snapshot(3)
            clock(100)
            agent.queue_snapshot(3)
        agent.queue_snapshot(3)
        clock(59)
        agent.queue_snapshot(3)
        assert anomalies(seen) == []
        clock(2)
        agent.queue_snapshot(3)
        agent.queue_snapshot(3)
    assert [one["depth"] for one in anomalies(seen)] == [3]


# -- silent drops --


def snapshot(agent: hiveloop.Agent, *ids: str) -> None:
    agent.queue_snapshot(len(ids), items=[{"id": name} for name in ids])


def test_items_that_leave_the_queue_without_a_task_are_dropped() -> None:
    with capture_events(detectors=[SilentDropDetector()]) as seen:
        agent = hiveloop.agent("a")
        snapshot(agent, "i1", "i2", "i3", "i4")
        with agent.task("i1"), agent.task("other name"):
            pass
        agent.queue_snapshot(1, items=[{"id": "i4"}], processing={"id": "i3"})
        assert anomalies(seen) == []
        snapshot(agent)
    assert [one["items"] for one in anomalies(seen)] == [1]


def test_depths_alone_tell_of_drops_too() -> None:
    with capture_events(detectors=[SilentDropDetector()]) as seen:
        agent = hiveloop.agent("a")
        agent.queue_snapshot(5)
        with agent.task():
            pass
        agent.queue_snapshot(4)
        assert anomalies(seen) == []
        agent.queue_snapshot(2)
    assert [one["items"] for one in anomalies(seen)] == [2]


def test_a_task_open_far_beyond_its_kind_is_told_once(clock: Callable[[float], None]) -> None:
    with capture_events(detectors=[SilentDropDetector(factor=3, min_seconds=10)]) as seen:
        agent = hiveloop.agent("a")
        for _ in range(5):
            with agent.task(type="mail"):
                clock(10)
        late = agent.start_task("late", type="mail")
        other = agent.start_task("other", type="report")
        clock(29)
        with agent.task("quick"):
            pass
        assert anomalies(seen) == []
        clock(3)
        for _ in range(2):
            with agent.task("quick"):
                pass
        late.complete()
        other.complete()
    (found,) = anomalies(seen)
    assert (found["task_type"], found["open_seconds"] > 30) == ("mail", True)


# -- prompts --


def ask(task: hiveloop.Task, tokens: int, messages: Any = None, window: int | None = None) -> None:
    gate(task, "llm", "turn", {"model": "m", "messages": messages})
    metadata = {"context_window_size": window} if window else None
    task.emit(_llm(tokens, metadata))


def _llm(tokens: int, metadata: dict[str, Any] | None) -> Any:
    from hiveloop.events import Custom
    from hiveloop.payloads import LlmCall, LlmCallData

    return Custom(payload=LlmCall(data=LlmCallData(name="turn", tokens_in=tokens, metadata=metadata)))


def test_a_part_that_crowds_out_the_rest_is_bloat() -> None:
    messages = [
        {"role": "system", "content": "x" * 1_000},
        {"role": "user", "content": "b" * 1_000},
        {"role": "tool", "content": [{"type": "text", "text": "c" * 8_000}]},
    ]
    with capture_events(detectors=[PromptBloatDetector()]) as seen:
        with hiveloop.agent("a").task("t") as task:
            ask(task, 2_500, messages[:2])
            ask(task, 2_500, messages)
    (found,) = anomalies(seen)
    assert (found["bloat"], found["component"], found["share"], found["turn_number"]) == (
        "component", "tools", 0.8, 2,
    )  # fmt: skip
    composition = [event["payload"]["data"] for event in seen.kinds("prompt_composition")]
    assert [one["largest_component"] for one in composition] == ["system", "tools"]
    assert composition[1] | {"turn_number": 0} == {
        "system_prompt_tokens": 250, "history_tokens": 250, "tool_results_tokens": 2_000,
        "total_input_tokens": 2_500, "largest_component": "tools", "turn_number": 0,
    }  # fmt: skip
    assert b"xxxx" not in seen.raw


def test_a_full_window_and_growth_without_anything_new_are_bloat() -> None:
    with capture_events(detectors=[PromptBloatDetector()]) as seen:
        with hiveloop.agent("a").task("t") as task:
            ask(task, 4_000, window=10_000)
            ask(task, 6_000, window=10_000)
            ask(task, 6_500, window=10_000)
        with hiveloop.agent("a").task("u") as task:
            for tokens in (1_000, 1_500, 2_000):
                ask(task, tokens)
        with hiveloop.agent("a").task("v") as task:
            for tokens in (1_000, 1_500, 2_000, 4_000):
                gate(task, "tool", "search", {"q": tokens})
                ask(task, tokens)
    assert [(event["task_id"], event["payload"]["data"]["bloat"]) for event in seen.kinds("anomaly")] == [
        ("t", "utilization"),
        ("u", "growth"),
    ]


# -- stuck --


def wait_for(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def stand_still(release: threading.Event) -> None:
    release.wait(5)


def test_a_run_that_stands_still_tells_its_step_and_its_stack() -> None:
    release = threading.Event()

    def work() -> None:
        with agent.task("t"), agent.track_context("fetch"):
            stand_still(release)

    with capture_events(detectors=[StuckDetector(after=0.1)]) as seen:
        agent = hiveloop.agent("a")
        thread = threading.Thread(target=work)
        thread.start()
        wait_for(lambda: anomalies(seen))
        time.sleep(0.15)
        release.set()
        thread.join()
    (found,) = anomalies(seen)
    assert (found["detector"], found["step"], found["running_in"]) == ("stuck", "fetch", "thread")
    assert found["age_seconds"] >= 0.1
    assert any(line.endswith("in stand_still") for line in found["stack"])
    assert {event["task_id"] for event in seen.kinds("anomaly")} == {"t"}


async def test_an_asyncio_task_tells_what_it_awaits() -> None:
    async def inner() -> None:
        await asyncio.sleep(0.5)

    with capture_events(detectors=[StuckDetector(after=0.1)]) as seen:
        async with hiveloop.agent("a").task("t"):
            await inner()
    (found,) = anomalies(seen)
    assert found["running_in"] == "asyncio task"
    assert any(line.endswith("in inner") for line in found["stack"])
    # What a stranger reads first is the line of the program, not that of the library it waits in.
    place, waits_in = found["message"].split(", in ")[1].split(", which waits in ")
    assert place.startswith("tests/test_detectors.py:")
    assert place.endswith(" in inner")
    assert waits_in.startswith("asyncio/")


def test_who_waits_for_a_person_or_moves_on_is_not_stuck() -> None:
    with capture_events(detectors=[StuckDetector(after=0.2)]) as seen:
        agent = hiveloop.agent("a")
        waiting = agent.start_task("waiting")
        waiting.request_approval("may I")
        with agent.task("moving") as task:
            for _ in range(8):
                time.sleep(0.05)
                task.llm_call("turn", "m")
        ended = agent.start_task("ended")
        ended.complete()
        time.sleep(0.3)
        waiting.complete()
    assert anomalies(seen) == []


# -- state --


def test_keys_that_vanish_and_types_that_change_are_drift() -> None:
    def mutation(**changes: dict[str, Any]) -> dict[str, Any]:
        return {"kind": "state_mutation", "data": {"changes": changes, "turn_number": 4}}

    with capture_events(detectors=[StateDriftDetector()]) as seen:
        with hiveloop.agent("a").task("t") as task:
            task.event("custom", mutation(new={"action": "added", "old_type": None, "new_type": "int"}))
            task.event("custom", mutation(n={"action": "modified", "old_type": "int", "new_type": "int"}))
            assert anomalies(seen) == []
            task.event(
                "custom",
                mutation(
                    gone={"action": "removed", "old_type": "str", "new_type": None},
                    n={"action": "modified", "old_type": "int", "new_type": "str"},
                ),
            )
    (found,) = anomalies(seen)
    assert (found["removed"], found["retyped"], found["turn_number"]) == (["gone"], ["n"], 4)


# -- all of them --


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: CycleDetector(threshold=1), "threshold"),
        (lambda: CycleDetector(exempt="poll"), "exempt"),
        (lambda: CycleDetector(on_detect="explode"), "on_detect"),  # type: ignore[arg-type]
        (lambda: BudgetGuard(), "at least one"),
        (lambda: BudgetGuard(usd=-1), "usd"),
        (lambda: BudgetGuard(usd=True), "usd"),
        (lambda: BudgetGuard(calls=1, per="planet"), "per"),  # type: ignore[arg-type]
        (lambda: StuckDetector(after=0), "after"),
        (lambda: ErrorBurstDetector(threshold=2.5), "threshold"),  # type: ignore[arg-type]
        (lambda: hiveloop.init(detectors=CycleDetector()), "detectors"),  # type: ignore[arg-type]
        (lambda: hiveloop.init(detectors=[CycleDetector]), "CycleDetector()"),  # type: ignore[list-item]
        (lambda: hiveloop.init(detectors=["cycle"]), "detectors"),  # type: ignore[list-item]
    ],
)
def test_a_wrong_setting_is_named(make: Callable[[], Any], field: str) -> None:
    with pytest.raises(hiveloop.HiveLoopConfigError) as raised:
        make()
    assert field in str(raised.value)


class Broken(Detector):
    name = "broken"
    sees = (TaskStarted, ActionCompleted, Heartbeat)

    def see(self, agent_id: str, event: Any) -> Finding | None:
        raise RuntimeError("in see")

    def before_call(self, call: Any) -> Finding | None:
        raise RuntimeError("in before_call")


def test_a_detector_that_breaks_costs_nothing_but_itself(hive: Any) -> None:
    with capture_events(detectors=[Broken(), CycleDetector()]) as seen:
        with hiveloop.agent("a").task("t") as task:
            for _ in range(3):
                call(task, "search", q=1)
    hive.forgive()
    assert [event["event_type"] for event in seen.events if event["event_type"] != "agent_registered"] == [
        "task_started", "custom", "task_completed",
    ]  # fmt: skip


def test_findings_from_events_stop_the_run_at_its_next_call() -> None:
    with capture_events(detectors=[RetryStormDetector(threshold=2, on_detect="raise")]):
        with hiveloop.agent("a").task("t") as task, hiveloop.agent("b").task("u") as other:
            task.retry("again", attempt=1)
            task.retry("again", attempt=2)
            call(other, "search", q=1)
            with pytest.raises(hiveloop.Intervention, match="2 retries"):
                call(task, "search", q=1)
            call(task, "search", q=1)


def test_detectors_see_what_is_redacted_and_tell_nothing_of_it() -> None:
    from hiveloop.middleware import DropContent

    with capture_events(detectors=[CycleDetector()], middleware=[DropContent()]) as seen:
        agent = hiveloop.agent("a")
        with agent.task("t"):
            for _ in range(3):
                with agent.track_context("search") as action:
                    action.set_payload(hiveloop.tool_payload(args={"q": "PRIVATE"}))
    assert len(anomalies(seen)) == 1
    assert b"PRIVATE" not in seen.raw


def test_memory_of_runs_is_bounded() -> None:
    detector = CycleDetector()
    with capture_events(detectors=[detector]):
        agent = hiveloop.agent("a")
        for _ in range(4_500):
            call(agent.start_task(), "search", q=1)
    assert 1_000 <= detector._trails.kept <= 2_000
