"""AutoGen AgentChat to be measured: an agent with tools, and a team that takes turns; models are scripted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import hiveloop_autogen
from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_core import CancellationToken, FunctionCall
from autogen_core.models import (
    AssistantMessage,
    ChatCompletionClient,
    CreateResult,
    ModelFamily,
    ModelInfo,
    RequestUsage,
)

from benchmarks.framework_work import Framework, Run, Work

__all__ = ["FRAMEWORK"]

_TOOL_TURNS = 4
_TEAM_TURNS = 6
_ANSWER = "word " * 20
_INFO = ModelInfo(
    vision=False, function_calling=True, json_output=True, family=ModelFamily.UNKNOWN, structured_output=False
)


class _ScriptedClient(ChatCompletionClient):
    """Two tool calls a turn for as many turns as told, then an answer; by the conversation alone."""

    component_config_schema = None

    def __init__(self, tool_turns: int) -> None:
        self._tool_turns = tool_turns
        self._create_args = {"model": "scripted-2026-01-01"}

    async def create(self, messages: Sequence[Any], **kwargs: Any) -> CreateResult:
        turn = sum(isinstance(message, AssistantMessage) for message in messages)
        content: Any = _ANSWER
        if turn < self._tool_turns:
            content = [
                FunctionCall(
                    id=f"call_{turn}_{name}",
                    name=name,
                    arguments=json.dumps({"query": f"query {turn}", "limit": 5}),
                )
                for name in ("search", "fetch")
            ]
        return CreateResult(
            finish_reason="stop" if content is _ANSWER else "function_calls",
            content=content,
            usage=RequestUsage(1_200, 80),
            cached=False,
        )

    async def create_stream(self, messages: Sequence[Any], **kwargs: Any) -> AsyncGenerator[Any, None]:
        yield await self.create(messages)

    async def close(self) -> None:
        """Nothing is open."""

    def actual_usage(self) -> RequestUsage:
        return RequestUsage(0, 0)

    def total_usage(self) -> RequestUsage:
        return RequestUsage(0, 0)

    def count_tokens(self, messages: Sequence[Any], **kwargs: Any) -> int:
        return 0

    def remaining_tokens(self, messages: Sequence[Any], **kwargs: Any) -> int:
        return 100_000

    @property
    def capabilities(self) -> Any:
        return _INFO

    @property
    def model_info(self) -> ModelInfo:
        return _INFO


async def search(query: str, limit: int) -> str:
    """Search."""
    return "three results about it " * 10


async def fetch(query: str, limit: int) -> str:
    """Fetch."""
    return "a page of text " * 20


_runner = asyncio.Runner()
_agent = AssistantAgent(
    "researcher",
    _ScriptedClient(_TOOL_TURNS),
    tools=[search, fetch],
    system_message="You are a careful researcher. " * 20,
    max_tool_iterations=_TOOL_TURNS + 1,
)
_team = RoundRobinGroupChat(
    [AssistantAgent(name, _ScriptedClient(0), description=name) for name in ("writer", "critic")],
    max_turns=_TEAM_TURNS,
)


@contextmanager
def _one_agent() -> Iterator[Run]:
    _runner.run(_agent.on_reset(CancellationToken()))
    yield lambda: _runner.run(_agent.run(task="What is the tallest building, and who built it?"))


@contextmanager
def _one_team() -> Iterator[Run]:
    yield lambda: _runner.run(_team.run(task="Write a page about the tallest building."))
    _runner.run(_team.reset())


FRAMEWORK = Framework(
    distributions=("autogen-agentchat", "autogen-core"),
    instrument=hiveloop_autogen.instrument,
    uninstrument=hiveloop_autogen.uninstrument,
    works={
        f"agent, {_TOOL_TURNS + 1} LLM turns, {2 * _TOOL_TURNS} tools": Work(_one_agent),
        f"round-robin team of 2, {_TEAM_TURNS} turns": Work(_one_team),
    },
)
