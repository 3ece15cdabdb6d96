"""CPU that watching adds to one LangChain agent task (5 LLM turns, 8 tools): nothing, a no-op handler, ours.

Run: ``python benchmarks/langchain_task.py [rounds]``. All variants run in one process, round-robin, in shuffled
order. Printed are microseconds per task: median of the calling thread's CPU time (``time.thread_time``) and of the
whole process (``time.process_time``, which includes LangGraph's tool threads), then what each adds to the base.

Two shapes: ``loop`` is one runnable that calls the model and the tools by hand (14 runs); ``agent`` is
``create_agent`` (14 runs and 13 graph nodes). Ours encodes every event into an in-memory sink.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import statistics
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

os.environ["LANGSMITH_TRACING"] = "false"

from hiveloop.testing import capture_events
from hiveloop_langchain import HiveLoopCallbackHandler
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


def _rounds(count: int, is_async: bool, run: Callable[[Any], Any]) -> dict[str, list[tuple[float, float]]]:
    noop, ours = NoOp(), HiveLoopCallbackHandler(agent="bench")
    configs: dict[str, Any] = {"base": {}, "no-op": {"callbacks": [noop]}, "ours": {"callbacks": [ours]}}
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in configs}
    with capture_events() as seen, asyncio.Runner() as runner:
        for index in range(-3, count):
            names = list(configs)
            random.shuffle(names)
            for name in names:
                config = dict(configs[name])
                figure = runner.run(measure_async(run, config)) if is_async else measure(run, config)
                if index >= 0:
                    taken[name].append(figure)
            seen.clear()
    return taken


def main() -> None:
    """Print one line per shape, mode and variant."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    print(
        f"{'shape':6} {'mode':7} {'variant':8} {'thread us':>10} {'added':>8} {'process us':>11} {'added':>8}"
    )
    for (shape, mode), (is_async, run) in MODES.items():
        taken = _rounds(count, is_async, run)
        base = [statistics.median(figure[i] for figure in taken["base"]) * 1e6 for i in (0, 1)]
        for name, figures in taken.items():
            thread, process = (statistics.median(figure[i] for figure in figures) * 1e6 for i in (0, 1))
            print(
                f"{shape:6} {mode:7} {name:8} {thread:10.0f} {thread - base[0]:8.0f} {process:11.0f} {process - base[1]:8.0f}"
            )


if __name__ == "__main__":
    main()
