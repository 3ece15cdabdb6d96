"""How runs end: failures told once, control flow that is none, cancellation, streams left early, bare calls."""

from __future__ import annotations

import asyncio
import inspect
import operator
import threading
import time
from typing import Annotated, Any, TypedDict

import hiveloop
import pytest
from hiveloop.testing import capture_events
from hiveloop.testing.conformance import assert_closed
from hiveloop_langchain import HiveLoopCallbackHandler
from langchain.agents import create_agent
from langchain_core.caches import InMemoryCache
from langchain_core.documents import Document
from langchain_core.language_models.fake import FakeListLLM
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import ToolException, tool
from langgraph.errors import GraphRecursionError
from langgraph.graph import START, StateGraph
from langgraph.types import Command

from .scripted import USAGE, Scripted, calls, names, says, types

ASKED = {"messages": [("user", "hi")]}


class State(TypedDict):
    said: Annotated[list[Any], operator.add]


def _with(**config: Any) -> Any:
    return {"callbacks": [HiveLoopCallbackHandler()], **config}


class StatusError(Exception):
    status_code = 429


# -- failures --


def test_a_failure_is_told_where_it_began_and_pointed_to_above(hive: Any) -> None:
    @tool
    def dig() -> str:
        """Dig."""
        raise ValueError("hit a pipe")

    agent = create_agent(Scripted(script=[says("", ("dig", {}))]), [dig])
    with pytest.raises(ValueError, match="hit a pipe"):
        agent.invoke(ASKED, _with())
    inner, outer = hive.of_type("action_failed")
    assert inner["payload"]["exception_message"] == "hit a pipe"
    assert "exception_message" not in outer["payload"]
    assert outer["payload"]["error_origin"] == inner["action_id"]
    (failed,) = hive.of_type("task_failed")
    assert failed["payload"]["exception_type"] == "ValueError"
    assert failed["payload"]["exception_message"] == "hit a pipe"
    assert failed["payload"]["error_origin"] == inner["action_id"]
    assert_closed(hive)


def test_a_failed_model_call_has_its_error_and_no_tokens(hive: Any) -> None:
    agent = create_agent(Scripted(script=[StatusError("slow down")]), [])
    with pytest.raises(StatusError):
        agent.invoke(ASKED, _with())
    (call,) = calls(hive)
    assert call["metadata"]["error"] == {"type": "StatusError", "message": "slow down", "status_code": 429}
    assert "tokens_in" not in call
    assert "tokens_out" not in call
    assert call["model"] == "scripted"


def test_a_child_that_fails_and_is_caught_does_not_fail_the_task(hive: Any) -> None:
    def fail(value: Any) -> Any:
        raise ValueError("caught")

    inner = RunnableLambda(fail)

    def work(value: Any) -> str:
        try:
            inner.invoke(value)
        except ValueError:
            return "fine"
        return "not reached"

    RunnableLambda(work).invoke(1, _with())
    assert names(hive, "action_failed") == ["fail"]
    assert hive.of_type("task_completed")[0]["status"] == "success"


def test_a_tool_message_with_an_error_is_a_failed_action(hive: Any) -> None:
    @tool
    def fussy() -> str:
        """Fuss."""
        raise ToolException("not today")

    fussy.handle_tool_error = True
    create_agent(Scripted(script=[says("", ("fussy", {})), says("ok")]), [fussy]).invoke(ASKED, _with())
    (failed,) = hive.of_type("action_failed")
    assert failed["payload"]["handled"] is True
    assert failed["payload"]["exception_message"] == "not today"
    assert hive.of_type("task_completed")


def test_the_recursion_limit_fails_the_task_and_reports_an_issue(hive: Any) -> None:
    @tool
    def again() -> str:
        """Again."""
        return "again"

    agent = create_agent(Scripted(script=[says("", ("again", {}))]), [again])
    with pytest.raises(GraphRecursionError):
        agent.invoke(ASKED, {"callbacks": [HiveLoopCallbackHandler(agent="looper")], "recursion_limit": 5})
    assert hive.of_type("task_failed")[0]["payload"]["exception_type"] == "GraphRecursionError"
    (issue,) = hive.kinds("issue")
    assert issue["payload"]["data"]["category"] == "recursion_limit"
    assert issue["agent_id"] == "looper"
    assert_closed(hive)


@pytest.mark.skipif(
    "error_handler" not in inspect.signature(StateGraph.add_node).parameters,
    reason="langgraph without error handlers",
)
def test_an_error_handled_by_the_graph_leaves_the_task_alone(hive: Any) -> None:
    def fail(state: State) -> Any:
        raise ValueError("node broke")

    graph = StateGraph(State)
    graph.add_node("risky", fail, error_handler=lambda state: {"said": ["handled"]})
    graph.add_edge(START, "risky")
    graph.compile().invoke({"said": []}, _with())
    assert names(hive, "action_failed") == ["risky"]
    assert hive.of_type("task_completed")[0]["status"] == "success"
    assert_closed(hive)


