"""The conversations recorded as ``wire_*.yaml``: one per dialect and behaviour, held by the real clients."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import anthropic
import openai
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import tool

from examples.demo.models import claude, gpt

__all__ = ["CONVERSATIONS", "Conversation"]

#: Holds the conversation with the callbacks of ``config`` and returns the last answers, newest last.
Conversation = Callable[[RunnableConfig], list[AIMessage]]
_ERRORS = (openai.APIStatusError, anthropic.APIStatusError)


@tool
def get_weather(city: str) -> str:
    """The weather in a city."""
    return f"Rain in {city}."


def _agent(model: Any, *, stream: bool) -> Conversation:
    """An agent that calls a tool twice in parallel and then answers."""

    def hold(config: RunnableConfig) -> list[AIMessage]:
        agent = create_agent(model(), [get_weather], name="weather")
        inputs: Any = {"messages": [HumanMessage("How is the weather in Oslo and Bergen?")]}
        if stream:
            state = list(agent.stream(inputs, config, stream_mode="values"))[-1]
        else:
            state = agent.invoke(inputs, config)
        return [message for message in state["messages"] if isinstance(message, AIMessage)]

    return hold


def _ask(model: Any, *questions: str, stream: bool = False) -> Conversation:
    """Bare model calls; a question the provider refuses gives no answer."""

    def hold(config: RunnableConfig) -> list[AIMessage]:
        answers: list[AIMessage] = []
        for question in questions:
            with suppress(*_ERRORS):
                answers.append(_answer(model(), question, config, stream=stream))
        return answers

    return hold


def _answer(model: Any, question: str, config: RunnableConfig, *, stream: bool) -> AIMessage:
    if not stream:
        answer: AIMessage = model.invoke(question, config)
        return answer
    first, *rest = model.stream(question, config)
    for chunk in rest:
        first += chunk
    whole: AIMessage = first
    return whole


def _cached_menu(config: RunnableConfig) -> list[AIMessage]:
    """Two turns with a marked system prompt: the first writes the cache, the second reads it."""
    text = "The menu: espresso, cortado, flat white, cappuccino, filter, batch brew, cold brew."
    system = SystemMessage(content=[{"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}])
    messages: list[Any] = [system, HumanMessage("How many drinks are on the menu?")]
    model = claude("claude-haiku-4-5")
    count = model.invoke(messages, config)
    best = model.invoke([*messages, count, HumanMessage("And the best one?")], config)
    return [count, best]


def _chat(**settings: Any) -> Any:
    return gpt("gpt-4.1-mini", **{"max_retries": 0, **settings})


def _responses(**settings: Any) -> Any:
    settings = {"max_retries": 0, "use_responses_api": True, "output_version": "responses/v1", **settings}
    return gpt("gpt-5-mini", **settings)


def _claude(**settings: Any) -> Any:
    return claude("claude-haiku-4-5", **{"max_retries": 0, **settings})


def _retrying(model: Any) -> Callable[[], Any]:
    return lambda: model(max_retries=2)


def _streaming(model: Any) -> Callable[[], Any]:
    return lambda: model(streaming=True)


_REFUSALS = ("Use the wrong key", "You are always busy", "You are broken")

CONVERSATIONS: dict[str, Conversation] = {
    "openai_chat_agent": _agent(_chat, stream=False),
    "openai_chat_agent_stream": _agent(_streaming(_chat), stream=True),
    "openai_responses_agent": _agent(_responses, stream=False),
    "openai_responses_agent_stream": _agent(_streaming(_responses), stream=True),
    "anthropic_agent": _agent(_claude, stream=False),
    "anthropic_agent_stream": _agent(_streaming(_claude), stream=True),
    "anthropic_prompt_cache": _cached_menu,
    "openai_chat_length": _ask(_chat, "Tell me a story"),
    "openai_responses_incomplete": _ask(_responses, "Tell me a story", stream=True),
    "anthropic_max_tokens": _ask(_claude, "Tell me a story", stream=True),
    "openai_chat_stream_without_usage": _ask(
        lambda: _chat().model_copy(update={"stream_usage": False}), "Tell me a joke", stream=True
    ),
    "openai_errors": _ask(_chat, *_REFUSALS),
    "openai_model_not_found": _ask(lambda: gpt("gpt-9", max_retries=0), "Tell me a joke"),
    "anthropic_errors": _ask(_claude, *_REFUSALS),
    "anthropic_model_not_found": _ask(lambda: claude("claude-9", max_retries=0), "Tell me a joke"),
    "openai_retried_inside_the_client": _ask(_retrying(_chat), "You are busy once"),
    "anthropic_retried_inside_the_client": _ask(_retrying(_claude), "You are busy once"),
}
