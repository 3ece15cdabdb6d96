"""Runs that stop to ask, and go on when the thread is resumed."""

from __future__ import annotations

import asyncio
import operator
from typing import Annotated, Any, TypedDict

import hiveloop
import hiveloop_langchain
import pytest
from hiveloop.testing.conformance import assert_closed
from hiveloop_langchain import HiveLoopCallbackHandler
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command, interrupt

from .scripted import TELLS_PAUSES, Scripted, calls, says, types


class State(TypedDict):
    said: Annotated[list[Any], operator.add]


def _ask(state: State) -> dict[str, Any]:
    return {"said": [interrupt({"question": "go on?"})]}


def _graph(node: Any = _ask, **compiled: Any) -> Any:
    graph = StateGraph(State)
    graph.add_node("ask", node)
    graph.add_edge(START, "ask")
    return graph.compile(checkpointer=InMemorySaver(), **compiled)


def _config(thread: str = "t1") -> Any:
    return {"configurable": {"thread_id": thread}, "callbacks": [HiveLoopCallbackHandler(agent="asker")]}


def _approvals(seen: Any) -> list[tuple[str, str]]:
    events = seen.of_type("approval_requested", "approval_received")
    return [(event["event_type"], event["payload"]["data"]["approval_id"]) for event in events]


def _invoke(graph: Any, inputs: Any, config: Any, asynchronous: bool) -> Any:
    return asyncio.run(graph.ainvoke(inputs, config)) if asynchronous else graph.invoke(inputs, config)


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("instrumented", [False, True])
def test_an_interrupt_waits_and_a_resume_goes_on_with_the_same_task(
    hive: Any, asynchronous: bool, instrumented: bool
) -> None:
    config = _config()
    if instrumented:
        config.pop("callbacks")
        hiveloop_langchain.instrument(agent="asker")
    try:
        graph = _graph()
        _invoke(graph, {"said": []}, config, asynchronous)
        assert types(hive) == ["task_started", "action_started", "approval_requested", "action_completed"]
        _invoke(graph, Command(resume="approve"), config, asynchronous)
    finally:
        hiveloop_langchain.uninstrument()
    (asked, asked_id), (answered, answered_id) = _approvals(hive)
    assert (asked, answered) == ("approval_requested", "approval_received")
    assert asked_id == answered_id
    assert hive.of_type("approval_received")[0]["payload"]["data"]["decision"] == "approved"
    assert len({event["task_run_id"] for event in hive.events if event.get("task_run_id")}) == 1
    assert types(hive)[-1] == "task_completed"
    assert hive.of_type("approval_requested")[0]["payload"]["data"]["question"] == "go on?"


def test_an_interrupt_is_no_failure(hive: Any) -> None:
    _graph().invoke({"said": []}, _config())
    assert not hive.of_type("action_failed", "task_failed")
    (node,) = hive.of_type("action_completed")
    assert node["payload"]["outcome"] == "interrupted"


def test_an_interrupt_in_a_subgraph_is_asked_once(hive: Any) -> None:
    inner = StateGraph(State)
    inner.add_node("deep", _ask)
    inner.add_edge(START, "deep")
    graph = _graph(inner.compile())
    graph.invoke({"said": []}, _config())
    assert len(hive.of_type("approval_requested")) == 1
    graph.invoke(Command(resume=True), _config())
    assert [name for name, _ in _approvals(hive)] == ["approval_requested", "approval_received"]
    assert types(hive)[-1] == "task_completed"


def test_two_questions_in_a_row_are_two_approvals_of_one_task(hive: Any) -> None:
    def twice(state: State) -> dict[str, Any]:
        return {"said": [interrupt("first?"), interrupt("second?")]}

    graph = _graph(twice)
    graph.invoke({"said": []}, _config())
    graph.invoke(Command(resume="yes"), _config())
    assert not hive.of_type("task_completed")
    graph.invoke(Command(resume="no"), _config())
    ids = _approvals(hive)
    assert [name for name, _ in ids] == ["approval_requested", "approval_received"] * 2
    assert ids[0][1] == ids[1][1] != ids[2][1] == ids[3][1]
    decisions = [event["payload"]["data"]["decision"] for event in hive.of_type("approval_received")]
    assert decisions == ["approved", "rejected"]
    assert len(hive.of_type("task_started")) == 1
    assert len(hive.of_type("task_completed")) == 1


def test_parallel_questions_are_answered_by_their_ids(hive: Any) -> None:
    graph = StateGraph(State)
    for name in ("left", "right"):
        graph.add_node(name, _ask)
        graph.add_edge(START, name)
    compiled = graph.compile(checkpointer=InMemorySaver())
    state = compiled.invoke({"said": []}, _config())
    first, second = (found.id for found in state["__interrupt__"])
    compiled.invoke(Command(resume={first: "yes"}), _config())
    assert not hive.of_type("task_completed")
    compiled.invoke(Command(resume={second: "no"}), _config())
    asked = {event["payload"]["data"]["approval_id"] for event in hive.of_type("approval_requested")}
    assert asked == {first, second}
    assert len(hive.of_type("approval_requested")) == 2
    answered = {
        event["payload"]["data"]["approval_id"]: event["payload"]["data"]["decision"]
        for event in hive.of_type("approval_received")
    }
    assert answered == {first: "approved", second: "rejected"}
    assert len(hive.of_type("task_completed")) == 1


