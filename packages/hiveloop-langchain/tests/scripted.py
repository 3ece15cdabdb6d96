"""A chat model that says what it is told to, with usage, tool calls, streams and errors; and readers of what was sent."""

from __future__ import annotations

import importlib.util
import inspect
import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import langchain.agents.factory
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

#: Older versions do not say which agent a run belongs to.
NAMES_AGENTS = "lc_agent_name" in inspect.getsource(langchain.agents.factory)
TELLS_PAUSES = importlib.util.find_spec("langgraph.callbacks") is not None

USAGE: dict[str, Any] = {
    "input_tokens": 120,
    "output_tokens": 30,
    "total_tokens": 150,
    "input_token_details": {"cache_read": 100, "cache_creation": 5},
    "output_token_details": {"reasoning": 7},
}


def says(
    text: str = "", *calls: tuple[str, dict[str, Any]], usage: dict[str, Any] | None = USAGE
) -> AIMessage:
    """An answer; each call is ``(tool name, arguments)``."""
    return AIMessage(
        content=text,
        tool_calls=[
            {"name": name, "args": arguments, "id": f"call-{index}-{name}", "type": "tool_call"}
            for index, (name, arguments) in enumerate(calls)
        ],
        usage_metadata=usage,
        response_metadata={"model_name": "scripted-2026", "finish_reason": "tool_calls" if calls else "stop"},
    )


class Scripted(BaseChatModel):
    """Answers by turn: the n-th answer of ``script`` to a conversation that holds n answers already.

    An exception in the script is raised. ``before`` is called before every answer.
    """

    script: list[Any]
    model_name: str = "scripted"
    before: Callable[[], Any] | None = None

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self.bind(tools=[tool.name for tool in tools])

    def _answer(self, messages: Any) -> AIMessage:
        if self.before is not None:
            self.before()
        turn = sum(isinstance(message, AIMessage) for message in messages)
        answer = self.script[min(turn, len(self.script) - 1)]
        if callable(answer):
            answer = answer(messages)
        if isinstance(answer, BaseException):
            raise answer
        return answer.model_copy()

    def _generate(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._answer(messages))])

    def _chunks(self, messages: Any) -> Iterator[ChatGenerationChunk]:
        answer = self._answer(messages)
        pieces = [AIMessageChunk(content="")]
        pieces += [AIMessageChunk(content=word) for word in str(answer.content).split(" ")]
        for index, call in enumerate(answer.tool_calls):
            piece = {"name": call["name"], "args": json.dumps(call["args"]), "id": call["id"], "index": index}
            pieces.append(AIMessageChunk(content="", tool_call_chunks=[piece]))
        pieces.append(
            AIMessageChunk(
                content="", usage_metadata=answer.usage_metadata, response_metadata=answer.response_metadata
            )
        )
        return (ChatGenerationChunk(message=piece) for piece in pieces)

    def _stream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        for chunk in self._chunks(messages):
            if run_manager:
                run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk

    async def _astream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in self._chunks(messages):
            if run_manager:
                await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk


def calls(seen: Any) -> list[dict[str, Any]]:
    """Data of the model calls sent."""
    return [event["payload"]["data"] for event in seen.kinds("llm_call")]


def names(seen: Any, event_type: str) -> list[str]:
    """Names of the actions in events of this type."""
    return [event["payload"]["action_name"] for event in seen.of_type(event_type)]


def types(seen: Any) -> list[str]:
    """Event types in order, kinds for custom ones, registration left out."""
    told = [
        event["payload"]["kind"] if event["event_type"] == "custom" else event["event_type"]
        for event in seen.events
    ]
    return [name for name in told if name != "agent_registered"]