def test_an_error_without_a_text_is_named_by_its_type(hive: Any) -> None:
    def fail(value: Any) -> Any:
        raise KeyError

    with pytest.raises(KeyError):
        RunnableLambda(fail).invoke(1, _with())
    payload = hive.of_type("task_failed")[0]["payload"]
    assert payload["exception_type"] == "KeyError"
    assert "exception_message" not in payload


# -- control flow --


def test_a_handoff_to_the_parent_graph_is_an_outcome(hive: Any) -> None:
    inner = StateGraph(State)
    inner.add_node("decide", lambda state: Command(goto="other", graph=Command.PARENT))
    inner.add_edge(START, "decide")
    outer = StateGraph(State)
    outer.add_node("first", inner.compile(), destinations=("other",))
    outer.add_node("other", lambda state: {"said": ["here"]})
    outer.add_edge(START, "first")
    outer.compile().invoke({"said": []}, _with())
    assert not hive.of_type("action_failed", "task_failed")
    outcomes = {
        event["payload"]["action_name"]: (event["payload"].get("outcome"), event["payload"].get("handoff_to"))
        for event in hive.of_type("action_completed")
    }
    assert outcomes == {"decide": ("handoff", "other"), "first": ("handoff", "other"), "other": (None, None)}


# -- cancelled and left --


class Slow(Scripted):
    async def _agenerate(self, *args: Any, **kwargs: Any) -> Any:
        STARTED.set()
        await asyncio.Event().wait()


STARTED = threading.Event()


async def _cancelled(run: Any) -> None:
    STARTED.clear()
    task = asyncio.create_task(run)
    while not STARTED.is_set():
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_cancelled_agent_is_cancelled_with_its_open_model_call(hive: Any) -> None:
    await _cancelled(create_agent(Slow(script=[]), []).ainvoke(ASKED, _with()))
    assert hive.of_type("task_completed")[0]["status"] == "cancelled"
    assert [event["status"] for event in hive.of_type("action_completed")] == ["cancelled"]
    (call,) = calls(hive)
    assert call["metadata"]["outcome"] == "cancelled"
    assert "tokens_in" not in call
    assert_closed(hive)


def test_a_graph_stream_closed_early_is_abandoned(hive: Any) -> None:
    graph = StateGraph(State)
    graph.add_node("one", lambda state: {"said": [1]})
    graph.add_node("two", lambda state: {"said": [2]})
    graph.add_edge(START, "one")
    graph.add_edge("one", "two")
    stream = graph.compile().stream({"said": []}, _with())
    next(stream)
    stream.close()
    assert hive.of_type("task_completed")[0]["status"] == "abandoned"
    assert_closed(hive)


def test_a_chain_stream_closed_early_is_abandoned_and_keeps_its_tokens(hive: Any) -> None:
    chain = (
        ChatPromptTemplate.from_messages([("user", "{x}")])
        | Scripted(script=[says("a b c d")])
        | StrOutputParser()
    )
    stream = chain.stream({"x": "hi"}, _with())
    next(stream)
    stream.close()
    assert hive.of_type("task_completed")[0]["status"] == "abandoned"
    assert len(calls(hive)) == 1
    assert_closed(hive)


