"""What an agent run looks like: nodes, tools, model calls, nesting, streaming, and where user code belongs."""

from __future__ import annotations

import asyncio
import operator
from typing import Annotated, Any, TypedDict

import hiveloop
import pytest
from hiveloop.testing.conformance import assert_catalogue, assert_closed
from hiveloop_langchain import HiveLoopCallbackHandler, RootRun
from langchain.agents import create_agent
from langchain.agents.middleware import TodoListMiddleware
from langchain_core.callbacks import adispatch_custom_event, dispatch_custom_event
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langgraph.graph import START, StateGraph
from langgraph.types import Send

from .scripted import NAMES_AGENTS, Scripted, calls, names, says, types

ASKED = {"messages": [("user", "how much is it?")]}


@tool
def add(a: int, b: int) -> int:
    """Add."""
    return a + b


def _with(handler: HiveLoopCallbackHandler | None = None, **config: Any) -> Any:
    return {"callbacks": [handler or HiveLoopCallbackHandler()], **config}


def _adder(**kwargs: Any) -> Any:
    two = says("", ("add", {"a": 1, "b": 2}), ("add", {"a": 3, "b": 4}))
    return create_agent(Scripted(script=[two, says("3 and 7")]), [add], system_prompt="You add.", **kwargs)


def test_an_agent_run_is_a_task_of_nodes_tools_and_model_calls(hive: Any) -> None:
    _adder(name="adder").invoke(ASKED, _with(HiveLoopCallbackHandler(agent="adder", project="sums")))
    task = hive.of_type("task_started")[0]
    assert (task["agent_id"], task["task_type"], task["project_id"]) == ("adder", "adder", "sums")
    assert task["payload"]["inputs"] == {"messages": "how much is it?"}
    assert sorted(names(hive, "action_started")) == ["add", "add", "model", "model", "tools", "tools"]
    assert hive.of_type("task_completed")[0]["payload"]["output"] == "3 and 7"
    assert hive.envelopes[0]["framework"] == "langchain"
    assert_catalogue(hive)
    assert_closed(hive)


def test_tools_nest_under_their_node_and_model_calls_belong_to_theirs(hive: Any) -> None:
    _adder().invoke(ASKED, _with())
    started = {event["action_id"]: event for event in hive.of_type("action_started")}
    tools = [event for event in started.values() if event["payload"]["kind"] == "tool"]
    parents = [started[event["parent_action_id"]]["payload"]["action_name"] for event in tools]
    assert parents == ["tools", "tools"]
    assert len({event["parent_action_id"] for event in tools}) == 2
    assert sorted(str(event["payload"]["args"]) for event in tools) == [
        "{'a': 1, 'b': 2}",
        "{'a': 3, 'b': 4}",
    ]
    results = [
        e["payload"]["result"]
        for e in hive.of_type("action_completed")
        if e["payload"]["action_name"] == "add"
    ]
    assert sorted(results) == ["3", "7"]
    homes = [started[event["action_id"]]["payload"]["action_name"] for event in hive.kinds("llm_call")]
    assert homes == ["model", "model"]


def test_a_model_call_says_what_it_cost_and_why_it_stopped(hive: Any) -> None:
    _adder().invoke(ASKED, _with())
    first, second = calls(hive)
    assert first["model"] == "scripted-2026"
    assert (first["tokens_in"], first["tokens_out"]) == (120, 30)
    assert "cost" not in first
    assert first["prompt_preview"] == "how much is it?"
    assert second["response_preview"] == "3 and 7"
    assert second["prompt_preview"] == "7"
    about = first["metadata"]
    assert about["turn_number"] == 1
    assert second["metadata"]["turn_number"] == 2
    assert about["cache_read_input_tokens"] == 100
    assert about["cache_creation_input_tokens"] == 5
    assert about["reasoning_tokens"] == 7
    assert about["stop_reason"] == "tool_calls"
    assert about["tool_calls"] == ["add", "add"]
    assert about["requested_model"] == "scripted"
    assert about["provider"] == "scripted"
    assert about["prompt_shares_estimated"] is True
    assert "ttft_ms" not in about
    assert "context_window_size" not in about


