"""Detectors on real AutoGen teams: what they find, and that a stop or a nudge arrives where it must."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import hiveloop
import hiveloop_autogen
import pytest
import tenacity
from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.conditions import TextMentionTermination
from autogen_agentchat.teams import RoundRobinGroupChat
from hiveloop import Intervention
from hiveloop.detectors import (
    BudgetExceeded,
    BudgetGuard,
    ContradictionDetector,
    CycleDetected,
    CycleDetector,
    ErrorBurstDetector,
    PromptBloatDetector,
    RetryStormDetector,
    SilentDropDetector,
    StateDriftDetector,
    StuckDetector,
    TokenWasteDetector,
)
from hiveloop.testing import Captured, capture_events
from hiveloop.testing.conformance import assert_closed

from .scripted import Scripted, calls, says

LOOP = says("", ("search", {"q": "flour"}))


class Search:
    """A tool that counts what it really did."""

    def __init__(self, result: str | Exception = "nothing found") -> None:
        self.ran = 0
        self.result = result

    def tool(self) -> Callable[[str], str]:
        def search(q: str) -> str:
            """Search."""
            self.ran += 1
            if isinstance(self.result, Exception):
                raise self.result
            return self.result

        return search


@pytest.fixture(autouse=True)
def _installed() -> None:
    hiveloop_autogen.instrument()


def found(seen: Captured) -> list[dict[str, Any]]:
    return [event["payload"]["data"] for event in seen.kinds("anomaly")]


def looping(messages: Any) -> Any:
    """The model asks the same thing again and again, until it is told not to."""
    return says("I stop. DONE") if "repeating yourself" in str(messages[-1].content) else LOOP


def team_of(model: Any, *tools: Any, turns: int = 6, **settings: Any) -> RoundRobinGroupChat:
    agent = AssistantAgent("finder", model, tools=list(tools), max_tool_iterations=8, **settings)
    return RoundRobinGroupChat(
        [agent], termination_condition=TextMentionTermination("DONE"), max_turns=turns, name="desk"
    )


# -- loops --


async def test_a_loop_is_reported_and_the_team_goes_on() -> None:
    search = Search()
    with capture_events(detectors=[CycleDetector()]) as seen:
        await team_of(Scripted(looping), search.tool(), turns=1).run(task="flour?")
    assert search.ran == 8
    assert [one["cycle_length"] for one in found(seen)] == [3, 4, 6]


async def test_raise_stops_the_team_at_the_next_step_with_what_was_raised() -> None:
    stop = Intervention("the owner said so")

    def decide(finding: Any) -> None:
        raise stop

    for how, expected in (("raise", CycleDetected), (decide, Intervention)):
        search = Search()
        with capture_events(detectors=[CycleDetector(on_detect=how)]) as seen:  # type: ignore[arg-type]
            with pytest.raises(expected) as raised:
                await team_of(Scripted(looping), search.tool()).run(task="flour?")
        assert search.ran == 2
        assert len(calls(seen)) == 3
        assert seen.of_type("task_completed") == []
        assert_closed(seen)
    assert raised.value is stop


async def test_nudge_answers_in_the_place_of_the_tool() -> None:
    search = Search()
    with capture_events(detectors=[CycleDetector(on_detect="nudge")]) as seen:
        result = await team_of(Scripted(looping), search.tool()).run(task="flour?")
    assert search.ran == 2
    assert result.messages[-1].to_text() == "I stop. DONE"
    assert_closed(seen)


# -- budgets --


async def test_a_budget_is_reserved_before_a_call_and_settled_after_it() -> None:
    with capture_events(detectors=[BudgetGuard(tokens=400)]) as seen:
        with pytest.raises(BudgetExceeded, match="tokens budget"):
            await team_of(Scripted(looping), Search().tool()).run(task="flour?")
    assert len(calls(seen)) == 2
    assert found(seen)[0]["spent"] == 300
    assert_closed(seen)


# -- standing still --


async def test_an_async_tool_that_stands_still_shows_where() -> None:
    released = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def far_away() -> str:
        await released.wait()
        return "at last"

    async def fetch(q: str) -> str:
        """Fetch."""
        return await asyncio.wait_for(far_away(), 10)

    def release(finding: Any) -> None:
        loop.call_soon_threadsafe(released.set)

    model = Scripted(says("", ("fetch", {"q": "x"})), "DONE")
    with capture_events(detectors=[StuckDetector(after=0.2, on_detect=release)]) as seen:
        await team_of(model, fetch).run(task="flour?")
    (stuck,) = found(seen)  # of the turn, not of the team that waits for it
    assert (stuck["step"], stuck["running_in"]) == ("fetch", "asyncio task")
    assert any("test_detectors.py" in line and line.endswith("in far_away") for line in stuck["stack"])


async def test_a_sync_tool_that_stands_still_shows_its_run_and_step() -> None:
    released = threading.Event()

    def fetch(q: str) -> str:
        """Fetch."""
        released.wait(10)
        return "at last"

    detector = StuckDetector(after=0.2, on_detect=lambda finding: released.set())
    with capture_events(detectors=[detector]) as seen:
        await team_of(Scripted(says("", ("fetch", {"q": "x"})), "DONE"), fetch).run(task="flour?")
    assert found(seen)[0]["step"] == "fetch"
    assert found(seen)[0]["stack"]


# -- failures --


async def test_tenacity_in_a_tool_is_a_storm_and_errors_are_a_burst() -> None:
    import hiveloop_tenacity

    @tenacity.retry(stop=tenacity.stop_after_attempt(4), wait=tenacity.wait_none(), reraise=True)
    def supplier() -> str:
        raise TimeoutError("no answer")

    def fetch(q: str) -> str:
        """Fetch."""
        return supplier()

    hiveloop_tenacity.instrument()
    model = Scripted(*[says("", ("fetch", {"q": str(n)})) for n in range(3)], "DONE")
    storm, burst = RetryStormDetector(threshold=9), ErrorBurstDetector(threshold=3)
    try:
        with capture_events(detectors=[storm, burst]) as seen:
            await team_of(model, fetch).run(task="flour?")
    finally:
        hiveloop_tenacity.uninstrument()
    by_name = {one["detector"]: one for one in found(seen)}
    assert by_name["retry_storm"]["retries"] == 9
    assert by_name["error_burst"]["errors"] == 3


# -- prompts and tokens --


async def test_tool_results_that_crowd_out_the_rest_are_bloat() -> None:
    model = Scripted(says("", ("search", {"q": "x"}), usage=(40, 5)), says("DONE", usage=(5_000, 10)))
    with capture_events(detectors=[PromptBloatDetector(context_window=8_000)]) as seen:
        await team_of(model, Search("word " * 3_000).tool()).run(task="flour?")
    assert [(one["bloat"], one.get("component")) for one in found(seen)] == [("component", "tools")]
    composition = seen.kinds("prompt_composition")[-1]["payload"]["data"]
    assert composition["largest_component"] == "tools"
    assert composition["system_prompt_tokens"] > 0
    assert composition["context_utilization_pct"] == 62.5


async def test_an_answer_cut_off_is_waste() -> None:
    cut = says("and then", usage=(900, 100))
    cut.finish_reason = "length"
    with capture_events(detectors=[TokenWasteDetector(min_tokens=1_000)]) as seen:
        await team_of(Scripted(cut), turns=1).run(task="flour?")
    assert [one["cut_off_answers_tokens"] for one in found(seen)] == [1_000]


# -- books that do not add up --


async def test_work_without_a_task_and_plans_and_states_that_contradict_themselves() -> None:
    detectors = [SilentDropDetector(), ContradictionDetector(), StateDriftDetector()]

    def plan(q: str) -> str:
        """Note what was done."""
        task = hiveloop.current_task()
        assert task is not None
        task.watch_state({"price": 3, "item": "flour"})
        task.watch_state({"price": "three"})
        task.plan("bake", ["mix", "bake"])
        task.plan_step(1, "completed", "")
        return "noted"

    with capture_events(detectors=detectors) as seen:  # type: ignore[arg-type]
        desk = hiveloop.agent("desk")
        desk.queue_snapshot(3)
        await team_of(Scripted(says("", ("plan", {"q": "x"})), "DONE"), plan).run(task="flour?")
        desk.queue_snapshot(1)
    by_name = {one["detector"]: one for one in found(seen)}
    assert by_name["silent_drop"]["items"] == 1
    assert by_name["contradiction"]["step_index"] == 1
    assert (by_name["state_drift"]["removed"], by_name["state_drift"]["retyped"]) == (["item"], ["price"])