def test_a_model_call_nobody_ends_is_given_up(hive: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    handler = HiveLoopCallbackHandler()
    handler.on_chain_start({}, {}, run_id="root", name="work")
    handler.on_chat_model_start({}, [[]], run_id="model", parent_run_id="root")
    handler.on_chain_end({"out": 1}, run_id="root")
    assert types(hive) == ["task_started", "task_completed"]
    later = time.perf_counter_ns() + 601_000_000_000
    monkeypatch.setattr(time, "perf_counter_ns", lambda: later)
    RunnableLambda(lambda value: value).invoke(1, _with())
    (call,) = calls(hive)
    assert call["metadata"]["outcome"] == "abandoned"


def test_a_model_call_answered_after_its_root_still_counts(hive: Any) -> None:
    handler = HiveLoopCallbackHandler()
    handler.on_chain_start({}, {}, run_id="root", name="work")
    handler.on_chat_model_start({}, [[]], run_id="model", parent_run_id="root")
    handler.on_chain_end({"out": 1}, run_id="root")
    answer = Scripted(script=[says("late")])._generate([])
    handler.on_llm_end(_result(answer), run_id="model")
    (call,) = calls(hive)
    assert call["tokens_in"] == 120


def _result(answer: Any) -> Any:
    from langchain_core.outputs import LLMResult

    return LLMResult(generations=[answer.generations])


def test_an_action_nobody_ends_is_closed_with_its_root(hive: Any) -> None:
    handler = HiveLoopCallbackHandler()
    handler.on_chain_start({}, {}, run_id="root", name="work")
    handler.on_tool_start({"name": "lost"}, "", run_id="tool", parent_run_id="root")
    handler.on_chain_end({"out": 1}, run_id="root")
    (closed,) = hive.of_type("action_completed")
    assert closed["status"] == "abandoned"
    handler.on_tool_end("too late", run_id="tool")
    assert_closed(hive)


# -- bare calls --


class Shelf(BaseRetriever):
    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        if query == "fire":
            raise OSError("the shelf burnt")
        return [
            Document(page_content=f"page {n} " * 50, metadata={"source": f"{n}.txt"}, id=str(n))
            for n in range(8)
        ]


def test_a_bare_model_call_is_a_call_without_a_task(hive: Any) -> None:
    Scripted(script=[says("hello")]).invoke("hi", _with())
    assert types(hive) == ["llm_call"]
    (event,) = hive.kinds("llm_call")
    assert "task_id" not in event
    assert event["agent_id"] == "langchain"


def test_a_bare_model_call_inside_a_task_belongs_to_it(hive: Any) -> None:
    with hiveloop.agent("me").task("t") as task, task.agent.track_context("step") as step:
        Scripted(script=[says("hello")]).invoke("hi", _with())
    (event,) = hive.kinds("llm_call")
    assert (event["task_id"], event["action_id"]) == ("t", step.action_id)


def test_a_bare_retriever_is_an_action_without_a_task(hive: Any) -> None:
    Shelf().invoke("bees", _with())
    assert types(hive) == ["action_started", "action_completed"]
    started, ended = hive.of_type("action_started", "action_completed")
    assert started["payload"]["kind"] == "retrieval"
    assert started["payload"]["query"] == "bees"
    assert ended["payload"]["documents_count"] == 8
    assert len(ended["payload"]["documents"]) == 5
    assert ended["payload"]["documents"][0]["source"] == "0.txt"
    assert len(ended["payload"]["documents"][0]["preview"]) <= 120


def test_a_retriever_that_fails_is_a_failed_action(hive: Any) -> None:
    with pytest.raises(OSError, match="burnt"):
        Shelf().invoke("fire", _with())
    assert hive.of_type("action_failed")[0]["payload"]["exception_type"] == "OSError"


def test_a_bare_tool_is_a_task_with_that_action(hive: Any) -> None:
    @tool
    def double(value: int) -> int:
        """Double."""
        return value * 2

    double.invoke({"value": 4}, _with())
    assert types(hive) == ["task_started", "action_started", "action_completed", "task_completed"]
    assert hive.of_type("action_completed")[0]["payload"]["result"] == "8"


def test_a_completion_model_is_told_like_a_chat_model(hive: Any) -> None:
    FakeListLLM(responses=["pong"]).invoke("ping", _with())
    (call,) = calls(hive)
    assert (call["prompt_preview"], call["response_preview"]) == ("ping", "pong")
    assert "tokens_in" not in call


def test_a_cached_answer_costs_nothing(hive: Any) -> None:
    model = Scripted(script=[says("hello")], cache=InMemoryCache())
    for _ in range(2):
        model.invoke("hi", _with())
    fresh, cached = calls(hive)
    assert "cost" not in fresh
    assert cached["cost"] == 0
    assert cached["metadata"]["langchain_cache_hit"] is True
    assert cached["tokens_in"] == USAGE["input_tokens"]


def test_fallbacks_with_an_explicit_handler_stay_in_their_run(hive: Any) -> None:
    def fail(value: Any) -> Any:
        raise ValueError("first")

    chain = RunnableLambda(fail).with_fallbacks([RunnableLambda(lambda value: value + 1, name="second")])

    def work(value: int) -> int:
        return int(chain.invoke(value, _with()))

    assert RunnableLambda(work).invoke(1, _with()) == 2
    assert len(hive.of_type("task_started")) == 1
    assert names(hive, "action_started") == ["fail", "second"]
    assert_closed(hive)


def test_a_parent_nobody_knows_makes_a_root(hive: Any) -> None:
    handler = HiveLoopCallbackHandler()
    handler.on_chain_start({}, {}, run_id="mine", parent_run_id="langsmith", name="work")
    handler.on_chain_end({}, run_id="mine", parent_run_id="langsmith")
    assert types(hive) == ["task_started", "task_completed"]


def test_a_raw_thread_is_a_root_of_its_own(hive: Any) -> None:
    inner = RunnableLambda(lambda value: value, name="inner")

    def work(value: int) -> int:
        thread = threading.Thread(target=inner.invoke, args=(value, _with()))
        thread.start()
        thread.join(timeout=10)
        return value

    RunnableLambda(work).invoke(1, _with())
    assert len(hive.of_type("task_started")) == 2
    assert len(hive.of_type("task_completed")) == 2


def test_ends_of_runs_never_seen_are_ignored(hive: Any) -> None:
    handler = HiveLoopCallbackHandler()
    handler.on_chain_end({}, run_id="x")
    handler.on_chain_error(ValueError(), run_id="x")
    handler.on_tool_end("", run_id="x")
    handler.on_llm_end(None, run_id="x")
    handler.on_llm_error(ValueError(), run_id="x")
    handler.on_llm_new_token("t", run_id="x")
    handler.on_retriever_end([], run_id="x")
    handler.on_custom_event("hiveloop.issue", {}, run_id="x")
    handler.on_interrupt(object())
    assert hive.events == []


# -- values that bite --


class Biting:
    """Everything about it raises."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("bitten")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("bitten")

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        raise RuntimeError("bitten")

    __str__ = __repr__


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("bitten")


@pytest.mark.parametrize("shape", ["bare", "input", "messages", "list", "object"])
def test_inputs_and_results_of_any_kind_change_nothing(shape: str) -> None:
    result = Biting()
    shapes = {
        "bare": result,
        "input": {"input": result},
        "messages": {"messages": [result]},
        "list": [result],
    }
    inputs = shapes.get(shape, object())

    @tool
    def fetch(what: Any) -> Any:
        """Fetch."""
        return result

    def work(value: Any) -> Any:
        assert fetch.invoke({"what": 1}) is result
        return result

    with capture_events() as seen:
        assert RunnableLambda(work).invoke(inputs, _with()) is result
    assert_closed(seen)
    assert [event["status"] for event in seen.of_type("task_completed")] == ["success"]
    assert names(seen, "action_completed") == ["fetch"]


def test_an_exception_that_cannot_be_printed_is_still_told() -> None:
    error = Unprintable()

    def fail(value: Any) -> Any:
        raise error

    with capture_events() as seen, pytest.raises(Unprintable) as raised:
        RunnableLambda(fail).invoke(1, _with())
    assert raised.value is error
    assert seen.of_type("task_failed")[0]["payload"]["exception_type"] == "Unprintable"


def test_tags_and_metadata_of_the_wrong_kind_change_nothing() -> None:
    with capture_events() as seen:
        RunnableLambda(lambda value: value).invoke(
            1, _with(tags=[7, None], metadata={"user_id": 9, "thread_id": 3})
        )
    assert seen.of_type("task_completed")
    assert seen.of_type("task_started")[0]["payload"]["user_id"] == "9"


def test_a_root_the_framework_forgot_is_aborted_a_day_later(
    hive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = HiveLoopCallbackHandler()
    handler.on_chain_start({}, {}, run_id="root", name="work")
    handler.on_tool_start({"name": "lost"}, "", run_id="tool", parent_run_id="root")
    later = time.perf_counter_ns() + 25 * 3600 * 10**9
    monkeypatch.setattr(time, "perf_counter_ns", lambda: later)
    RunnableLambda(lambda value: value).invoke(1, _with())
    assert [event["status"] for event in hive.of_type("task_completed")] == ["aborted", "success"]


async def test_leaving_an_async_stream_is_no_failure(hive: Any) -> None:
    chain = ChatPromptTemplate.from_messages([("user", "{x}")]) | Scripted(script=[says("a b c d")])
    stream = chain.astream({"x": "hi"}, _with())
    async for _ in stream:
        break
    await stream.aclose()
    while not calls(hive):  # LangChain closes the inner streams a moment later
        await asyncio.sleep(0)
    assert not hive.of_type("task_failed", "action_failed")
    assert [event["status"] for event in hive.of_type("task_completed")] == ["abandoned"]
    assert calls(hive)[0]["metadata"]["outcome"] == "abandoned"
    assert_closed(hive)


def test_a_thread_id_that_cannot_be_printed_costs_no_run() -> None:
    class Mute:
        def __str__(self) -> str:
            raise RuntimeError("no text")

    with capture_events() as seen:
        handler = HiveLoopCallbackHandler(agent="a")
        config: Any = {"callbacks": [handler], "metadata": {"thread_id": Mute()}}
        assert RunnableLambda(lambda x: x + 1).invoke(1, config) == 2
    assert len(seen.of_type("task_started", "task_completed")) == 2
