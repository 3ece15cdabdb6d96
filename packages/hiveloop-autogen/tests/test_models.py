"""Model calls: where they belong, what they cost, and that a number nobody reported is no number."""

from __future__ import annotations

import asyncio
from typing import Any

import hiveloop_autogen
import pytest
from autogen_agentchat.agents import AssistantAgent
from autogen_core import AgentId, MessageContext, RoutedAgent, SingleThreadedAgentRuntime, message_handler
from autogen_core.models import ChatCompletionClient, UserMessage
from autogen_ext.models.replay import ReplayChatCompletionClient
from hiveloop.testing import capture_events
from hiveloop.testing.conformance import assert_closed

from .scripted import Scripted, calls, says
from .teams import assistant, get_weather

ASKED = [UserMessage(content="hello there", source="user")]


@pytest.fixture(autouse=True)
def _instrumented() -> None:
    hiveloop_autogen.instrument()


async def test_what_a_call_tells(hive: Any) -> None:
    agent = assistant(
        "a", says("", ("get_weather", {"city": "Oslo"})), "ok", tools=[get_weather], reflect_on_tool_use=True
    )
    await agent.run(task="hi")
    first, second = calls(hive)
    assert (first["model"], first["tokens_in"], first["tokens_out"]) == ("scripted", 120, 30)
    assert first["prompt_preview"] == "hi"
    assert first["response_preview"] == 'get_weather({"city": "Oslo"})'
    assert second["response_preview"] == "ok"
    about = first["metadata"]
    assert about["tool_calls"] == ["get_weather"]
    assert about["stop_reason"] == "function_calls"
    assert (about["turn_number"], second["metadata"]["turn_number"]) == (1, 2)
    assert (about["tools_offered"], about["message_count"]) == (1, 2)
    assert second["metadata"]["tool_results_tokens"] == len("rain in Oslo") // 4
    assert "cost" not in first


async def test_a_streamed_call_tells_when_it_began_to_speak(hive: Any) -> None:
    await assistant("a", "one two three", model_client_stream=True).run(task="hi")
    (call,) = calls(hive)
    assert call["name"] == "a.create_stream"
    assert call["metadata"]["stream"] is True
    assert 0 <= call["metadata"]["ttft_ms"] <= call["duration_ms"]
    assert call["response_preview"] == "one two three"


@pytest.mark.parametrize(
    ("usage", "expected"),
    [((0, 0), (None, None)), ((0, 7), (None, 7)), ((12, 0), (12, 0)), ((12, 7), (12, 7))],
)
async def test_counts_nobody_took_are_absent(hive: Any, usage: Any, expected: Any) -> None:
    await assistant("a", says("x", usage=usage), model_client_stream=True).run(task="hi")
    (call,) = calls(hive)
    assert (call.get("tokens_in"), call.get("tokens_out")) == expected
    assert (call["metadata"].get("usage") == "missing") == (expected == (None, None))


async def test_a_call_outside_of_everything(hive: Any) -> None:
    await Scripted("x").create(ASKED)
    (event,) = hive.kinds("llm_call")
    assert event["agent_id"] == "autogen"
    assert "task_id" not in event
    assert not hive.of_type("task_started")


async def test_the_model_chosen_for_one_call(hive: Any) -> None:
    await Scripted("x").create(ASKED, extra_create_args={"model": "another"})
    assert calls(hive)[0]["model"] == "another"


class Caching(ChatCompletionClient):
    """A client in front of another one, as caches and fallbacks are."""

    component_config_schema = None  # type: ignore[assignment]

    def __init__(self, inner: Scripted) -> None:
        self.client = inner
        self.kept: Any = None

    async def create(self, messages: Any, **kwargs: Any) -> Any:
        if self.kept is None:
            self.kept = await self.client.create(messages, **kwargs)
            return self.kept
        return self.kept.model_copy(update={"cached": True})

    async def create_stream(self, messages: Any, **kwargs: Any) -> Any:
        async for item in self.client.create_stream(messages, **kwargs):
            yield item

    close = Scripted.close
    actual_usage = Scripted.actual_usage
    total_usage = Scripted.total_usage
    count_tokens = Scripted.count_tokens
    remaining_tokens = Scripted.remaining_tokens
    capabilities = Scripted.capabilities
    model_info = Scripted.model_info


