"""Objects of the program that cannot be read: what was under way is told to its end all the same."""

from __future__ import annotations

from typing import Any

import hiveloop
import hiveloop_autogen
import pytest
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_core.models import UserMessage
from hiveloop.testing import capture_events
from hiveloop.testing.conformance import assert_closed

from .scripted import Scripted, calls, names, says
from .teams import assistant


class NoStatus(Exception):
    """Like the errors of some HTTP clients: asking for what never came raises."""

    @property
    def status_code(self) -> int:
        raise RuntimeError("no status")

    @property
    def response(self) -> Any:
        raise RuntimeError("no response")


class NoAnswer:
    """An answer of a client of the program, of which nothing can be read."""

    @property
    def usage(self) -> Any:
        raise RuntimeError("no usage")

    @property
    def content(self) -> Any:
        raise RuntimeError("no content")

    @property
    def finish_reason(self) -> Any:
        raise RuntimeError("no reason")


async def test_a_model_error_that_cannot_be_asked(hive: Any) -> None:
    hiveloop_autogen.instrument()
    team = RoundRobinGroupChat([assistant("a", NoStatus("x"))], max_turns=1)
    with pytest.raises(RuntimeError):
        await team.run(task="t")
    assert_closed(hive)
    assert [event["payload"]["exception_type"] for event in hive.of_type("task_failed")] == ["NoStatus"] * 2
    assert [call["metadata"]["error"]["type"] for call in calls(hive)] == ["NoStatus"]


async def test_a_tool_error_that_cannot_be_asked(hive: Any) -> None:
    async def look(x: int) -> str:
        """Look."""
        raise NoStatus("boom")

    hiveloop_autogen.instrument()
    await assistant("a", says("", ("look", {"x": 1})), "done", tools=[look]).run(task="t")
    assert names(hive, "action_failed") == ["look"]
    assert "look" not in names(hive, "action_completed")
    assert_closed(hive)


async def test_an_answer_that_cannot_be_read_is_still_a_call(hive: Any) -> None:
    class Client(Scripted):
        async def create(self, messages: Any, **kwargs: Any) -> Any:
            return NoAnswer()

    hiveloop_autogen.instrument()
    answer = await Client("x").create([UserMessage(content="q", source="user")])
    assert isinstance(answer, NoAnswer)
    (call,) = calls(hive)
    assert call["model"] == "scripted"
    assert call["metadata"]["usage"] == "missing"
    assert "tokens_in" not in call
    assert "response_preview" not in call


async def test_a_result_that_cannot_be_read_still_ends_the_run() -> None:
    from autogen_agentchat.agents import BaseChatAgent
    from autogen_agentchat.messages import TextMessage

    class Message(TextMessage):
        def __getattribute__(self, name: str) -> Any:
            if name == "content" and hiveloop.current_task() is not None:
                return _Unprintable()
            return super().__getattribute__(name)

    class Agent(BaseChatAgent):
        produced_message_types = (Message,)  # type: ignore[assignment]

        async def on_reset(self, cancellation_token: Any) -> None:
            pass

        async def on_messages(self, messages: Any, cancellation_token: Any) -> Any:
            from autogen_agentchat.base import Response

            return Response(chat_message=Message(content="fine", source=self.name))

    hiveloop_autogen.instrument()
    with capture_events() as seen:
        await Agent("a", "d").run(task="t")
    assert_closed(seen)
    assert len(seen.of_type("task_completed")) == 1


class _Unprintable:
    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


# -- clients of clients --


class _Asking(Scripted):
    """A client made of others: a fallback, or several asked at once."""

    def __init__(self, *clients: Any) -> None:
        super().__init__("x", model=None)
        self.clients = clients


class Fallback(_Asking):
    async def create(self, messages: Any, **kwargs: Any) -> Any:
        for client in self.clients:
            try:
                return await client.create(messages, **kwargs)
            except ConnectionError as error:
                last = error
        raise last


class Mixture(_Asking):
    async def create(self, messages: Any, **kwargs: Any) -> Any:
        import asyncio

        await asyncio.gather(*(client.create(messages, **kwargs) for client in self.clients[:-1]))
        return await self.clients[-1].create(messages, **kwargs)


async def test_a_fallback_tells_both_calls_with_their_own_models(hive: Any) -> None:
    from autogen_agentchat.agents import AssistantAgent

    hiveloop_autogen.instrument()
    first, second = Scripted(ConnectionError("down"), model="big"), Scripted("fine", model="small")
    await AssistantAgent("a", Fallback(first, second)).run(task="t")
    assert [(call["model"], "error" in call["metadata"]) for call in calls(hive)] == [
        ("big", True),
        ("small", False),
    ]
    assert [call.get("tokens_in") for call in calls(hive)] == [None, 120]
    assert [call["metadata"]["turn_number"] for call in calls(hive)] == [1, 2]
    assert {call["name"] for call in calls(hive)} == {"a.create"}


async def test_a_mixture_tells_all_calls(hive: Any) -> None:
    from autogen_agentchat.agents import AssistantAgent

    hiveloop_autogen.instrument()
    clients = [Scripted("x", model=model) for model in "abc"]
    await AssistantAgent("m", Mixture(*clients)).run(task="t")
    assert sorted(call["model"] for call in calls(hive)) == ["a", "b", "c"]
    assert calls(hive)[-1]["model"] == "c"
    assert sum(call["tokens_in"] for call in calls(hive)) == 360


async def test_when_every_fallback_fails_each_is_told_and_the_run_fails(hive: Any) -> None:
    from autogen_agentchat.agents import AssistantAgent

    hiveloop_autogen.instrument()
    error = ConnectionError("down")
    client = Fallback(Scripted(ConnectionError("first"), model="big"), Scripted(error, model="small"))
    with pytest.raises(ConnectionError) as raised:
        await AssistantAgent("a", client).run(task="t")
    assert raised.value is error
    assert [call["model"] for call in calls(hive)] == ["big", "small"]
    assert len(hive.of_type("task_failed")) == 1


async def test_a_subclass_that_asks_itself_by_its_base_is_one_call(hive: Any) -> None:
    class Client(Scripted):
        async def create(self, messages: Any, **kwargs: Any) -> Any:
            return await super().create(messages, **kwargs)

    hiveloop_autogen.instrument()
    await Client("x", model="m").create([])
    assert [call["model"] for call in calls(hive)] == ["m"]
