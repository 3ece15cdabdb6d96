"""The conversations recorded as ``autogen_*.yaml``: real AutoGen agents and teams with the real OpenAI client."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from autogen_agentchat.agents import AssistantAgent, UserProxyAgent
from autogen_agentchat.conditions import HandoffTermination, TextMentionTermination
from autogen_agentchat.messages import HandoffMessage
from autogen_agentchat.teams import MagenticOneGroupChat, RoundRobinGroupChat, SelectorGroupChat, Swarm
from autogen_core.models import ModelFamily, ModelInfo
from autogen_ext.models.openai import OpenAIChatCompletionClient

__all__ = ["AUTOGEN_CONVERSATIONS"]

# AutoGen logs the traceback of every handler that fails; one of these conversations is about that.
logging.getLogger("autogen_core").setLevel(logging.CRITICAL)

_KEY = "answered-from-a-cassette"


#: Clients of the conversation under way, to be closed with it.
_clients: list[OpenAIChatCompletionClient] = []


def _gpt(model: str, **settings: Any) -> OpenAIChatCompletionClient:
    _clients.append(OpenAIChatCompletionClient(model=model, api_key=_KEY, **{"max_retries": 0, **settings}))
    return _clients[-1]


def _agent(name: str, model: Any, **settings: Any) -> AssistantAgent:
    client = _gpt(model) if isinstance(model, str) else model
    return AssistantAgent(
        name, client, description=f"The {name}.", system_message=f"You are the {name}.", **settings
    )


async def get_weather(city: str) -> str:
    """The weather in a city."""
    return f"Rain in {city}."


def find_order(order: str) -> str:
    """Look an order up."""
    return f"{order}: one cup, 12 euros."


def _reporter(client: Any, *, stream: bool = False) -> AssistantAgent:
    return _agent(
        "reporter", client, tools=[get_weather], reflect_on_tool_use=True, model_client_stream=stream
    )


_ASKED = "How is the weather in Oslo and Bergen?"


async def _tools() -> None:
    await _reporter("gpt-4.1-mini").run(task=_ASKED)


async def _stream() -> None:
    client = _gpt("gpt-4.1-mini", stream_options={"include_usage": True})
    await _reporter(client, stream=True).run(task=_ASKED)


async def _stream_without_usage() -> None:
    await _reporter("gpt-4.1-mini", stream=True).run(task=_ASKED)


async def _handoff() -> None:
    triage = _agent("triage", "gpt-4.1-mini", handoffs=["refunds"])
    refunds = _agent("refunds", "gpt-4.1", tools=[find_order], reflect_on_tool_use=True)
    team = Swarm([triage, refunds], termination_condition=TextMentionTermination("DONE"), name="service")
    await team.run(task="I got a broken cup in order A-17.")


async def _person() -> None:
    clerk = _agent("clerk", "gpt-4.1-mini", handoffs=["manager"])
    ends = HandoffTermination("manager") | TextMentionTermination("DONE")
    team = Swarm([clerk], termination_condition=ends, name="counter")
    await team.run(task="I want a refund of 900 euros.")
    await team.run(task=HandoffMessage(source="manager", target="clerk", content="approved, go ahead"))


async def _retry() -> None:
    await _agent("patient", _gpt("gpt-4.1-mini", max_retries=2)).run(task="Are you busy?")


async def _refused() -> None:
    team = RoundRobinGroupChat([_agent("unlucky", "gpt-4.1-mini")], max_turns=1, name="pair")
    with suppress(RuntimeError):  # AutoGen's own, with the error's text
        await team.run(task="How much quota is left?")


async def _review() -> None:
    person = UserProxyAgent("owner", input_func=lambda prompt: "approve")
    team = RoundRobinGroupChat([_agent("writer", "gpt-4.1"), person], max_turns=2, name="review")
    await team.run(task="Write a slogan.")


async def _selector() -> None:
    members: list[Any] = [_agent("writer", "gpt-4.1"), _agent("critic", "gpt-4.1-mini")]
    await SelectorGroupChat(members, _gpt("gpt-4.1-nano"), max_turns=2, name="studio").run(
        task="Write a slogan."
    )


async def _planning() -> None:
    poet = _agent("poet", "gpt-4.1-mini")
    # Without structured output: AutoGen's own use of it makes pydantic warn.
    plain = ModelInfo(
        vision=False,
        function_calling=True,
        json_output=True,
        family=ModelFamily.GPT_41,
        structured_output=False,
    )
    team = MagenticOneGroupChat(
        [poet], _gpt("gpt-4.1", model_info=plain), max_stalls=1, max_turns=2, name="magentic"
    )
    await team.run(task="Write a poem about coffee.")


def _held(conversation: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    async def hold() -> None:
        try:
            await conversation()
        finally:
            while _clients:
                await _clients.pop().close()

    return lambda: asyncio.run(hold())


#: Cassette name without its prefix → what holds the conversation.
AUTOGEN_CONVERSATIONS: dict[str, Callable[[], None]] = {
    name: _held(conversation)
    for name, conversation in {
        "tools": _tools,
        "stream": _stream,
        "stream_without_usage": _stream_without_usage,
        "handoff": _handoff,
        "person": _person,
        "retry": _retry,
        "refused": _refused,
        "review": _review,
        "selector": _selector,
        "planning": _planning,
    }.items()
}
