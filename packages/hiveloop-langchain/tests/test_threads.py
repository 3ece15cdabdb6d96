"""Graphs that wait inside of other calls, beside other graphs on their thread, and for an answer given elsewhere."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Annotated, Any, TypedDict

import hiveloop
import hiveloop_langchain
import pytest
from hiveloop.testing.conformance import assert_closed
from hiveloop_langchain import HiveLoopCallbackHandler
from hiveloop_langchain._runs import state
from langchain_core.runnables import RunnableLambda
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command, interrupt

from .scripted import types


class State(TypedDict):
    said: Annotated[list[Any], operator.add]


THREAD: Any = {"configurable": {"thread_id": "t1"}}


@pytest.fixture(autouse=True, params=["instrumented", "explicit"])
def told(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Config of the outermost call."""
    if request.param == "explicit":
        return {"callbacks": [HiveLoopCallbackHandler(agent="asker")]}
    hiveloop_langchain.instrument(agent="asker")
    return {}


def _ask(state: State) -> dict[str, Any]:
    return {"said": [interrupt("go on?")]}


def _graph(nodes: dict[str, Callable[[State], Any]], **compiled: Any) -> Any:
    graph = StateGraph(State)
    before = START
    for name, node in nodes.items():
        graph.add_node(name, node)
        graph.add_edge(before, name)
        before = name
    return graph.compile(checkpointer=InMemorySaver(), **compiled)


def _approvals(seen: Any) -> list[tuple[str, Any]]:
    events = seen.of_type("approval_requested", "approval_received")
    return [(event["event_type"], event["payload"]["data"].get("approval_id")) for event in events]


def _one_task_asked_and_answered(seen: Any) -> None:
    assert len(seen.of_type("task_started")) == 1
    (ended,) = seen.of_type("task_completed", "task_failed")
    assert ended["status"] == "success"
    assert len({event["task_run_id"] for event in seen.events if event.get("task_run_id")}) == 1
    (asked, asked_id), (answered, answered_id) = _approvals(seen)
    assert (asked, answered) == ("approval_requested", "approval_received")
    assert asked_id == answered_id is not None
    assert types(seen)[-1] == "task_completed"
    assert_closed(seen)


# -- inside of another call --


@pytest.mark.parametrize("name", [None, "refunds"])
def test_a_wrapped_graph_waits_and_goes_on_as_one_task(hive: Any, told: Any, name: str | None) -> None:
    graph = _graph({"ask": _ask}, name=name)
    endpoint = RunnableLambda(lambda value: graph.invoke(value, THREAD))
    endpoint.invoke({"said": []}, told)
    assert not hive.of_type("task_completed")
    endpoint.invoke(Command(resume="yes"), told)
    _one_task_asked_and_answered(hive)
    assert hive.of_type("approval_requested")[0]["payload"]["data"]["thread_id"] == "t1"


def test_a_graph_in_a_chain_waits_and_goes_on_as_one_task(hive: Any, told: Any) -> None:
    chain = RunnableLambda(lambda value: value, name="before") | _graph({"ask": _ask})
    chain.invoke({"said": []}, {**told, **THREAD})
    chain.invoke(Command(resume="yes"), {**told, **THREAD})
    _one_task_asked_and_answered(hive)
    assert [e["payload"]["action_name"] for e in hive.of_type("action_started")] == ["before", "ask"] * 2


def test_threads_inside_of_the_same_call_are_told_apart(hive: Any, told: Any) -> None:
    graph = _graph({"ask": _ask})
    endpoint = RunnableLambda(
        lambda value: graph.invoke(value["given"], {"configurable": {"thread_id": value["thread"]}})
    )
    for thread in ("one", "two"):
        endpoint.invoke({"thread": thread, "given": {"said": []}}, told)
    one, two = hive.of_type("task_started")
    endpoint.invoke({"thread": "one", "given": Command(resume="yes")}, told)
    ended = [event["task_run_id"] for event in hive.of_type("task_completed")]
    assert one["task_run_id"] in ended
    assert two["task_run_id"] not in ended
    (answered,) = hive.of_type("approval_received")
    assert answered["task_run_id"] == one["task_run_id"]


def test_a_graph_asked_and_answered_inside_of_one_call_is_not_waited_for(hive: Any, told: Any) -> None:
    graph = _graph({"ask": _ask})

    def work(value: Any) -> Any:
        graph.invoke(value, THREAD)
        return graph.invoke(Command(resume="yes"), THREAD)

    RunnableLambda(work).invoke({"said": []}, told)
    _one_task_asked_and_answered(hive)
    assert len(state.waiting) == 0


