"""One LangChain agent task (5 LLM turns, 8 tools) in its shapes and modes, and how its CPU is taken.

Two shapes: ``loop`` is one runnable that calls the model and the tools by hand (14 runs); ``agent`` is
``create_agent`` (14 runs and 13 graph nodes). No HiveLoop in here: it runs beside the published SDK too.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

os.environ["LANGSMITH_TRACING"] = "false"

from langchain.agents import create_agent
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool

TOKENS_PER_TURN = 20
TURNS = [["search", "fetch"]] * 4 + [[]]
USAGE = {
    "input_tokens": 1200,
    "output_tokens": 80,
    "total_tokens": 1280,
    "input_token_details": {"cache_read": 800},
}


class ScriptedModel(BaseChatModel):
    """Four turns of two tool calls, then an answer."""

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self.bind(tools=[tool.name for tool in tools])

    def _answer(self, messages: Any) -> AIMessage:
        turn = min(sum(isinstance(message, AIMessage) for message in messages), len(TURNS) - 1)
        calls = [
            {
                "name": name,
                "args": {"query": f"query {turn}", "limit": 5},
                "id": f"call_{turn}_{index}",
                "type": "tool_call",
            }
            for index, name in enumerate(TURNS[turn])
        ]
        return AIMessage(
            content="" if calls else "word " * TOKENS_PER_TURN,
            tool_calls=calls,
            usage_metadata=USAGE,
            response_metadata={
                "model_name": "scripted-2026-01-01",
                "finish_reason": "tool_calls" if calls else "stop",
            },
        )

    def _generate(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._answer(messages))])

    async def _agenerate(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._answer(messages))])

    def _chunks(self, messages: Any) -> list[ChatGenerationChunk]:
        answer = self._answer(messages)
        chunks = [AIMessageChunk(content="word ") for _ in range(TOKENS_PER_TURN)]
        for index, call in enumerate(answer.tool_calls):
            piece = {"name": call["name"], "args": json.dumps(call["args"]), "id": call["id"], "index": index}
            chunks.append(AIMessageChunk(content="", tool_call_chunks=[piece]))  # type: ignore[list-item]
        chunks.append(
            AIMessageChunk(
                content="", usage_metadata=answer.usage_metadata, response_metadata=answer.response_metadata
            )
        )
        return [ChatGenerationChunk(message=chunk) for chunk in chunks]

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


@tool
def search(query: str, limit: int) -> str:
    """Search."""
    return "three results about it " * 10


@tool
def fetch(query: str, limit: int) -> str:
    """Fetch."""
    return "a page of text " * 20


TOOLS = {"search": search, "fetch": fetch}
MODEL = ScriptedModel()
AGENT: Any = create_agent(
    MODEL, list(TOOLS.values()), name="bench", system_prompt="You are a careful researcher. " * 20
)
QUESTION = {"messages": [("user", "What is the tallest building in the city, and who built it?")]}


def _loop(inputs: Any, config: Any) -> Any:
    messages = [("user", "What is the tallest building?")]
    while True:
        answer = MODEL.invoke(messages, config)
        messages.append(answer)  # type: ignore[arg-type]
        if not answer.tool_calls:
            return answer
        messages.extend(TOOLS[call["name"]].invoke(call, config) for call in answer.tool_calls)


async def _aloop(inputs: Any, config: Any) -> Any:
    messages: list[Any] = [("user", "What is the tallest building?")]
    while True:
        answer = await MODEL.ainvoke(messages, config)
        messages.append(answer)
        if not answer.tool_calls:
            return answer
        for call in answer.tool_calls:
            messages.append(
                ToolMessage(
                    (await TOOLS[call["name"]].ainvoke(call, config)).content, tool_call_id=call["id"]
                )
            )


def _sloop(inputs: Any, config: Any) -> Any:
    messages: list[Any] = [("user", "What is the tallest building?")]
    while True:
        answer: Any = None
        for chunk in MODEL.stream(messages, config):
            answer = chunk if answer is None else answer + chunk
        messages.append(answer)
        if not answer.tool_calls:
            return answer
        messages.extend(TOOLS[call["name"]].invoke(call, config) for call in answer.tool_calls)


LOOP, ALOOP, SLOOP = RunnableLambda(_loop), RunnableLambda(_loop, afunc=_aloop), RunnableLambda(_sloop)


class NoOp(BaseCallbackHandler):
    """A handler that does nothing, on the caller's thread."""

    run_inline = True

    def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
        """The base class would render the whole prompt."""


def _stream_agent(config: Any) -> None:
    for _ in AGENT.stream(QUESTION, config, stream_mode="messages"):
        pass


async def measure_async(run: Callable[[Any], Any], config: Any) -> tuple[float, float]:
    thread, process = time.thread_time(), time.process_time()
    await run(config)
    return time.thread_time() - thread, time.process_time() - process


def measure(run: Callable[[Any], Any], config: Any) -> tuple[float, float]:
    thread, process = time.thread_time(), time.process_time()
    run(config)
    return time.thread_time() - thread, time.process_time() - process


MODES: dict[tuple[str, str], tuple[bool, Callable[[Any], Any]]] = {
    ("loop", "sync"): (False, lambda config: LOOP.invoke({}, config)),
    ("loop", "async"): (True, lambda config: ALOOP.ainvoke({}, config)),
    ("loop", "stream"): (False, lambda config: SLOOP.invoke({}, config)),
    ("agent", "sync"): (False, lambda config: AGENT.invoke(QUESTION, config)),
    ("agent", "async"): (True, lambda config: AGENT.ainvoke(QUESTION, config)),
    ("agent", "stream"): (False, _stream_agent),
}