async def test_a_client_in_front_of_another_is_one_call(hive: Any) -> None:
    client = Caching(Scripted("x"))
    await client.create(ASKED)
    await client.create(ASKED)
    async for _ in client.create_stream(ASKED):
        pass
    first, cached, streamed = calls(hive)
    assert first["model"] == streamed["model"] == "scripted"
    assert "cost" not in first
    assert cached["cost"] == 0
    assert cached["metadata"]["cached"] is True
    assert streamed["tokens_in"] == 120


async def test_a_replay_is_no_cache(hive: Any) -> None:
    """It calls every answer cached, so that would say nothing."""
    await ReplayChatCompletionClient(["hello"]).create(ASKED)
    (call,) = calls(hive)
    assert "cost" not in call
    assert "model" not in call
    assert call["tokens_out"] == 1


async def test_a_client_defined_later(hive: Any) -> None:
    class Later(Scripted):
        async def create(self, messages: Any, **kwargs: Any) -> Any:
            return await super().create(messages, **kwargs)

    await Later("x").create(ASKED)
    assert len(calls(hive)) == 1
    hiveloop_autogen.uninstrument()
    assert "create" in vars(Later)
    await Later("x").create(ASKED)
    assert len(calls(hive)) == 1


async def test_a_stream_left_early(hive: Any) -> None:
    stream = Scripted("one two three").create_stream(ASKED)
    async for _ in stream:
        break
    await stream.aclose()
    (call,) = calls(hive)
    assert call["metadata"]["outcome"] == "abandoned"
    assert "tokens_in" not in call


async def test_prices_of_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hiveloop_autogen._models.estimate_cost", lambda model, given, made: 0.5)
    with capture_events() as seen:
        await Scripted("x").create(ASKED)
    (call,) = calls(seen)
    assert (call["cost"], call["cost_source"]) == (0.5, "estimated")


async def test_memory_and_thoughts(hive: Any) -> None:
    from autogen_core.memory import ListMemory, MemoryContent, MemoryMimeType

    memory = ListMemory()
    await memory.add(MemoryContent(content="likes rain", mime_type=MemoryMimeType.TEXT))
    model = Scripted(says("x", thought="hm, rain"))
    await AssistantAgent("a", model, memory=[memory]).run(task="hi")
    (remembered,) = hive.kinds("memory_op")
    assert remembered["payload"]["data"] == {"operation": "query", "store": "a", "result_count": 1}
    assert not hive.kinds("reasoning")
    hiveloop_autogen.instrument(thoughts=True)
    await AssistantAgent("a", Scripted(says("x", thought="hm, rain"))).run(task="hi")
    (thought,) = hive.kinds("reasoning")
    assert thought["payload"]["data"]["thought"] == "hm, rain"
    assert_closed(hive)


async def test_core_agents_are_named_by_their_type(hive: Any) -> None:
    class Worker(RoutedAgent):
        @message_handler
        async def handle(self, message: UserMessage, ctx: MessageContext) -> None:
            await Scripted("x").create([message])

    runtime = SingleThreadedAgentRuntime()
    await Worker.register(runtime, "worker", lambda: Worker("works"))
    runtime.start()
    await runtime.send_message(ASKED[0], AgentId("worker", "1"))
    await runtime.stop()
    (event,) = hive.kinds("llm_call")
    assert event["agent_id"] == "worker"


def test_one_client_in_two_loops(hive: Any) -> None:
    client = Scripted("x")
    for _ in range(2):
        asyncio.run(AssistantAgent("a", client).run(task="hi"))
    assert len(calls(hive)) == 2
    assert_closed(hive)