def _stream(agent: Any, config: Any) -> None:
    for _ in agent.stream(ASKED, config, stream_mode="messages"):
        pass


def _astream(agent: Any, config: Any) -> None:
    async def drain() -> None:
        async for _ in agent.astream(ASKED, config, stream_mode="messages"):
            pass

    asyncio.run(drain())


@pytest.mark.parametrize(
    "run",
    [
        lambda agent, config: agent.invoke(ASKED, config),
        lambda agent, config: asyncio.run(agent.ainvoke(ASKED, config)),
        _stream,
        _astream,
        lambda agent, config: agent.batch([ASKED], config),
        lambda agent, config: asyncio.run(agent.abatch([ASKED], config)),
    ],
    ids=["invoke", "ainvoke", "stream", "astream", "batch", "abatch"],
)
def test_every_way_to_run_tells_the_same(hive: Any, run: Any) -> None:
    run(_adder(), _with())
    assert sorted(types(hive)) == sorted(
        [
            "task_started",
            "task_completed",
            "llm_call",
            "llm_call",
            *["action_started", "action_completed"] * 6,
        ]
    )
    assert [call["tokens_in"] for call in calls(hive)] == [120, 120]
    assert_closed(hive)


def test_a_stream_has_a_time_to_first_token(hive: Any) -> None:
    _stream(_adder(), _with())
    assert all(call["metadata"]["ttft_ms"] >= 0 for call in calls(hive))
    assert all(call["metadata"]["ttft_ms"] <= call["duration_ms"] for call in calls(hive))


@pytest.mark.skipif(not NAMES_AGENTS, reason="this langchain does not name its agents")
def test_the_agent_is_named_after_the_graph(hive: Any) -> None:
    _adder(name="adder").invoke(ASKED, _with())
    _adder().invoke(ASKED, _with())
    RunnableLambda(lambda value: value).with_config(run_name="request-17").invoke(1, _with())
    assert [event["agent_id"] for event in hive.of_type("task_started")] == [
        "adder",
        "langgraph",
        "langchain",
    ]


@pytest.mark.skipif(not hasattr(Scripted, "stream_events"), reason="this langchain-core has no event streams")
def test_an_event_stream_has_a_time_to_first_token(hive: Any) -> None:
    model = Scripted(script=[says("one two three")])
    stream = model.stream_events("hi", _with(), version="v3")
    assert stream.output is not None
    (call,) = calls(hive)
    assert call["metadata"]["ttft_ms"] >= 0


def test_batch_makes_one_task_per_input(hive: Any) -> None:
    _adder().batch([ASKED, ASKED, ASKED], _with())
    assert len({event["task_run_id"] for event in hive.of_type("task_started")}) == 3
    assert len(calls(hive)) == 6


@pytest.mark.skipif(not NAMES_AGENTS, reason="this langchain does not name its agents")
def test_an_agent_called_inside_a_tool_nests_there(hive: Any) -> None:
    inner = create_agent(Scripted(script=[says("inside")]), [], name="researcher")

    @tool
    def research(subject: str) -> str:
        """Ask another agent."""
        return str(inner.invoke({"messages": [("user", subject)]})["messages"][-1].content)

    script = [says("", ("research", {"subject": "bees"})), says("done")]
    create_agent(Scripted(script=script), [research], name="boss").invoke(ASKED, _with())
    assert len(hive.of_type("task_started")) == 1
    started = hive.of_type("action_started")
    agent = next(event for event in started if event["payload"]["kind"] == "agent")
    caller = next(event for event in started if event["payload"]["action_name"] == "research")
    assert agent["payload"]["action_name"] == "researcher"
    assert agent["parent_action_id"] == caller["action_id"]
    below = [event for event in started if event.get("parent_action_id") == agent["action_id"]]
    assert [event["payload"]["action_name"] for event in below] == ["model"]
    assert_closed(hive)


