"""Detectors on real LangChain and LangGraph runs: what they find, and that a stop or a nudge arrives where it must."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Annotated, Any

import httpx
import pytest
import tenacity
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
from hiveloop.testing import capture_events
from hiveloop.testing.conformance import assert_catalogue, assert_closed
from langchain.agents import create_agent
from langchain.agents.middleware import TodoListMiddleware
from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import InjectedState

from .looping import ASKED, Search, agent_of, config, found, graph_of, looping
from .scripted import Scripted, calls, says

# -- loops --


@pytest.mark.parametrize("make", [agent_of, graph_of])
def test_a_loop_is_reported_and_the_run_goes_on(make: Callable[..., Any]) -> None:
    search = Search()
    with capture_events(detectors=[CycleDetector()]) as seen:
        make(looping(5), search).invoke(ASKED, config())
    assert search.ran == 5
    assert [one["cycle_length"] for one in found(seen)] == [3, 4]
    assert found(seen)[0]["tool_name"] == "search"
    assert {event["task_run_id"] for event in seen.kinds("anomaly")} == {
        seen.of_type("task_started")[0]["task_run_id"]
    }
    assert_catalogue(seen)


@pytest.mark.parametrize("make", [agent_of, graph_of])
@pytest.mark.parametrize("is_async", [False, True])
def test_raise_stops_the_run_at_the_next_step_with_what_was_raised(
    make: Callable[..., Any], is_async: bool
) -> None:
    search = Search()
    with capture_events(detectors=[CycleDetector(on_detect="raise")]) as seen:
        agent = make(looping(), search)
        with pytest.raises(CycleDetected, match="3 times in a row"):
            if is_async:
                asyncio.run(agent.ainvoke(ASKED, config()))
            else:
                agent.invoke(ASKED, config())
    assert search.ran == 2
    assert len(calls(seen)) == 3
    (failed,) = seen.of_type("task_failed")
    assert failed["payload"]["exception_type"] == "CycleDetected"
    assert_closed(seen)


def test_a_tool_node_that_handles_every_error_does_not_keep_the_stop() -> None:
    search = Search()
    with capture_events(detectors=[CycleDetector(on_detect="raise")]):
        with pytest.raises(CycleDetected):
            graph_of(looping(), search, handle_tool_errors=True).invoke(ASKED, config())
    assert search.ran == 2


def test_without_the_middleware_a_nudge_is_a_report() -> None:
    search = Search()
    with capture_events(detectors=[CycleDetector(on_detect="nudge")]) as seen:
        agent_of(looping(4), search).invoke(ASKED, config())
    assert search.ran == 4
    assert len(found(seen)) == 2


def test_the_state_a_tool_is_given_is_no_argument_of_the_model() -> None:
    @tool
    def search(q: str, state: Annotated[dict[str, Any], InjectedState]) -> str:
        """Search, knowing all that was said."""
        return f"nothing in {len(state['messages'])} messages"

    with capture_events(detectors=[CycleDetector(on_detect="raise")]):
        with pytest.raises(CycleDetected):
            create_agent(looping(), [search]).invoke(ASKED, config())


# -- budgets --


def test_a_budget_is_reserved_before_a_call_and_settled_after_it() -> None:
    search = Search()
    with capture_events(detectors=[BudgetGuard(tokens=400)]) as seen:
        with pytest.raises(BudgetExceeded, match="tokens budget of this task"):
            agent_of(looping(), search).invoke(ASKED, config())
    # 150 tokens a call: the third would make 450.
    assert len(calls(seen)) == 2
    assert found(seen)[0]["spent"] == 300
    assert [event["payload"]["exception_type"] for event in seen.of_type("task_failed")] == ["BudgetExceeded"]
    assert_closed(seen)


async def test_calls_under_way_at_once_share_one_budget() -> None:
    async def one(model: Scripted) -> Any:
        return await create_agent(model, []).ainvoke(ASKED, config())

    model = Scripted(script=[says("ok")])
    with capture_events(detectors=[BudgetGuard(calls=3, per="agent")]) as seen:
        ended = await asyncio.gather(*(one(model) for _ in range(8)), return_exceptions=True)
    assert sum(isinstance(result, BudgetExceeded) for result in ended) == 5
    assert len(calls(seen)) == 3


def test_a_call_that_fails_is_settled_like_any_other() -> None:
    model = Scripted(script=[ValueError("no")])
    with capture_events(detectors=[BudgetGuard(calls=5, per="agent")]) as seen:
        for _ in range(5):
            with pytest.raises(ValueError, match="no"):
                agent_of(model, Search()).invoke(ASKED, config())
        with pytest.raises(BudgetExceeded):
            agent_of(model, Search()).invoke(ASKED, config())
    assert found(seen)[0]["spent"] == 5


# -- standing still --


async def test_an_async_tool_that_stands_still_shows_where() -> None:
    released = asyncio.Event()

    async def far_away() -> str:
        await released.wait()
        return "at last"

    @tool
    async def fetch(q: str) -> str:
        """Fetch."""
        return await asyncio.wait_for(far_away(), 10)

    def release(finding: Any) -> None:
        loop.call_soon_threadsafe(released.set)

    loop = asyncio.get_running_loop()
    model = Scripted(script=[says("", ("fetch", {"q": "x"})), says("done")])
    with capture_events(detectors=[StuckDetector(after=0.2, on_detect=release)]) as seen:
        await create_agent(model, [fetch]).ainvoke(ASKED, config())
    (stuck,) = found(seen)
    assert (stuck["step"], stuck["running_in"]) == ("fetch", "asyncio task")
    assert any("test_detectors.py" in line and line.endswith("in far_away") for line in stuck["stack"])
    assert stuck["open_actions"] == ["tools", "fetch"]


async def test_an_async_tool_that_blocks_its_loop_shows_the_blocking_line() -> None:
    released = threading.Event()

    @tool
    async def fetch(q: str) -> str:
        """Fetch."""
        released.wait(10)
        return "at last"

    model = Scripted(script=[says("", ("fetch", {"q": "x"})), says("done")])
    detector = StuckDetector(after=0.2, on_detect=lambda finding: released.set())
    with capture_events(detectors=[detector]) as seen:
        await create_agent(model, [fetch]).ainvoke(ASKED, config())
    (stuck,) = found(seen)
    assert (stuck["step"], stuck["running_in"]) == ("fetch", "thread")
    assert any(line.endswith("in fetch") for line in stuck["stack"])


def test_a_tool_in_a_thread_that_stands_still_shows_where() -> None:
    released = threading.Event()

    @tool
    def fetch(q: str) -> str:
        """Fetch."""
        released.wait(10)
        return "at last"

    model = Scripted(script=[says("", ("fetch", {"q": "x"})), says("done")])
    detector = StuckDetector(after=0.2, on_detect=lambda finding: released.set())
    with capture_events(detectors=[detector]) as seen:
        create_agent(model, [fetch]).invoke(ASKED, config())
    (stuck,) = found(seen)
    assert (stuck["step"], stuck["running_in"]) == ("fetch", "thread")
    assert any(line.endswith("in fetch") for line in stuck["stack"])


# -- failures --


def test_http_retries_of_the_client_are_a_storm() -> None:
    asked: list[int] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(1)
        if len(asked) <= 3:
            return httpx.Response(503, headers={"retry-after-ms": "1"})
        message = {"role": "assistant", "content": "ok"}
        body = {"id": "1", "object": "chat.completion", "created": 1, "model": "m",
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}  # fmt: skip
        return httpx.Response(200, json=body)

    client = httpx.Client(transport=httpx.MockTransport(answer))
    model = ChatOpenAI(model="m", api_key="none", max_retries=3, http_client=client)  # type: ignore[arg-type]
    with capture_events(detectors=[RetryStormDetector(threshold=3)]) as seen:
        model.invoke("hi", config())
    assert [one["retries"] for one in found(seen)] == [3]


def test_a_runnable_that_is_tried_again_and_again_is_a_storm() -> None:
    model = Scripted(script=[ConnectionError("gone")]).with_retry(
        stop_after_attempt=4, wait_exponential_jitter=False
    )
    with capture_events(detectors=[RetryStormDetector(threshold=3)]) as seen:
        with pytest.raises(ConnectionError):
            model.invoke("hi", config())
    assert [one["retries"] for one in found(seen)] == [3]


def test_tenacity_in_a_tool_is_a_storm() -> None:
    import hiveloop_tenacity

    @tenacity.retry(stop=tenacity.stop_after_attempt(4), wait=tenacity.wait_none(), reraise=True)
    def supplier() -> str:
        raise TimeoutError("no answer")

    @tool
    def fetch(q: str) -> str:
        """Fetch."""
        return supplier()

    hiveloop_tenacity.instrument()
    model = Scripted(script=[says("", ("fetch", {"q": "x"})), says("done")])
    try:
        with capture_events(detectors=[RetryStormDetector(threshold=3)]) as seen:
            with pytest.raises(TimeoutError):
                create_agent(model, [fetch]).invoke(ASKED, config())
    finally:
        hiveloop_tenacity.uninstrument()
    assert [one["retries"] for one in found(seen)] == [3]


def test_an_error_that_passes_through_ten_nodes_is_one_error() -> None:
    search = Search(RuntimeError("index is down"))
    with capture_events(detectors=[ErrorBurstDetector(threshold=3)]) as seen:
        for _ in range(2):
            with pytest.raises(RuntimeError):
                agent_of(looping(), search).invoke(ASKED, config())
        assert found(seen) == []
        with pytest.raises(RuntimeError):
            agent_of(looping(), search).invoke(ASKED, config())
    (burst,) = found(seen)
    assert (burst["errors"], burst["most"]) == (3, "RuntimeError")


# -- prompts and tokens --


def test_tool_results_that_crowd_out_the_rest_are_bloat() -> None:
    usage = {"input_tokens": 5_000, "output_tokens": 10, "total_tokens": 5_010}
    model = Scripted(
        script=[
            says("", ("search", {"q": "x"}), usage={**usage, "input_tokens": 40}),
            says("done", usage=usage),
        ]
    )
    with capture_events(detectors=[PromptBloatDetector(context_window=8_000)]) as seen:
        agent_of(model, Search("word " * 3_000)).invoke(ASKED, config())
    assert [(one["bloat"], one.get("component")) for one in found(seen)] == [("component", "tools")]
    composition = seen.kinds("prompt_composition")[-1]["payload"]["data"]
    assert composition["largest_component"] == "tools"
    assert composition["system_prompt_tokens"] > 0
    assert composition["tool_results_tokens"] > 4_500
    assert composition["total_input_tokens"] == 5_000
    assert composition["context_utilization_pct"] == 62.5


def test_a_prompt_sent_twice_is_waste() -> None:
    usage = {"input_tokens": 900, "output_tokens": 100, "total_tokens": 1_000}
    model = Scripted(script=[says("yes", usage=usage)])
    graph = StateGraph(MessagesState)
    graph.add_node(
        "ask", lambda state, config: {"messages": [model.invoke("is it so?", config) for _ in range(3)]}
    )
    graph.add_edge(START, "ask")
    with capture_events(detectors=[TokenWasteDetector(min_tokens=1_000)]) as seen:
        graph.compile(name="asker").invoke(ASKED, config())
    assert [one["repeated_prompts_tokens"] for one in found(seen)] == [1_000, 2_000]


# -- books that do not add up --


def test_a_task_without_its_item_and_an_item_without_its_task() -> None:
    import hiveloop

    with capture_events(detectors=[SilentDropDetector()]) as seen:
        agent = hiveloop.agent("finder")
        agent.queue_snapshot(3, items=[{"id": "a"}, {"id": "b"}, {"id": "c"}])
        agent_of(looping(1), Search()).invoke(ASKED, config(metadata={"task_id": "a"}))
        agent.queue_snapshot(1, items=[{"id": "c"}])
    assert [one["items"] for one in found(seen)] == [1]


def test_todos_done_before_they_were_begun_are_a_contradiction() -> None:
    def todos(*statuses: str) -> AIMessage:
        listed = [{"content": f"step {n}", "status": status} for n, status in enumerate(statuses)]
        return says("", ("write_todos", {"todos": listed}))

    model = Scripted(script=[todos("in_progress", "pending"), todos("completed", "completed"), says("done")])
    with capture_events(detectors=[ContradictionDetector()]) as seen:
        create_agent(model, [], middleware=[TodoListMiddleware()]).invoke(ASKED, config())
    assert [(one["contradiction"], one["step_index"]) for one in found(seen)] == [
        ("completed_before_started", 1)
    ]


def test_the_state_of_a_graph_that_changes_shape_is_drift() -> None:
    import hiveloop

    def watch(state: dict[str, Any]) -> None:
        task = hiveloop.current_task()
        assert task is not None
        task.watch_state(state)

    def node(update: dict[str, Any]) -> Any:
        def run(state: dict[str, Any]) -> dict[str, Any]:
            watch(state := {**state, **update})
            return state

        return run

    graph = StateGraph(dict)
    graph.add_node("first", node({"price": 3}))
    graph.add_node("second", node({"price": "three"}))
    graph.add_edge(START, "first")
    graph.add_edge("first", "second")
    with capture_events(detectors=[StateDriftDetector()]) as seen:
        graph.compile(name="pricing").invoke({"item": "flour"}, config())
    assert [(one["retyped"], one["removed"]) for one in found(seen)] == [(["price"], [])]
    assert b"three" not in seen.raw.split(b"anomaly")[-1][:400]
