"""`observe()`: the same story from the messages alone, with nothing of AutoGen replaced."""

from __future__ import annotations

from typing import Any

import hiveloop
import hiveloop_autogen
import pytest
from autogen_agentchat.agents import AssistantAgent, UserProxyAgent
from autogen_agentchat.conditions import TextMentionTermination
from autogen_agentchat.teams import BaseGroupChat, RoundRobinGroupChat, Swarm
from hiveloop.testing.conformance import assert_catalogue, assert_closed
from hiveloop_autogen import observe

from .scripted import calls, says
from .teams import assistant, get_weather, tasks_of, tree


async def _all(stream: Any) -> list[Any]:
    return [message async for message in stream]


def _swarm() -> Swarm:
    a = assistant("a", says("", ("transfer_to_b", {})), handoffs=["b"])
    asks = says("", ("get_weather", {"city": "Oslo"}), ("ghost", {}))
    b = assistant("b", asks, "TERMINATE", tools=[get_weather], reflect_on_tool_use=True)
    return Swarm([a, b], termination_condition=TextMentionTermination("TERMINATE"), name="desk")


async def test_a_team_from_its_messages(hive: Any) -> None:
    original = vars(BaseGroupChat)["run_stream"]
    messages = await _all(observe(_swarm().run_stream(task="hi"), project="p"))
    assert vars(BaseGroupChat)["run_stream"] is original
    bare = await _all(_swarm().run_stream(task="hi"))
    assert [type(message) for message in messages] == [type(message) for message in bare]
    assert tree(hive, "desk") == [
        "turn:a",
        "turn:a > llm:a.create",
        "turn:a > transfer_to_b",
        "turn:b",
        "turn:b > llm:b.create",
        "turn:b > get_weather",
        "turn:b > ghost",
        "turn:b > llm:b.create",
    ]
    assert [(call["tokens_in"], call["tokens_out"]) for call in calls(hive)] == [(120, 30)] * 3
    assert hive.of_type("action_failed")[0]["payload"]["action_name"] == "ghost"
    (ended,) = hive.of_type("task_completed")
    assert ended["payload"]["stop_reason"] == "Text 'TERMINATE' mentioned"
    assert tasks_of(hive, "desk")[0]["project_id"] == "p"
    assert_closed(hive)
    assert_catalogue(hive)


async def test_an_agent_from_its_messages(hive: Any) -> None:
    agent = assistant(
        "a",
        says("", ("get_weather", {"city": "Oslo"})),
        says("ok", usage=(0, 0)),
        tools=[get_weather],
        reflect_on_tool_use=True,
    )
    await _all(observe(agent.run_stream(task="hi"), agent="desk"))
    assert tree(hive, "desk") == ["llm:a.create", "get_weather", "llm:a.create"]
    assert "tokens_in" not in calls(hive)[1]
    assert_closed(hive)


async def test_with_instrument_it_is_told_once(hive: Any) -> None:
    hiveloop_autogen.instrument()
    await _all(observe(_swarm().run_stream(task="hi")))
    assert tree(hive, "desk") == ["turn:a", "turn:b"]
    assert len(calls(hive)) == 3


async def test_a_failure_and_a_consumer_that_leaves(hive: Any) -> None:
    with pytest.raises(RuntimeError, match="ValueError: boom"):
        await _all(
            observe(
                RoundRobinGroupChat([assistant("a", ValueError("boom"))], max_turns=1).run_stream(task="hi")
            )
        )
    assert hive.of_type("task_failed")[0]["payload"]["exception_type"] == "ValueError"
    assert hive.of_type("task_failed")[0]["payload"]["exception_message"] == "boom"
    stream = observe(_swarm().run_stream(task="hi"))
    async for message in stream:
        if type(message).__name__ == "ToolCallRequestEvent":
            break
    await stream.aclose()
    assert hive.of_type("task_completed")[0]["status"] == "abandoned"
    assert_closed(hive)


async def test_a_question_from_its_messages(hive: Any) -> None:
    person = UserProxyAgent("person", input_func=lambda prompt: "no")
    await _all(observe(RoundRobinGroupChat([person], max_turns=1).run_stream(task="hi")))
    (asked,), (answered,) = hive.of_type("approval_requested"), hive.of_type("approval_received")
    assert answered["payload"]["data"]["decision"] == "rejected"
    assert answered["payload"]["data"]["approval_id"] == asked["payload"]["data"]["approval_id"]
    assert_closed(hive)


async def test_code_in_a_tool_knows_its_task(hive: Any) -> None:
    found: list[Any] = []

    async def work() -> str:
        """Work."""
        found.append(hiveloop.current_task())
        return "x"

    agent = AssistantAgent("a", assistant("x", says("", ("work", {})))._model_client, tools=[work])
    await _all(observe(agent.run_stream(task="hi")))
    assert found[0].task_id == tasks_of(hive, "a")[0]["task_id"]


async def test_a_stream_of_somebody_else(hive: Any) -> None:
    async def messages() -> Any:
        async for message in assistant("a", "x").run_stream(task="hi"):
            yield message

    await _all(observe(messages()))
    assert tree(hive, "autogen") == ["turn:a", "turn:a > llm:a.create"]


async def test_without_content_no_content_leaves(hive: Any) -> None:
    agent = assistant(
        "a",
        says("", ("get_weather", {"city": "secret"})),
        "secret",
        tools=[get_weather],
        reflect_on_tool_use=True,
    )
    await _all(observe(agent.run_stream(task="secret"), capture_content=False))
    assert calls(hive)
    assert b"secret" not in hive.raw
