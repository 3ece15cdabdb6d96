"""Model calls whose end LangChain does not tell: told once, soon, as cancelled, and never longer than they lasted."""

from __future__ import annotations

import asyncio
import gc
import operator
import time
from typing import Annotated, Any, TypedDict
from uuid import uuid4

import hiveloop_langchain
import pytest
from hiveloop.testing import capture_events
from hiveloop_langchain import HiveLoopCallbackHandler
from hiveloop_langchain import _unended as unended
from hiveloop_langchain._runs import state
from langchain_core.runnables import RunnableLambda
from langgraph.graph import START, StateGraph

from .scripted import Scripted, calls, says, types


class State(TypedDict):
    said: Annotated[list[Any], operator.add]


class Slow(Scripted):
    """Never answers."""

    async def _agenerate(self, *args: Any, **kwargs: Any) -> Any:
        await asyncio.Event().wait()


SLOW = Slow(script=[])


def _with() -> Any:
    return {"callbacks": [HiveLoopCallbackHandler()]}


def _told_once_as_cancelled(seen: Any) -> None:
    (call,) = calls(seen)
    assert call["metadata"]["outcome"] == "cancelled"
    assert "tokens_in" not in call
    (event,) = seen.kinds("llm_call")
    (started,), (ended,) = seen.of_type("task_started"), seen.of_type("task_completed", "task_failed")
    assert event["task_run_id"] == started["task_run_id"]
    assert started["timestamp"] <= event["timestamp"] <= ended["timestamp"]
    assert call["duration_ms"] <= ended["duration_ms"]
    told = types(seen)
    assert told.index("llm_call") < len(told) - 1, "before the end of its task"
    assert not len(state.runs)


async def _in_a_task_of_its_own(value: Any) -> Any:
    try:
        return await asyncio.wait_for(SLOW.ainvoke(value), 0.02)
    except TimeoutError:
        return "fallback"


async def _in_the_same_task(value: Any) -> Any:
    try:
        async with asyncio.timeout(0.02):
            return await SLOW.ainvoke(value)
    except TimeoutError:
        return "fallback"


async def _several_at_once(value: Any) -> Any:
    try:
        async with asyncio.timeout(0.02):
            return await asyncio.gather(SLOW.ainvoke(value), asyncio.Event().wait())
    except TimeoutError:
        return "fallback"


@pytest.mark.parametrize("work", [_in_a_task_of_its_own, _in_the_same_task, _several_at_once])
def test_a_call_that_timed_out_is_told_before_its_run_ends(work: Any) -> None:
    with capture_events() as seen:
        assert asyncio.run(RunnableLambda(work).ainvoke("q", _with())) == "fallback"
    _told_once_as_cancelled(seen)
    assert seen.of_type("task_completed")[0]["status"] == "success"


def test_a_call_of_a_node_whose_neighbour_fails_is_told_with_it() -> None:
    calling = asyncio.Event()

    async def fail(state: State) -> Any:
        await calling.wait()
        raise ValueError("bad")

    async def wait(state: State) -> Any:
        calling.set()
        await SLOW.ainvoke("x")

    graph = StateGraph(State).add_node("fail", fail).add_node("wait", wait)
    compiled = graph.add_edge(START, "fail").add_edge(START, "wait").compile()
    with capture_events() as seen, pytest.raises(ValueError, match="bad"):
        asyncio.run(compiled.ainvoke({"said": []}, _with()))
    _told_once_as_cancelled(seen)
    told = [event for event in seen.events if event["event_type"] in ("custom", "action_completed")]
    assert [event["event_type"] for event in told] == ["custom", "action_completed"]


def test_a_cancelled_bare_call_is_told_at_once() -> None:
    async def work() -> int:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(SLOW.ainvoke("q", _with()), 0.02)
        return len(calls(seen))

    with capture_events() as seen:
        assert asyncio.run(work()) == 1
    (call,) = calls(seen)
    assert call["metadata"]["outcome"] == "cancelled"
    assert call["duration_ms"] < 5_000


def test_a_bare_call_that_timed_out_in_its_task_is_told_at_shutdown_without_a_duration() -> None:
    with capture_events() as seen:
        asyncio.run(_in_the_same_task_with_handler())
        assert calls(seen) == []
        unended.tell_rest(1.0, False)
        assert calls(seen) == []
        unended.tell_rest(1.0, True)
        unended.tell_rest(1.0, True)
    (call,) = calls(seen)
    assert call["metadata"]["outcome"] == "abandoned"
    assert "duration_ms" not in call


