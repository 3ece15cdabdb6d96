"""One line for the process: what it covers, what it leaves alone, and that it goes away again."""

from __future__ import annotations

import copy
import subprocess
import sys
import threading
from typing import Any

import hiveloop
import hiveloop_langchain
import pytest
from hiveloop import Intervention
from hiveloop.adapters import add_gate, remove_gate
from hiveloop.testing.conformance import assert_closed
from hiveloop_langchain import HiveLoopCallbackHandler
from langchain.agents import create_agent
from langchain_core.callbacks import BaseCallbackHandler, CallbackManager
from langchain_core.runnables import RunnableLambda
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import interrupt

from .scripted import Scripted, calls, says, types

ASKED = {"messages": [("user", "hi")]}


def _agent(**kwargs: Any) -> Any:
    return create_agent(Scripted(script=[says("hello")]), [], **kwargs)


def test_everything_is_seen_without_touching_the_calls(hive: Any) -> None:
    hiveloop_langchain.instrument(agent="seen", project="p")
    _agent().invoke(ASKED)
    started = hive.of_type("task_started")[0]
    assert (started["agent_id"], started["project_id"]) == ("seen", "p")
    assert len(calls(hive)) == 1


def test_new_threads_are_covered(hive: Any) -> None:
    hiveloop_langchain.instrument()
    thread = threading.Thread(target=_agent().invoke, args=(ASKED,))
    thread.start()
    thread.join(timeout=10)
    assert len(hive.of_type("task_started")) == 1


def test_an_explicit_handler_takes_precedence_and_nothing_is_told_twice(hive: Any) -> None:
    hiveloop_langchain.instrument(agent="everywhere", capture_content=True)
    handler = HiveLoopCallbackHandler(agent="here", capture_content=False)
    _agent().invoke(ASKED, {"callbacks": [handler]})
    assert [event["agent_id"] for event in hive.of_type("task_started")] == ["here"]
    assert len(calls(hive)) == 1
    assert b"hello" not in hive.raw


def test_two_explicit_handlers_tell_a_run_once(hive: Any) -> None:
    _agent().invoke(
        ASKED, {"callbacks": [HiveLoopCallbackHandler(agent="a"), HiveLoopCallbackHandler(agent="b")]}
    )
    assert [event["agent_id"] for event in hive.of_type("task_started")] == ["a"]
    assert len(calls(hive)) == 1
    assert_closed(hive)


def test_instrumenting_again_changes_the_settings(hive: Any) -> None:
    hiveloop_langchain.instrument(agent="first")
    hiveloop_langchain.instrument(agent="second")
    _agent().invoke(ASKED)
    assert [event["agent_id"] for event in hive.of_type("task_started")] == ["second"]


def test_a_run_under_way_is_told_to_its_end_after_uninstrument(hive: Any) -> None:
    hiveloop_langchain.instrument()

    def work(value: int) -> int:
        hiveloop_langchain.uninstrument()
        return value

    RunnableLambda(work).invoke(1)
    assert types(hive) == ["task_started", "task_completed"]


def test_uninstrument_leaves_a_later_wrapper_of_somebody_else_in_place(hive: Any) -> None:
    callbacks = pytest.importorskip("langgraph.callbacks", reason="langgraph before 1.1.7")
    _GraphCallbackManager = callbacks._GraphCallbackManager
    before = vars(_GraphCallbackManager)["configure"]
    hiveloop_langchain.instrument()
    ours = vars(_GraphCallbackManager)["configure"]
    theirs = classmethod(lambda cls, *args, **kwargs: ours.__func__(cls, *args, **kwargs))
    _GraphCallbackManager.configure = theirs  # type: ignore[method-assign, assignment]
    try:
        hiveloop_langchain.uninstrument()
        assert vars(_GraphCallbackManager)["configure"] is theirs
        assert _GraphCallbackManager.configure([]).handlers == []
    finally:
        _GraphCallbackManager.configure = before  # type: ignore[method-assign]


def test_other_handlers_still_get_everything(hive: Any) -> None:
    class Other(BaseCallbackHandler):
        seen: list[str] = []

        def on_chain_start(self, *args: Any, **kwargs: Any) -> None:
            self.seen.append("start")

    hiveloop_langchain.instrument()
    RunnableLambda(lambda value: value).invoke(1, {"callbacks": [Other()]})
    assert Other.seen == ["start"]


