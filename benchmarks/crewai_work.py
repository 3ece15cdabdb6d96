"""CrewAI to be measured: a crew of one with tools; its own OpenAI client, answered inside the process.

The switches that keep CrewAI from calling home are in the environment before this is imported.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import hiveloop
import hiveloop_crewai
import httpx
import openai

from benchmarks.framework_work import Framework, Run, Work

__all__ = ["FRAMEWORK"]

# By name: CrewAI is not installed in every development environment.
_crewai: Any = importlib.import_module("crewai")
_tool: Any = importlib.import_module("crewai.tools").tool
_bus: Any = importlib.import_module("crewai.events").crewai_event_bus

_MODEL = "gpt-4.1-mini"
_TOOL_TURNS = 4
_USAGE = {
    "prompt_tokens": 1_200,
    "completion_tokens": 80,
    "total_tokens": 1_280,
    "prompt_tokens_details": {"cached_tokens": 800},
}


@_tool("search")  # type: ignore[untyped-decorator]
def search(query: str, limit: int) -> str:
    """Search."""
    return "three results about it " * 10


@_tool("fetch")  # type: ignore[untyped-decorator]
def fetch(query: str, limit: int) -> str:
    """Fetch."""
    return "a page of text " * 20


def _calls(turn: int) -> list[dict[str, Any]]:
    return [
        {
            "id": f"call_{turn}_{name}",
            "type": "function",
            "function": {"name": name, "arguments": json.dumps({"query": f"query {turn}", "limit": 5})},
        }
        for name in ("search", "fetch")
    ]


def _answer(request: httpx.Request) -> httpx.Response:
    """Two tool calls a turn, then an answer; by the conversation alone."""
    if request.url.path.endswith("/input_tokens"):  # newer versions have the provider count before they ask
        return httpx.Response(200, json={"object": "response.input_tokens", "input_tokens": 1_200})
    messages = json.loads(request.content)["messages"]
    turn = sum(bool(message.get("tool_calls")) for message in messages)
    asks = turn < _TOOL_TURNS
    message: dict[str, Any] = {"role": "assistant", "content": None if asks else "word " * 20}
    if asks:
        message["tool_calls"] = _calls(turn)
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if asks else "stop"}
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": f"{_MODEL}-2025-04-14",
        "choices": [choice],
        "usage": _USAGE,
    }
    return httpx.Response(200, json=body)


_llm = _crewai.LLM(model=_MODEL, api_key="answered-in-memory")
# What is given to the model's constructor goes to its sync and its async client alike, and no transport fits both.
_llm._client = openai.OpenAI(
    api_key="answered-in-memory", http_client=httpx.Client(transport=httpx.MockTransport(_answer))
)


@contextmanager
def _one_crew() -> Iterator[Run]:
    agent = _crewai.Agent(
        role="Researcher",
        goal="Do it well.",
        backstory="A careful researcher. " * 20,
        llm=_llm,
        tools=[search, fetch],
    )
    task = _crewai.Task(
        description="Name the tallest building, and who built it.",
        expected_output="One sentence.",
        agent=agent,
    )
    yield _crewai.Crew(agents=[agent], tasks=[task], name="bench").kickoff


def _settle() -> None:
    """CrewAI's bus and our adapter work on threads of their own."""
    _bus.flush()
    hiveloop.flush()


FRAMEWORK = Framework(
    distributions=("crewai", "openai"),
    instrument=hiveloop_crewai.instrument,
    uninstrument=hiveloop_crewai.uninstrument,
    works={f"crew of 1, {_TOOL_TURNS + 1} LLM turns, {2 * _TOOL_TURNS} tools": Work(_one_crew)},
    settle=_settle,
)
