"""Answers of real providers, replayed through the real client: what is told equals what the recording holds."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import hiveloop_autogen
import pytest
import vcr
import yaml
from autogen_agentchat.agents import AssistantAgent
from autogen_core.models import UserMessage
from autogen_ext.models.openai import OpenAIChatCompletionClient
from hiveloop.testing.conformance import assert_catalogue, assert_closed

from .scripted import calls
from .teams import tree

FOLDER = os.environ.get("HIVELOOP_EXTRA_CASSETTES")
pytestmark = pytest.mark.skipif(
    not FOLDER,
    reason="HIVELOOP_EXTRA_CASSETTES is not set: recordings of real providers are not part of the project",
)
_PREFIX = "openinference_agentchat__test_instrumenting_"


def _path(name: str) -> str:
    return str(Path(FOLDER or "") / "autogen" / f"{_PREFIX}{name}.yaml")


def _answers(name: str) -> list[str]:
    found = yaml.safe_load(Path(_path(name)).read_text())["interactions"]
    return [item["response"]["body"]["string"] for item in found]


def _replaying(name: str) -> Any:
    return vcr.VCR(
        record_mode="none", match_on=["method", "uri"], decode_compressed_response=True
    ).use_cassette(_path(name))


async def test_one_call_of_the_client(hive: Any) -> None:
    name = "model_client__test_instrumenting_model_client"
    hiveloop_autogen.instrument()
    client = OpenAIChatCompletionClient(model="gpt-4o-2024-08-06", api_key="none")
    with _replaying(name):
        await client.create([UserMessage(content="What is the capital of France?", source="user")])
    await client.close()
    (call,), (answer,) = calls(hive), [json.loads(text) for text in _answers(name)]
    usage = answer["usage"]
    assert (call["model"], call["tokens_in"], call["tokens_out"]) == (
        answer["model"],
        usage["prompt_tokens"],
        usage["completion_tokens"],
    )
    assert call["metadata"]["stop_reason"] == answer["choices"][0]["finish_reason"]
    assert call["response_preview"] == answer["choices"][0]["message"]["content"]


async def test_an_agent_streamed_without_usage(hive: Any) -> None:
    name = "assistant_agent__TestAssistantAgent.test_agent_run"

    async def get_weather(city: str) -> str:
        """Get the weather for a given city."""
        return f"The weather in {city} is 73 degrees and Sunny."

    hiveloop_autogen.instrument()
    client = OpenAIChatCompletionClient(model="gpt-3.5-turbo", api_key="none")
    agent = AssistantAgent(
        "weather_agent",
        client,
        tools=[get_weather],
        system_message="You are a helpful assistant that can check the weather.",
        reflect_on_tool_use=True,
        model_client_stream=True,
    )
    with _replaying(name):
        result = await agent.run(task="What is the weather in New York?")
    await client.close()
    texts = _answers(name)
    assert not any('"usage":{' in text for text in texts), "the recording holds no usage"
    first, second = calls(hive)
    assert not {"tokens_in", "tokens_out", "cost"} & (set(first) | set(second))
    assert first["metadata"]["tool_calls"] == ["get_weather"]
    assert tree(hive, "weather_agent") == [
        "llm:weather_agent.create_stream",
        "get_weather",
        "llm:weather_agent.create_stream",
    ]
    streamed = [json.loads(line[6:]) for line in texts[1].splitlines() if line.startswith("data: {")]
    said = "".join(
        chunk["choices"][0]["delta"].get("content") or "" for chunk in streamed if chunk["choices"]
    )
    assert second["response_preview"] == said == result.messages[-1].content  # type: ignore[union-attr]
    assert_catalogue(hive)
    assert_closed(hive)