def test_a_call_with_an_answer_for_no_graph_at_all_is_a_task_of_its_own(hive: Any, told: Any) -> None:
    graph = _graph({"ask": _ask})
    graph.invoke({"said": []}, {**told, **THREAD})
    hive.clear()

    def work(value: Any) -> str:
        current = hiveloop.current_task()
        assert current is not None
        current.event({"seen": True})
        return "done"

    RunnableLambda(work).invoke(Command(resume="yes"), told)
    assert types(hive)[0] == "task_started"
    assert types(hive)[-1] == "task_completed"
    assert len(hive.of_type("task_started")) == 1
    assert len({event["task_run_id"] for event in hive.events}) == 1


def test_a_wrapped_graph_inside_a_hiveloop_task_is_asked_and_answered_there(hive: Any, told: Any) -> None:
    graph = _graph({"ask": _ask})
    endpoint = RunnableLambda(lambda value: graph.invoke(value, THREAD))
    with hiveloop.agent("human").task("t-1"):
        endpoint.invoke({"said": []}, told)
        endpoint.invoke(Command(resume="yes"), told)
    assert {event["task_id"] for event in hive.events if event.get("task_id")} == {"t-1"}
    (_, asked), (_, answered) = _approvals(hive)
    assert asked == answered


# -- beside another graph --


def test_another_graph_on_the_thread_leaves_the_one_that_waits(hive: Any, told: Any) -> None:
    asking = _graph({"plan": lambda state: {"said": [1]}, "ask": _ask})
    other = _graph({"greet": lambda state: {"said": [2]}})
    config = {**told, **THREAD}
    asking.invoke({"said": []}, config)
    other.invoke({"said": []}, config)
    asking.invoke(Command(resume="yes"), config)
    first, second = hive.of_type("task_started")
    assert {(e["task_run_id"], e["status"]) for e in hive.of_type("task_completed")} == {
        (first["task_run_id"], "success"),
        (second["task_run_id"], "success"),
    }
    (_, asked), (_, answered) = _approvals(hive)
    assert asked == answered


def test_new_input_to_the_graph_that_waits_is_known_by_where_it_begins(hive: Any, told: Any) -> None:
    graph = _graph({"plan": lambda state: {"said": [1]}, "ask": _ask})
    config = {**told, **THREAD}
    graph.invoke({"said": []}, config)
    graph.invoke({"said": []}, config)
    first, _ = hive.of_type("task_started")
    (ended,) = hive.of_type("task_completed")
    assert (ended["task_run_id"], ended["status"]) == (first["task_run_id"], "abandoned")


def test_two_that_wait_on_a_thread_are_answered_by_their_questions(hive: Any, told: Any) -> None:
    config = {**told, **THREAD}
    asking = [_graph({name: _ask}) for name in ("left", "right")]
    ids = [graph.invoke({"said": []}, config)["__interrupt__"][0].id for graph in asking]
    for graph, interrupt_id in zip(asking, ids, strict=True):
        graph.invoke(Command(resume={interrupt_id: "yes"}), config)
    runs = {e["payload"]["data"]["approval_id"]: e["task_run_id"] for e in hive.of_type("approval_requested")}
    answered = {
        e["payload"]["data"]["approval_id"]: e["task_run_id"] for e in hive.of_type("approval_received")
    }
    assert answered == runs
    assert len(set(runs.values())) == 2
    assert [event["status"] for event in hive.of_type("task_completed")] == ["success", "success"]


def test_no_more_than_a_few_wait_on_one_thread(hive: Any, told: Any) -> None:
    config = {**told, **THREAD}
    for number in range(10):
        _graph({f"ask{number}": _ask}).invoke({"said": []}, config)
    assert [event["status"] for event in hive.of_type("task_completed")] == ["abandoned"] * 2


# -- in another process --


def _forget_as_another_process_would() -> None:
    state.waiting.clear()


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("nested", [False, True])
def test_an_answer_given_elsewhere_finds_its_question(
    hive: Any, told: Any, nested: bool, wrapped: bool
) -> None:
    inner = StateGraph(State).add_node("deep", _ask).add_edge(START, "deep").compile()
    graph: Any = _graph({"before": lambda state: {"said": [1]}, "ask": inner if nested else _ask})
    config = {**told, **THREAD}
    if wrapped:
        inside = graph
        graph = RunnableLambda(lambda value: inside.invoke(value, THREAD))
        config = told
    graph.invoke({"said": []}, config)
    _forget_as_another_process_would()
    graph.invoke(Command(resume="yes"), config)
    (_, asked), (_, answered) = _approvals(hive)
    assert asked == answered
    assert len(hive.of_type("task_completed")) == 1


def test_a_run_that_the_program_names_goes_on_elsewhere(hive: Any, told: Any) -> None:
    graph = _graph({"ask": _ask})
    named = {"metadata": {"task_id": "ticket-7", "task_run_id": "ticket-7-turn-1"}}
    config = {**told, **THREAD, **named}
    graph.invoke({"said": []}, config)
    _forget_as_another_process_would()
    graph.invoke(Command(resume="yes"), config)
    _one_task_asked_and_answered(hive)
    assert hive.of_type("task_started")[0]["task_run_id"] == "ticket-7-turn-1"