class State(TypedDict):
    found: Annotated[list[str], operator.add]


def test_subgraphs_nest_and_their_plumbing_is_transparent(hive: Any) -> None:
    inner = StateGraph(State)
    inner.add_node("dig", lambda state: {"found": ["gold"]})
    inner.add_edge(START, "dig")
    outer = StateGraph(State)
    outer.add_node("mine", inner.compile())
    outer.add_conditional_edges(START, lambda state: "mine")
    outer.compile(name="mining").invoke({"found": []}, _with())
    started = hive.of_type("action_started")
    assert [event["payload"]["action_name"] for event in started] == ["mine", "dig"]
    assert started[1]["parent_action_id"] == started[0]["action_id"]


def test_send_makes_one_action_per_branch(hive: Any) -> None:
    graph = StateGraph(State)
    graph.add_node("visit", lambda state: {"found": [state["place"]]})  # type: ignore[typeddict-item]
    graph.add_conditional_edges(
        START, lambda state: [Send("visit", {"place": place}) for place in "abc"], ["visit"]
    )
    graph.compile().invoke({"found": []}, _with())
    started = hive.of_type("action_started")
    assert [event["payload"]["action_name"] for event in started] == ["visit"] * 3
    assert len({event["action_id"] for event in started}) == 3
    assert_closed(hive)


def test_a_tool_the_model_made_up_is_a_failed_action(hive: Any) -> None:
    script = [says("", ("imaginary", {})), says("sorry")]
    create_agent(Scripted(script=script), [add]).invoke(ASKED, _with())
    (failed,) = hive.of_type("action_failed")
    assert failed["payload"]["action_name"] == "imaginary"
    assert failed["payload"]["handled"] is True
    assert hive.of_type("task_completed")[0]["status"] == "success"
    assert_closed(hive)


def test_todos_are_a_plan_with_steps_and_revisions(hive: Any) -> None:
    def todos(*items: tuple[str, str]) -> Any:
        return says(
            "", ("write_todos", {"todos": [{"content": text, "status": status} for text, status in items]})
        )

    script = [
        todos(("look", "in_progress"), ("leap", "pending")),
        todos(("look", "completed"), ("leap", "in_progress")),
        todos(("look", "completed"), ("jump", "in_progress")),
        says("done"),
    ]
    create_agent(Scripted(script=script), [], middleware=[TodoListMiddleware()]).invoke(ASKED, _with())
    plans = [event["payload"]["data"] for event in hive.kinds("plan_created")]
    assert [plan["revision"] for plan in plans] == [0, 1]
    assert [step["description"] for step in plans[1]["steps"]] == ["look", "jump"]
    steps = [event["payload"]["data"] for event in hive.kinds("plan_step")]
    told = [(step["plan_revision"], step["step_index"], step["action"]) for step in steps]
    assert told == [
        (0, 0, "started"),
        (0, 0, "completed"),
        (0, 1, "started"),
        (1, 0, "completed"),
        (1, 1, "started"),
    ]
    assert plans[0]["goal"] == "how much is it?"


def test_custom_events_named_hiveloop_are_those_events(hive: Any) -> None:
    def work(value: int) -> int:
        dispatch_custom_event("hiveloop.escalated", {"summary": "too hard", "assigned_to": "ops"})
        dispatch_custom_event("hiveloop.plan_created", {"goal": "win", "steps": ["try", "try harder"]})
        dispatch_custom_event("hiveloop.issue", {"summary": "slow disk", "severity": "high"})
        dispatch_custom_event("progress", {"percent": 50})
        return value

    RunnableLambda(work).invoke(1, _with())
    assert hive.of_type("escalated")[0]["payload"]["data"] == {"assigned_to": "ops"}
    assert hive.kinds("plan_created")[0]["payload"]["data"]["steps"][1] == {
        "index": 1,
        "description": "try harder",
    }
    assert hive.kinds("issue")[0]["payload"]["data"] == {"severity": "high", "action": "reported"}
    assert hive.kinds("langchain.progress")[0]["payload"]["data"] == {"percent": 50}


