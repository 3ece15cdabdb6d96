"""The scripted model server speaks the dialects that the real clients accept."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from tests.model_server import Call, Fault, ModelServer, Script, Turn, Usage

USAGE = Usage(tokens_in=1200, tokens_out=90, cache_read=1024, reasoning=40)
WRITE_AND_READ = Usage(tokens_in=1500, tokens_out=60, cache_read=300, cache_creation=1100)
WEATHER = (Call("weather", {"city": "Oslo"}), Call("weather", {"city": "Bergen"}))


@tool
def weather(city: str) -> str:
    """The weather in a city."""
    return f"Rain in {city}."


def _scripts(model: str) -> list[Script]:
    def script(about: str, *turns: Turn) -> Script:
        return Script(model=model, about=about, turns=turns, answered_by=f"{model}-2025-04-14")

    return [
        script("plain", Turn(text="Hello from the roastery, good morning to you.", usage=USAGE)),
        script("cache", Turn(text="Cached.", usage=WRITE_AND_READ)),
        script(
            "weather",
            Turn(calls=WEATHER, usage=USAGE),
            Turn(text="Rain in both cities.", usage=USAGE),
        ),
        script("story", Turn(text="Once upon a", stop="length", usage=USAGE)),
        script("unknown usage", Turn(text="No usage here.")),
        script("key", Turn(fault=Fault(status=401, message="Incorrect API key provided."))),
        script(
            "busy twice",
            Turn(
                text="At last.",
                usage=USAGE,
                fault=Fault(status=429, message="Slow down.", retry_after_seconds=0.01, times=2),
            ),
        ),
        script("broken", Turn(fault=Fault(status=500, message="The server had an error."))),
    ]


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(_scripts("gpt-4.1-mini") + _scripts("claude-haiku-4-5")) as running:
        yield running


def _chat(server: ModelServer, **settings: Any) -> ChatOpenAI:
    settings = {"model": "gpt-4.1-mini", "max_retries": 0, **settings}
    return ChatOpenAI(base_url=server.openai_base_url, api_key=SecretStr("scripted"), **settings)


def _claude(server: ModelServer, **settings: Any) -> ChatAnthropic:
    settings = {"model": "claude-haiku-4-5", "max_retries": 0, **settings}
    return ChatAnthropic(base_url=server.anthropic_base_url, api_key=SecretStr("scripted"), **settings)


def _responses(server: ModelServer, **settings: Any) -> ChatOpenAI:
    return _chat(server, use_responses_api=True, output_version="responses/v1", **settings)


CLIENTS = pytest.mark.parametrize("client", [_chat, _responses, _claude])


def _streamed(model: Any, messages: Any) -> AIMessageChunk:
    whole: AIMessageChunk | None = None
    pieces = 0
    for chunk in model.stream(messages):
        pieces += bool(chunk.text)
        whole = chunk if whole is None else whole + chunk
    assert whole is not None
    assert pieces > 1 or not whole.text or len(whole.text) < 20
    return whole


def _check_usage(message: AIMessage, client: Any) -> None:
    usage = message.usage_metadata
    assert usage is not None
    assert (usage["input_tokens"], usage["output_tokens"]) == (1200, 90)
    assert usage["input_token_details"]["cache_read"] == 1024
    if client is not _claude:  # Anthropic does not report reasoning apart
        assert usage["output_token_details"]["reasoning"] == 40


@CLIENTS
def test_plain_answer(server: ModelServer, client: Any) -> None:
    message = client(server).invoke("plain, please")
    assert message.text == "Hello from the roastery, good morning to you."
    assert message.response_metadata["model_name"].endswith("-2025-04-14")
    _check_usage(message, client)


@CLIENTS
def test_streamed_answer(server: ModelServer, client: Any) -> None:
    settings = {} if client is _claude else {"stream_usage": True}
    message = _streamed(client(server, **settings), "plain, please")
    assert message.text == "Hello from the roastery, good morning to you."
    _check_usage(message, client)


@CLIENTS
@pytest.mark.parametrize("stream", [False, True])
def test_parallel_tool_calls_and_the_turn_after(server: ModelServer, client: Any, stream: bool) -> None:
    model = client(server).bind_tools([weather])
    messages: list[Any] = [HumanMessage("weather in the north")]
    first = _streamed(model, messages) if stream else model.invoke(messages)
    assert [(call["name"], call["args"]) for call in first.tool_calls] == [
        ("weather", {"city": "Oslo"}),
        ("weather", {"city": "Bergen"}),
    ]
    ids = [call["id"] for call in first.tool_calls]
    assert len(set(ids)) == 2
    results = [
        ToolMessage(weather.invoke(call["args"]), tool_call_id=call["id"]) for call in first.tool_calls
    ]
    assert model.invoke([*messages, first, *results]).text == "Rain in both cities."


@pytest.mark.parametrize("stream", [False, True])
def test_stop_reasons_of_a_cut_answer(server: ModelServer, stream: bool) -> None:
    def ask(model: Any) -> AIMessage:
        return _streamed(model, "a story") if stream else model.invoke("a story")

    assert ask(_chat(server)).response_metadata["finish_reason"] == "length"
    assert ask(_claude(server)).response_metadata["stop_reason"] == "max_tokens"
    incomplete = ask(_responses(server)).response_metadata
    assert incomplete["status"] == "incomplete"
    assert incomplete["incomplete_details"]["reason"] == "max_output_tokens"


def test_anthropic_counts_cache_writes_and_reads_inside_the_input(server: ModelServer) -> None:
    usage = _claude(server).invoke("cache").usage_metadata
    assert usage is not None
    assert usage["input_tokens"] == 1500
    details = dict(usage["input_token_details"])
    assert details["cache_read"] == 300
    # The client moves writes to the key of their time to live.
    assert details["ephemeral_5m_input_tokens"] == 1100


def test_a_stream_without_usage_stays_unknown(server: ModelServer) -> None:
    assert _streamed(_chat(server, stream_usage=True), "unknown usage").usage_metadata is None
    assert _streamed(_chat(server, stream_usage=False), "plain").usage_metadata is None


@pytest.mark.parametrize(("client", "errors"), [(_chat, openai), (_responses, openai), (_claude, anthropic)])
def test_provider_errors(server: ModelServer, client: Any, errors: Any) -> None:
    with pytest.raises(errors.AuthenticationError, match="Incorrect API key"):
        client(server).invoke("wrong key")
    with pytest.raises(errors.NotFoundError, match="does not exist"):
        client(server, model="gpt-9").invoke("plain")
    with pytest.raises(errors.RateLimitError) as caught:
        client(server).invoke("busy twice")
    assert caught.value.response.headers["retry-after"] == "1"
    assert caught.value.response.headers["retry-after-ms"] == "10"
    with pytest.raises(errors.InternalServerError):
        client(server).invoke("broken")


@CLIENTS
def test_the_client_retries_by_itself_and_succeeds(server: ModelServer, client: Any) -> None:
    assert client(server, max_retries=2).invoke("busy twice").text == "At last."
    assert len(server.requests) == 3


def test_requests_that_fit_no_script_say_so(server: ModelServer) -> None:
    with pytest.raises(openai.BadRequestError, match="No script"):
        _chat(server).invoke("something else")


def _post(url: str, body: bytes, **headers: str) -> tuple[int, Any]:
    request = urllib.request.Request(url, data=body, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"messages": 3, "model": "gpt-4.1-mini"}', b"\xff"])
def test_unreadable_requests_get_a_400(server: ModelServer, body: bytes) -> None:
    url = f"{server.openai_base_url}/chat/completions"
    status, error = _post(url, body, Authorization="Bearer scripted")
    assert status == 400
    assert "cannot be read" in error["error"]["message"]


def test_a_missing_key_is_refused_and_unknown_paths_are_404(server: ModelServer) -> None:
    assert _post(f"{server.openai_base_url}/chat/completions", b"{}")[0] == 401
    assert _post(f"{server.anthropic_base_url}/v1/messages", b"{}")[0] == 401
    assert _post(f"{server.openai_base_url}/embeddings", b"{}")[0] == 404