def test_without_the_moved_symbols_the_rest_still_works(hive: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    callbacks = pytest.importorskip("langgraph.callbacks", reason="langgraph before 1.1.7")
    with monkeypatch.context() as moved:
        moved.delattr(callbacks, "_GraphCallbackManager")
        moved.delattr(callbacks, "_AsyncGraphCallbackManager")
        hiveloop_langchain.instrument()

    def ask(state: Any) -> Any:
        return {"messages": [interrupt("ok?")]}

    graph = StateGraph(dict)
    graph.add_node("ask", ask)
    graph.add_edge(START, "ask")
    graph.compile(checkpointer=InMemorySaver()).invoke({}, {"configurable": {"thread_id": "1"}})
    assert len(hive.of_type("approval_requested")) == 1
    assert not hive.of_type("task_completed")


def test_the_registry_turns_it_on_by_name(hive: Any) -> None:
    assert hiveloop.instrument("langchain") == ("langchain",)
    _agent().invoke(ASKED)
    assert hive.of_type("task_started")


def test_a_handler_survives_copies_and_managers(hive: Any) -> None:
    handler = HiveLoopCallbackHandler(agent="copied")
    twin = copy.deepcopy(copy.copy(handler))
    merged = CallbackManager([handler]).merge(CallbackManager([handler]))
    assert merged.handlers == [handler]
    _agent().invoke(ASKED, {"callbacks": [twin]})
    assert hive.of_type("task_started")[0]["agent_id"] == "copied"


def test_before_init_it_does_nothing_and_harms_nothing() -> None:
    result = _agent().invoke(ASKED, {"callbacks": [HiveLoopCallbackHandler()]})
    assert result["messages"][-1].content == "hello"


def test_importing_it_imports_no_framework() -> None:
    program = (
        "import sys, hiveloop_langchain\n"
        "assert not {'langchain', 'langchain_core', 'langgraph', 'pydantic'} & set(sys.modules)\n"
        "assert 'HiveLoopCallbackHandler' in dir(hiveloop_langchain)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_an_intervention_that_is_swallowed_is_raised_again(hive: Any) -> None:
    """A framework that turns it into an error message must not go on calling the model."""

    class Enough(Intervention):
        pass

    def ask(task: Any, kind: str, name: str, arguments: Any) -> None:
        if kind == "tool":
            raise Enough

    model = Scripted(script=[says("answer")])

    def work(value: Any) -> Any:
        with pytest.raises(Enough):
            lookup.invoke({"value": 1})
        return model.invoke("go on anyway")

    lookup = _tool()
    add_gate(ask)
    try:
        with pytest.raises(Enough):
            RunnableLambda(work).invoke(1, {"callbacks": [HiveLoopCallbackHandler()]})
    finally:
        remove_gate(ask)
    assert calls(hive) == []
    assert hive.of_type("task_failed")[0]["payload"]["exception_type"] == "Enough"
    assert hive.of_type("action_failed")[0]["payload"]["exception_type"] == "Enough"
    assert_closed(hive)


def _tool() -> Any:
    from langchain_core.tools import tool

    @tool
    def lookup(value: int) -> int:
        """Look up."""
        raise AssertionError("never runs")

    return lookup


def test_an_intervention_at_a_bare_tool_ends_its_task(hive: Any) -> None:
    class Enough(Intervention):
        pass

    def ask(task: Any, kind: str, name: str, arguments: Any) -> None:
        raise Enough

    add_gate(ask)
    try:
        with pytest.raises(Enough):
            _tool().invoke({"value": 1}, {"callbacks": [HiveLoopCallbackHandler()]})
    finally:
        remove_gate(ask)
    assert types(hive) == ["task_started", "action_started", "action_failed", "task_failed"]
    assert_closed(hive)


def test_the_gate_sees_names_and_arguments(hive: Any) -> None:
    asked: list[Any] = []

    def ask(task: Any, kind: str, name: str, arguments: Any) -> None:
        asked.append((kind, name, arguments))

    from langchain_core.tools import tool

    @tool
    def double(value: int) -> int:
        """Double."""
        return value * 2

    add_gate(ask)
    try:
        script = [says("", ("double", {"value": 2})), says("4")]
        create_agent(Scripted(script=script), [double]).invoke(
            ASKED, {"callbacks": [HiveLoopCallbackHandler()]}
        )
    finally:
        remove_gate(ask)
    assert [(kind, name) for kind, name, _ in asked] == [
        ("llm", "model"),
        ("tool", "double"),
        ("llm", "model"),
    ]
    assert asked[1][2] == {"value": 2}
    assert asked[0][2]["model"] == "scripted"