async def test_custom_events_in_async_nodes_belong_to_their_node(hive: Any) -> None:
    async def node(state: Any) -> Any:
        await adispatch_custom_event("hiveloop.reflection", {"summary": "hm"})
        return {"found": []}

    graph = StateGraph(State)
    graph.add_node("think", node)
    graph.add_edge(START, "think")
    await graph.compile().ainvoke({"found": []}, _with())
    (reflection,) = hive.kinds("reflection")
    assert reflection["action_id"] == hive.of_type("action_started")[0]["action_id"]


@pytest.mark.parametrize("asynchronous", [False, True])
def test_user_code_inside_a_tool_belongs_to_that_tool(hive: Any, asynchronous: bool) -> None:
    @tool
    def sell(item: str) -> str:
        """Sell."""
        task = hiveloop.current_task()
        assert task is not None
        task.llm_call("pricing", model="m", tokens_in=1, tokens_out=1)
        with task.agent.track_context("stock"):
            return item

    script = [says("", ("sell", {"item": "tea"})), says("sold")]
    agent = create_agent(Scripted(script=script), [sell], name="shop")
    asyncio.run(agent.ainvoke(ASKED, _with())) if asynchronous else agent.invoke(ASKED, _with())
    started = {event["payload"]["action_name"]: event for event in hive.of_type("action_started")}
    assert started["stock"]["parent_action_id"] == started["sell"]["action_id"]
    assert started["stock"]["task_id"] == started["sell"]["task_id"]
    pricing = next(event for event in hive.kinds("llm_call") if event["payload"]["data"]["name"] == "pricing")
    assert pricing["action_id"] == started["sell"]["action_id"]
    assert hiveloop.current_task() is None


def test_inside_a_hiveloop_task_the_run_is_an_action_of_it(hive: Any) -> None:
    with hiveloop.agent("human").task("t-1") as task, task.agent.track_context("outer"):
        _adder(name="adder").invoke(ASKED, _with())
    assert [event["task_id"] for event in hive.of_type("task_started")] == ["t-1"]
    started = {event["payload"]["action_name"]: event for event in hive.of_type("action_started")}
    assert started["adder"]["parent_action_id"] == started["outer"]["action_id"]
    assert started["model"]["parent_action_id"] == started["adder"]["action_id"]
    assert {event["task_id"] for event in hive.of_type("action_started")} == {"t-1"}
    assert len(hive.of_type("task_completed")) == 1
    assert_closed(hive)


def test_the_agent_is_named_by_the_user(hive: Any) -> None:
    _adder().invoke(ASKED, _with(HiveLoopCallbackHandler(agent="fixed")))

    def pick(run: RootRun) -> str:
        return f"for-{run.metadata['customer']}-{run.tags[0]}"

    _adder().invoke(
        ASKED, _with(HiveLoopCallbackHandler(agent=pick), metadata={"customer": "acme"}, tags=["gold"])
    )
    assert [event["agent_id"] for event in hive.of_type("task_started")] == ["fixed", "for-acme-gold"]


def test_session_user_and_tags_reach_the_task(hive: Any) -> None:
    config = _with(
        metadata={"user_id": "u1", "task_id": "lead-4821"}, tags=["vip"], configurable={"thread_id": "th-9"}
    )
    _adder().invoke(ASKED, config)
    started = hive.of_type("task_started")[0]
    payload = started["payload"]
    assert started["task_id"] == "lead-4821"
    assert (payload["session_id"], payload["user_id"]) == ("th-9", "u1")
    assert payload["metadata"] == {"tags": ["vip"], "thread_id": "th-9"}