async def _in_the_same_task_with_handler() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await SLOW.ainvoke("q", _with())


def test_an_answer_after_the_root_ended_is_no_cancellation() -> None:
    async def work() -> None:
        go = asyncio.Event()

        class Later(Scripted):
            async def _agenerate(self, *args: Any, **kwargs: Any) -> Any:
                await go.wait()
                return self._generate(args[0])

        kept: list[Any] = []

        async def leave(value: Any) -> str:
            kept.append(asyncio.create_task(Later(script=[says("late")]).ainvoke("q")))
            await asyncio.sleep(0.01)
            return "done"

        await RunnableLambda(leave).ainvoke("q", _with())
        assert calls(seen) == []
        go.set()
        await kept[0]

    with capture_events() as seen:
        asyncio.run(work())
    (call,) = calls(seen)
    assert call["tokens_in"] == 120
    assert len({event["task_run_id"] for event in seen.events if "task_run_id" in event}) == 1


def test_a_call_given_up_late_is_shown_where_its_root_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    handler = HiveLoopCallbackHandler()
    with capture_events() as seen:
        handler.on_chain_start({}, {}, run_id="root", name="work")
        handler.on_chat_model_start({}, [[]], run_id="model", parent_run_id="root")
        handler.on_chain_end({"out": 1}, run_id="root")
        now = time.perf_counter_ns() + 601_000_000_000
        monkeypatch.setattr(time, "perf_counter_ns", lambda: now)
        wall = time.time() + 601
        monkeypatch.setattr(time, "time", lambda: wall)
        unended.sweep_late()
    (event,) = seen.kinds("llm_call")
    ended = seen.of_type("task_completed")[0]["timestamp"]
    assert event["timestamp"][:16] == ended[:16]
    assert "duration_ms" not in event["payload"]["data"]


async def test_a_task_that_calls_often_does_not_collect_hooks(hive: Any) -> None:
    for _ in range(5):
        await Scripted(script=[says("hi")]).ainvoke("q", _with())
    task = asyncio.current_task()
    assert "_task_ended" not in repr(task)
    assert len(calls(hive)) == 5


async def test_a_half_read_stream_is_not_ended_with_the_task_that_read_it(hive: Any) -> None:
    stream = Scripted(script=[says("a b c d")]).astream("q", _with())
    await asyncio.create_task(anext(stream))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    assert calls(hive) == []
    async for _ in stream:
        pass
    (call,) = calls(hive)
    assert call["tokens_in"] == 120


# -- what a step leaves behind --


def test_work_left_behind_belongs_to_the_task_that_ended() -> None:
    async def work() -> None:
        kept: list[Any] = []
        go = asyncio.Event()

        async def behind() -> None:
            await go.wait()
            inner = RunnableLambda(lambda value: value, name="inner")
            await (inner | Scripted(script=[says("done")])).ainvoke("q")

        async def node(state: State) -> dict[str, Any]:
            kept.append(asyncio.create_task(behind()))
            return {"said": [1]}

        graph = StateGraph(State).add_node("node", node).add_edge(START, "node")
        await graph.compile(name="sales").ainvoke({"said": []})
        go.set()
        await kept[0]

    hiveloop_langchain.instrument()
    with capture_events() as seen:
        asyncio.run(work())
    (started,) = seen.of_type("task_started")
    assert {event["agent_id"] for event in seen.events} == {started["agent_id"]}
    assert len({event["task_run_id"] for event in seen.events if "task_run_id" in event}) == 1
    node, late = seen.of_type("action_started")
    assert (late["payload"]["action_name"], late["parent_action_id"]) == ("inner", node["action_id"])
    assert seen.kinds("llm_call")[0]["action_id"] == node["action_id"]