def test_a_tool_waits_for_approval_by_middleware(hive: Any) -> None:
    @tool
    def send(to: str) -> str:
        """Send."""
        return f"sent to {to}"

    script = [says("", ("send", {"to": "bob"})), says("done")]
    hitl = HumanInTheLoopMiddleware(interrupt_on={"send": True})
    agent = create_agent(Scripted(script=script), [send], middleware=[hitl], checkpointer=InMemorySaver())
    agent.invoke({"messages": [("user", "write to bob")]}, _config())
    (asked,) = hive.of_type("approval_requested")
    assert asked["payload"]["summary"] == "Approve send?"
    assert asked["payload"]["data"]["tools"] == ["send"]
    assert asked["payload"]["data"]["arguments"] == [{"to": "bob"}]
    agent.invoke(Command(resume={"decisions": [{"type": "approve"}]}), _config())
    assert hive.of_type("approval_received")[0]["payload"]["data"]["decision"] == "approved"
    assert [call["metadata"]["turn_number"] for call in calls(hive)] == [1, 2]
    assert len(hive.of_type("task_completed")) == 1


def test_a_rejected_tool_is_a_rejected_approval(hive: Any) -> None:
    @tool
    def send(to: str) -> str:
        """Send."""
        raise AssertionError("never called")

    script = [says("", ("send", {"to": "bob"})), says("fine")]
    hitl = HumanInTheLoopMiddleware(interrupt_on={"send": True})
    agent = create_agent(Scripted(script=script), [send], middleware=[hitl], checkpointer=InMemorySaver())
    agent.invoke({"messages": [("user", "write to bob")]}, _config())
    agent.invoke(Command(resume={"decisions": [{"type": "reject", "message": "no"}]}), _config())
    assert hive.of_type("approval_received")[0]["payload"]["data"]["decision"] == "rejected"
    assert hive.of_type("task_completed")[0]["status"] == "success"


@pytest.mark.skipif(not TELLS_PAUSES, reason="langgraph before 1.1.7 does not tell handlers that it paused")
@pytest.mark.parametrize("instrumented", [False, True])
@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_static_breakpoint_is_an_approval(hive: Any, instrumented: bool, asynchronous: bool) -> None:
    config = _config()
    if instrumented:
        config.pop("callbacks")
        hiveloop_langchain.instrument(agent="asker")
    try:
        graph = _graph(lambda state: {"said": ["done"]}, interrupt_before=["ask"])
        _invoke(graph, {"said": []}, config, asynchronous)
        (asked,) = hive.of_type("approval_requested")
        assert asked["payload"]["data"]["kind"] == "breakpoint"
        assert not hive.of_type("task_completed")
        _invoke(graph, None, config, asynchronous)
    finally:
        hiveloop_langchain.uninstrument()
    assert [name for name, _ in _approvals(hive)] == ["approval_requested", "approval_received"]
    assert len(hive.of_type("task_started")) == 1
    assert len(hive.of_type("task_completed")) == 1


def test_threads_that_wait_are_told_apart(hive: Any) -> None:
    graph = _graph()
    graph.invoke({"said": []}, _config("one"))
    graph.invoke({"said": []}, _config("two"))
    graph.invoke(Command(resume="yes"), _config("two"))
    started = {e["payload"]["session_id"]: e["task_run_id"] for e in hive.of_type("task_started")}
    (done,) = hive.of_type("task_completed")
    assert done["task_run_id"] == started["two"]


def test_new_input_on_a_waiting_thread_abandons_the_old_task(hive: Any) -> None:
    graph = _graph()
    graph.invoke({"said": []}, _config())
    graph.invoke({"said": ["never mind"]}, _config())
    first, second = hive.of_type("task_started")
    (ended,) = hive.of_type("task_completed")
    assert (ended["task_run_id"], ended["status"]) == (first["task_run_id"], "abandoned")
    assert second["task_run_id"] != first["task_run_id"]


def test_a_resume_of_what_another_process_asked_still_tells_the_answer(hive: Any) -> None:
    from hiveloop_langchain._runs import state

    graph = _graph()
    waiting = graph.invoke({"said": []}, _config())["__interrupt__"][0]
    state.waiting.clear()
    graph.invoke(Command(resume={waiting.id: "yes"}), _config())
    assert [name for name, _ in _approvals(hive)] == ["approval_requested", "approval_received"]
    assert len({approval_id for _, approval_id in _approvals(hive)}) == 1
    assert len({event["payload"]["session_id"] for event in hive.of_type("task_started")}) == 1


def test_an_interrupt_inside_a_hiveloop_task_is_asked_and_answered_there(hive: Any) -> None:
    graph = _graph()
    with hiveloop.agent("human").task("t-1"):
        graph.invoke({"said": []}, _config())
        graph.invoke(Command(resume="yes"), _config())
    assert {event["task_id"] for event in hive.events if event.get("task_id")} == {"t-1"}
    assert [name for name, _ in _approvals(hive)] == ["approval_requested", "approval_received"]
    assert len({approval_id for _, approval_id in _approvals(hive)}) == 1
    assert hive.of_type("task_completed")[0]["status"] == "success"
    assert_closed(hive)


def test_an_interrupt_that_stops_only_an_inner_graph_does_not_hold_the_outer_one(hive: Any) -> None:
    inner = _graph()

    def outer(state: State) -> dict[str, Any]:
        inner.invoke({"said": []}, {"configurable": {"thread_id": "inner"}})
        return {"said": ["went on"]}

    graph = StateGraph(State)
    graph.add_node("outer", outer)
    graph.add_edge(START, "outer")
    state = graph.compile().invoke({"said": []}, _config())
    assert state["said"] == ["went on"]
    assert len(hive.of_type("approval_requested")) == 1
    assert hive.of_type("task_completed")[0]["status"] == "success"
    assert_closed(hive)
