"""Answers of real providers, replayed through the real clients: what is sent equals what the recording holds."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import vcr
import yaml
from hiveloop.testing.conformance import assert_catalogue, assert_closed
from hiveloop_langchain import HiveLoopCallbackHandler
from langchain.agents import create_agent
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from vcr.request import Request

from .scripted import calls

FOLDER = os.environ.get("HIVELOOP_EXTRA_CASSETTES")
pytestmark = pytest.mark.skipif(
    not FOLDER,
    reason="HIVELOOP_EXTRA_CASSETTES is not set: recordings of real providers are not part of the project",
)
WEATHER = "What is the weather in San Francisco, CA?"


def _load(name: str) -> tuple[list[Any], list[Any]]:
    path = Path(FOLDER or "") / "langchain" / name
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    found = yaml.load(raw, Loader=yaml.CSafeLoader)
    if "interactions" in found:
        found = {key: [item[key[:-1]] for item in found["interactions"]] for key in ("requests", "responses")}
    return found["requests"], found["responses"]


class Recorded:
    """A persister that reads both dialects and never writes."""

    @staticmethod
    def load_cassette(name: str, serializer: Any) -> tuple[list[Any], list[Any]]:
        requests, responses = _load(name)
        made = [
            Request(item["method"], item["uri"], item.get("body"), item.get("headers") or {})
            for item in requests
        ]
        for response in responses:
            body = response["body"]["string"]
            response["body"]["string"] = body.encode() if isinstance(body, str) else body
            response.setdefault("headers", {})
        return made, responses

    @staticmethod
    def save_cassette(name: str, data: Any, serializer: Any) -> None:
        raise AssertionError("recordings are read only")


@contextmanager
def _replaying(name: str) -> Iterator[None]:
    player = vcr.VCR(record_mode="none", match_on=["method"], decode_compressed_response=True)
    player.register_persister(Recorded)
    with player.use_cassette(name):
        yield


def _answers(name: str) -> list[dict[str, Any]]:
    """The recorded answers: the JSON body, or the object in the last events of a stream that holds the usage."""
    answers = []
    for response in _load(name)[1]:
        body = response["body"]["string"]
        body = body.encode() if isinstance(body, str) else body
        text = (gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body).decode()
        if text.lstrip().startswith("{"):
            answers.append(json.loads(text))
            continue
        events = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]
        objects = [event.get("response", event) for event in events]
        answers.append([found for found in objects if found.get("usage")][-1])
    return answers


def _with() -> Any:
    return {"callbacks": [HiveLoopCallbackHandler(agent="recorded")]}


@tool
def get_weather(location: str) -> str:
    """Get the weather for a location."""
    return "It's sunny."


def _openai(**kwargs: Any) -> ChatOpenAI:
    return ChatOpenAI(api_key="sk-none", max_retries=0, **kwargs)  # type: ignore[arg-type]


def _anthropic(**kwargs: Any) -> ChatAnthropic:
    return ChatAnthropic(api_key="sk-none", max_retries=0, **kwargs)


def test_an_anthropic_agent_loop(hive: Any) -> None:
    name = "anthropic__test_agent_loop.yaml.gz"
    with _replaying(name):
        agent = create_agent(_anthropic(model_name="claude-haiku-4-5-20251001"), [get_weather])
        agent.invoke({"messages": [("user", WEATHER)]}, _with())
    told, recorded = calls(hive), _answers(name)
    assert len(told) == len(recorded) == 2
    for call, answer in zip(told, recorded, strict=True):
        usage = answer["usage"]
        cached = usage["cache_read_input_tokens"], usage["cache_creation_input_tokens"]
        assert call["tokens_in"] == usage["input_tokens"] + sum(cached)
        assert call["tokens_out"] == usage["output_tokens"]
        about = call["metadata"]
        assert (about["cache_read_input_tokens"], about["cache_creation_input_tokens"]) == cached
        assert about["stop_reason"] == answer["stop_reason"]
        assert about["provider"] == "anthropic"
        assert call["model"] == answer["model"]
    assert told[0]["metadata"]["tool_calls"] == ["get_weather"]
    assert_catalogue(hive)
    assert_closed(hive)


def test_an_openai_responses_loop_streamed(hive: Any) -> None:
    name = "openai__test_agent_loop_streaming.yaml.gz"
    with _replaying(name):
        model = _openai(
            model="gpt-5.2",
            use_responses_api=True,
            reasoning={"effort": "medium", "summary": "auto"},
            streaming=True,
            output_version="responses/v1",
        )
        agent = create_agent(model, [get_weather])
        for _ in agent.stream({"messages": [("user", WEATHER)]}, _with(), stream_mode="messages"):
            pass
    told, recorded = calls(hive), _answers(name)
    assert len(told) == len(recorded) == 2
    for call, answer in zip(told, recorded, strict=True):
        usage = answer["usage"]
        assert (call["tokens_in"], call["tokens_out"]) == (usage["input_tokens"], usage["output_tokens"])
        about = call["metadata"]
        assert about["reasoning_tokens"] == usage["output_tokens_details"]["reasoning_tokens"]
        assert about["cache_read_input_tokens"] == usage["input_tokens_details"]["cached_tokens"]
        assert about["ttft_ms"] <= call["duration_ms"]
        assert call["model"] == answer["model"]
        assert about["requested_model"] == "gpt-5.2"
    assert [call["metadata"]["stop_reason"] for call in told] == ["tool_calls", "stop"]


def test_an_answer_cut_short(hive: Any) -> None:
    name = "openai__test_incomplete_response.yaml.gz"
    with _replaying(name):
        model = _openai(model="gpt-4o-mini", use_responses_api=True, max_completion_tokens=16)
        model.invoke("Tell me a 100 word story about a bear.", _with())
        for _ in model.stream("Tell me a 100 word story about a bear.", _with()):
            pass
    for call, answer in zip(calls(hive), _answers(name), strict=True):
        assert call["tokens_out"] == answer["usage"]["output_tokens"]
        assert call["metadata"]["stop_reason"] == answer["incomplete_details"]["reason"]


def test_a_stream_with_usage(hive: Any) -> None:
    name = "oi__streaming_usage.yaml"
    with _replaying(name):
        model = _openai(model="gpt-3.5-turbo", stream_usage=True, temperature=0.7, n=1, logprobs=False)
        for _ in model.stream("Tell me a funny joke, a one-liner.", _with()):
            pass
    (call,), (answer,) = calls(hive), _answers(name)
    usage = answer["usage"]
    assert (call["tokens_in"], call["tokens_out"]) == (usage["prompt_tokens"], usage["completion_tokens"])
    assert call["model"] == answer["model"]
    assert call["metadata"]["stop_reason"] == "stop"
    assert "cache_read_input_tokens" not in call["metadata"]


@pytest.mark.parametrize(
    ("name", "model", "error_class", "status"),
    [
        ("oi__openai_401.yaml", "gpt-4", "AuthenticationError", 401),
        ("otel__chat_404.yaml", "this-model-does-not-exist", "NotFoundError", 404),
    ],
)
def test_a_refused_call(hive: Any, name: str, model: str, error_class: str, status: int) -> None:
    import openai

    with _replaying(name), pytest.raises(getattr(openai, error_class)) as raised:
        _openai(model=model).invoke("Say this is a test", _with())
    (call,), (answer,) = calls(hive), _answers_to_errors(name)
    assert call["metadata"]["error"]["type"] == type(raised.value).__name__
    assert error_class in call["metadata"]["error"]["type"]
    assert call["metadata"]["error"]["status_code"] == status
    assert answer["error"]["message"][:40] in call["metadata"]["error"]["message"]
    assert call["model"] == model
    assert "tokens_in" not in call


def _answers_to_errors(name: str) -> list[dict[str, Any]]:
    return [json.loads(response["body"]["string"]) for response in _load(name)[1]]


def test_a_prompt_cache_written_and_read(hive: Any) -> None:
    name = "tl__anthropic_prompt_caching.yaml"
    with _replaying(name):
        for request in _load(name)[0]:
            asked = json.loads(request["body"])
            model = _anthropic(model_name=asked["model"], max_tokens_to_sample=asked["max_tokens"])
            system = [SystemMessage(content=asked["system"])] if asked.get("system") else []
            model.invoke([*system, HumanMessage(content=asked["messages"][0]["content"])], _with())
    told, recorded = calls(hive), _answers(name)
    for call, answer in zip(told, recorded, strict=True):
        usage = answer["usage"]
        written, read = usage["cache_creation_input_tokens"], usage["cache_read_input_tokens"]
        assert call["tokens_in"] == usage["input_tokens"] + written + read
        assert call["tokens_out"] == usage["output_tokens"]
        assert call["metadata"]["cache_creation_input_tokens"] == written
        assert call["metadata"]["cache_read_input_tokens"] == read
    assert recorded[0]["usage"]["cache_creation_input_tokens"] > 0
    assert recorded[1]["usage"]["cache_read_input_tokens"] > 0
