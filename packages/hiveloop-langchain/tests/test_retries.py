"""Tries that repeat, however the framework repeats them."""

from __future__ import annotations

import operator
from typing import Annotated, Any, TypedDict

import pytest
import tenacity
from hiveloop.testing.conformance import assert_closed
from hiveloop_langchain import HiveLoopCallbackHandler
from langchain.agents import create_agent, middleware
from langchain.agents.middleware import ModelFallbackMiddleware
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langgraph.graph import START, StateGraph
from langgraph.types import RetryPolicy

from .scripted import Scripted, calls, says

ASKED = {"messages": [("user", "hi")]}


class State(TypedDict):
    said: Annotated[list[Any], operator.add]


def _with() -> Any:
    return {"callbacks": [HiveLoopCallbackHandler()]}


def _middleware(name: str) -> Any:
    found = getattr(middleware, name, None)
    return found if found is not None else pytest.skip(f"this langchain has no {name}")


class Flaky:
    """Fails the first ``failures`` times."""

    def __init__(self, failures: int) -> None:
        self.left = failures

    def __call__(self) -> None:
        if self.left:
            self.left -= 1
            raise ConnectionError("no route")


def _retries(seen: Any) -> list[tuple[int, str]]:
    data = [event["payload"]["data"] for event in seen.of_type("retry_started")]
    return [(retry["attempt"], retry["reason"]) for retry in data]


def test_a_node_retried_by_policy(hive: Any) -> None:
    flaky = Flaky(2)
    graph = StateGraph(State)
    policy = RetryPolicy(initial_interval=0.001, jitter=False, retry_on=ConnectionError)
    graph.add_node("fetch", lambda state: flaky() or {"said": [1]}, retry_policy=policy)
    graph.add_edge(START, "fetch")
    graph.compile().invoke({"said": []}, _with())
    assert _retries(hive) == [(2, "ConnectionError"), (3, "ConnectionError")]
    assert len(hive.of_type("action_failed")) == 2
    assert hive.of_type("task_completed")[0]["status"] == "success"
    assert_closed(hive)


def test_a_runnable_with_retry(hive: Any) -> None:
    flaky = Flaky(1)
    work = RunnableLambda(lambda value: flaky() or value, name="work")
    work.with_retry(wait_exponential_jitter=False, stop_after_attempt=3).invoke(1, _with())
    assert _retries(hive) == [(2, "ConnectionError")]


def test_a_model_retried_by_middleware(hive: Any) -> None:
    model = Scripted(script=[says("ok")], before=Flaky(1))
    retry = _middleware("ModelRetryMiddleware")(initial_delay=0.001, jitter=False)
    create_agent(model, [], middleware=[retry]).invoke(ASKED, _with())
    assert _retries(hive) == [(2, "ConnectionError")]
    first, second = calls(hive)
    assert first["metadata"]["error"]["type"] == "ConnectionError"
    assert "error" not in second["metadata"]


def test_a_model_that_falls_back_to_another(hive: Any) -> None:
    broken = Scripted(script=[ConnectionError("down")])
    spare = Scripted(script=[says("ok")], model_name="spare")
    create_agent(broken, [], middleware=[ModelFallbackMiddleware(spare)]).invoke(ASKED, _with())
    (retry,) = hive.of_type("retry_started")
    assert retry["payload"]["data"]["strategy"] == "fallback"
    assert retry["payload"]["data"]["fallback_to"] == "spare"


def test_a_tool_retried_by_middleware(hive: Any) -> None:
    flaky = Flaky(1)

    @tool
    def fetch() -> str:
        """Fetch."""
        flaky()
        return "page"

    script = [says("", ("fetch", {})), says("ok")]
    retry = _middleware("ToolRetryMiddleware")(initial_delay=0.001, jitter=False)
    create_agent(Scripted(script=script), [fetch], middleware=[retry]).invoke(ASKED, _with())
    assert _retries(hive) == [(2, "ConnectionError")]
    assert hive.of_type("retry_started")[0]["payload"]["data"]["function"] == "fetch"
    assert_closed(hive)


def test_a_second_call_after_a_recovered_one_is_no_retry(hive: Any) -> None:
    model = Scripted(script=[says("ok")], before=Flaky(1))

    def work(value: Any) -> Any:
        with pytest.raises(ConnectionError):
            model.invoke("hi")
        model.invoke("hi")
        return model.invoke("and another thing").content

    RunnableLambda(work).invoke(1, _with())
    assert _retries(hive) == [(2, "ConnectionError")]
    assert len(calls(hive)) == 3


def test_the_backoff_an_integration_announces(hive: Any) -> None:
    handler = HiveLoopCallbackHandler()
    handler.on_chain_start({}, {}, run_id="root", name="work")
    handler.on_chat_model_start({}, [[]], run_id="model", parent_run_id="root", name="ask")
    flaky = Flaky(1)

    def before_sleep(retry_state: Any) -> None:
        handler.on_retry(retry_state, run_id="model")

    tenacity.Retrying(wait=tenacity.wait_fixed(0.001), before_sleep=before_sleep)(flaky)
    (retry,) = hive.of_type("retry_started")
    assert retry["payload"]["data"] == {
        "attempt": 2,
        "function": "ask",
        "backoff_seconds": 0.001,
        "reason": "ConnectionError",
        "original_error": "no route",
    }
    handler.on_chain_end({}, run_id="root")


def test_a_model_with_retry(hive: Any) -> None:
    model = Scripted(script=[says("ok")], before=Flaky(2))
    retrying = model.with_retry(wait_exponential_jitter=False, stop_after_attempt=3)
    (RunnableLambda(lambda value: "hi") | retrying).invoke(1, _with())
    assert _retries(hive) == [(2, "ConnectionError"), (3, "ConnectionError")]
    assert len(calls(hive)) == 3