def test_what_ended_long_ago_is_nobodys_parent(hive: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    handler = HiveLoopCallbackHandler()
    handler.on_chain_start({}, {}, run_id="root", name="work")
    handler.on_chain_end({}, run_id="root")
    later = time.perf_counter_ns() + 301_000_000_000
    monkeypatch.setattr(time, "perf_counter_ns", lambda: later)
    handler.on_chain_start({}, {}, run_id="own", parent_run_id="root", name="other")
    handler.on_chain_end({}, run_id="own")
    assert types(hive) == ["task_started", "task_completed"] * 2


def test_records_of_ended_runs_are_not_kept(hive: Any) -> None:
    from hiveloop_langchain._runs import Run

    def alive() -> int:
        gc.collect()
        return sum(type(found) is Run for found in gc.get_objects())

    before = alive()
    RunnableLambda(lambda value: RunnableLambda(lambda v: v, name="inner").invoke(value)).invoke(1, _with())
    assert alive() == before


def test_a_run_that_begins_where_another_is_given_up_keeps_its_own_id(hive: Any) -> None:
    handler = HiveLoopCallbackHandler()
    leaked, own = uuid4(), uuid4()
    handler.on_chain_start({}, {}, run_id=leaked, name="leaked")
    state.runs.values()[0].started -= 25 * 3600 * 1_000_000_000
    handler.on_chain_start({}, {}, run_id=own, name="work")
    handler.on_chain_end({}, run_id=own)
    told = [(event["event_type"], event["task_run_id"]) for event in hive.events if "task_run_id" in event]
    assert told == [
        ("task_started", str(leaked)),
        ("task_completed", str(leaked)),
        ("task_started", str(own)),
        ("task_completed", str(own)),
    ]


# -- more under way than there is room for --


def test_a_root_that_had_to_go_is_aborted_and_its_children_stay_with_it(
    hive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state.runs, "_max_runs", 4)
    handler = HiveLoopCallbackHandler(agent="busy")
    for label in ("a", "b", "c"):
        handler.on_chain_start({}, {}, run_id=label, name="work")
        handler.on_chat_model_start({}, [[]], run_id=f"{label}-model", parent_run_id=label)
    (aborted,) = hive.of_type("task_completed")
    assert aborted["status"] == "aborted"
    handler.on_tool_start({"name": "t"}, "", run_id="a-tool", parent_run_id="a")
    handler.on_tool_end("x", run_id="a-tool")
    assert len(hive.of_type("task_started")) == 3
    (tool,) = [e for e in hive.of_type("action_started") if e["payload"]["kind"] == "tool"]
    assert tool["task_run_id"] == aborted["task_run_id"]
    for label in ("a", "b", "c"):
        handler.on_llm_end(None, run_id=f"{label}-model")
        handler.on_chain_end({}, run_id=label)
    runs = [event["task_run_id"] for event in hive.of_type("task_completed")]
    assert len(runs) == len(set(runs)) == 3
    assert len(calls(hive)) == 3


def test_what_begins_in_a_run_that_went_long_ago_is_no_task(
    hive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state.runs, "_max_runs", 10)
    handler = HiveLoopCallbackHandler(agent="busy")
    for number in range(1_000):
        handler.on_chain_start({}, {}, run_id=f"root-{number}", name="work")
    assert [event["status"] for event in hive.of_type("task_completed")] == ["aborted"] * 990
    hive.clear()
    handler.on_tool_start({"name": "t"}, "", run_id="tool", parent_run_id="root-0")
    handler.on_chat_model_start({}, [[]], run_id="model", parent_run_id="tool")
    handler.on_llm_end(None, run_id="model")
    handler.on_chain_start({}, {}, run_id="chain", parent_run_id="tool", name="inner")
    handler.on_tool_end("x", run_id="tool")
    handler.on_chain_start({}, {}, run_id="later", parent_run_id="tool", name="inner")
    handler.on_chain_error(ValueError(), run_id="later")
    handler.on_chain_end({}, run_id="root-0")
    (call,) = hive.kinds("llm_call")
    assert call["agent_id"] == "busy"
    assert not {"task_id", "action_id"} & call.keys()
    # The others are of roots that had to go for these.
    assert set(types(hive)) == {"llm_call", "task_completed"}


def test_steps_and_calls_that_had_to_go_are_told_as_aborted(
    hive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = HiveLoopCallbackHandler()
    handler.on_tool_start({"name": "t"}, "", run_id="tool", parent_run_id=None)
    handler.on_tool_start({"name": "inner"}, "", run_id="inner", parent_run_id="tool")
    handler.on_chat_model_start({}, [[]], run_id="model")
    monkeypatch.setattr(state.runs, "_max_runs", 1)
    for label in "abc":
        handler.on_chain_start({}, {}, run_id=label, name="work")
    assert {event["status"] for event in hive.of_type("action_completed")} == {"aborted"}
    assert calls(hive)[0]["metadata"]["outcome"] == "aborted"
