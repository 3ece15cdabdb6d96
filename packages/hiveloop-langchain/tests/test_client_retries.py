"""HTTP retries inside the model clients: one event each, beside the call they belong to, however it is made."""

from __future__ import annotations

import copy
import gc
import json
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic._base_client as anthropic_client
import hiveloop
import hiveloop_langchain
import openai._base_client as openai_client
import pytest
import vcr
from hiveloop.testing.conformance import assert_catalogue, assert_closed
from hiveloop_langchain import HiveLoopCallbackHandler
from langchain.agents import create_agent
from langchain_anthropic import ChatAnthropic
from langchain_core.runnables import RunnableLambda
from langchain_openai import ChatOpenAI
from pydantic import SecretStr
from vcr.cassette import Cassette

from .scripted import calls

CASSETTES = Path(__file__).resolve().parents[3] / "tests" / "cassettes"
ASKED = {"messages": [("user", "You are busy once")]}
CLIENTS = [openai_client, anthropic_client]
PROVIDERS = ["openai", "anthropic"]


@pytest.fixture(autouse=True)
def _no_other_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_BASE_URL", "OPENAI_API_BASE", "ANTHROPIC_BASE_URL", "ANTHROPIC_API_URL"):
        monkeypatch.delenv(name, raising=False)


def _openai(**kwargs: Any) -> ChatOpenAI:
    return ChatOpenAI(model="gpt-4.1-mini", api_key=SecretStr("sk-none"), max_retries=2, **kwargs)


def _anthropic(**kwargs: Any) -> ChatAnthropic:
    return ChatAnthropic(model_name="claude-haiku-4-5", api_key=SecretStr("sk-none"), max_retries=2, **kwargs)


def _model(provider: str, **kwargs: Any) -> Any:
    return _openai(**kwargs) if provider == "openai" else _anthropic(**kwargs)


@pytest.fixture(params=PROVIDERS)
def provider(request: pytest.FixtureRequest) -> Iterator[str]:
    """A provider that refuses the first request with 429 and answers the second."""
    name = f"wire_{request.param}_retried_inside_the_client.yaml"
    with _replaying(str(CASSETTES / name)):
        yield request.param


def _replaying(path: str, **kwargs: Any) -> Any:
    return vcr.VCR(record_mode="none", match_on=["method", "path"]).use_cassette(path, **kwargs)


def _patched_points() -> list[Any]:
    names = {"SyncAPIClient": "_sleep_for_retry", "AsyncAPIClient": "_sleep_for_retry"}
    points = {**names, "BaseClient": "_calculate_retry_timeout"}
    return [vars(getattr(client, owner))[name] for client in CLIENTS for owner, name in points.items()]


@pytest.fixture(autouse=True)
def _everything_is_given_back() -> Iterator[None]:
    gc.collect()
    before = _patched_points()
    yield
    hiveloop_langchain.uninstrument()
    gc.collect()
    assert all(now is then for now, then in zip(_patched_points(), before, strict=True))


def _the_retry(hive: Any) -> dict[str, Any]:
    (event,) = hive.of_type("retry_started")
    found: dict[str, Any] = event
    return found


def _assert_told(hive: Any, provider: str, function: str = "model") -> None:
    """One retry, before the one model call, under the same action of the same task."""
    retry, (call,) = _the_retry(hive), hive.kinds("llm_call")
    assert retry["payload"]["data"] == {
        "attempt": 2,
        "function": function,
        "client": provider,
        "backoff_seconds": 0.02,
        "reason": "HTTP 429 Too Many Requests",
        "max_attempts": 3,
    }
    for link in ("agent_id", "task_id", "task_run_id", "action_id"):
        assert retry.get(link) == call.get(link), link
    order = [event["event_id"] for event in hive.events]
    assert order.index(retry["event_id"]) < order.index(call["event_id"])
    assert "error" not in call["payload"]["data"].get("metadata", {})
    assert_catalogue(hive)
    assert_closed(hive)


def test_an_agent_with_an_explicit_handler(hive: Any, provider: str) -> None:
    create_agent(_model(provider), [], name="busy").invoke(ASKED, {"callbacks": [HiveLoopCallbackHandler()]})
    _assert_told(hive, provider)
    started = {
        event["action_id"]: event["payload"]["action_name"] for event in hive.of_type("action_started")
    }
    assert started[_the_retry(hive)["action_id"]] == "model"


def test_an_instrumented_agent(hive: Any, provider: str) -> None:
    hiveloop_langchain.instrument()
    create_agent(_model(provider), [], name="busy").invoke(ASKED)
    _assert_told(hive, provider)


async def test_async(hive: Any, provider: str) -> None:
    hiveloop_langchain.instrument()
    await create_agent(_model(provider), [], name="busy").ainvoke(ASKED)
    _assert_told(hive, provider)


def test_both_ways_at_once_tell_it_once(hive: Any, provider: str) -> None:
    hiveloop_langchain.instrument()
    agent = create_agent(_model(provider), [], name="busy")
    agent.invoke(ASKED, {"callbacks": [HiveLoopCallbackHandler()]})
    _assert_told(hive, provider)


def test_a_bare_model_belongs_to_its_agent(hive: Any, provider: str) -> None:
    handler = HiveLoopCallbackHandler(agent="bare")
    _model(provider).invoke("You are busy once", {"callbacks": [handler]})
    assert _the_retry(hive)["agent_id"] == "bare"
    _assert_told(hive, provider, f"Chat{'OpenAI' if provider == 'openai' else 'Anthropic'}")


def test_inside_a_task_of_the_program(hive: Any, provider: str) -> None:
    hiveloop_langchain.instrument()
    agent = hiveloop.agent("own")
    with agent.task("t"), agent.track_context("think"):
        _model(provider).invoke("You are busy once")
    (think,) = hive.of_type("action_started")
    assert _the_retry(hive)["action_id"] == think["action_id"]


def _stream_of(provider: str, tmp_path: Path) -> str:
    """The refusal of one recording before the stream of another."""
    import yaml

    refused = f"wire_{provider}_retried_inside_the_client.yaml"
    streamed = f"wire_{'openai_chat' if provider == 'openai' else 'anthropic'}_agent_stream.yaml"
    loaded = [yaml.safe_load((CASSETTES / name).read_text()) for name in (refused, streamed)]
    loaded[0]["interactions"] = [loaded[0]["interactions"][0], loaded[1]["interactions"][-1]]
    path = tmp_path / "stream.yaml"
    path.write_text(yaml.safe_dump(loaded[0]))
    return str(path)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_streaming(hive: Any, provider: str, tmp_path: Path) -> None:
    handler = HiveLoopCallbackHandler()
    with _replaying(_stream_of(provider, tmp_path)):
        agent = create_agent(_model(provider, streaming=True), [], name="busy")
        chunks = list(agent.stream(ASKED, {"callbacks": [handler]}, stream_mode="messages"))
    assert len(chunks) > 1
    _assert_told(hive, provider)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_streaming_async(hive: Any, provider: str, tmp_path: Path) -> None:
    hiveloop_langchain.instrument()
    with _replaying(_stream_of(provider, tmp_path)):
        chunks = [chunk async for chunk in _model(provider).astream("You are busy once")]
    assert len(chunks) > 1
    _assert_told(hive, provider, f"Chat{'OpenAI' if provider == 'openai' else 'Anthropic'}")


def test_the_refusals_text_is_not_sent(hive: Any, provider: str) -> None:
    create_agent(_model(provider), [], name="busy").invoke(ASKED, {"callbacks": [HiveLoopCallbackHandler()]})
    assert b"Rate limit reached" not in hive.raw


def test_after_uninstrument_nothing_is_told(hive: Any, provider: str) -> None:
    hiveloop_langchain.instrument()
    hiveloop_langchain.uninstrument()
    create_agent(_model(provider), []).invoke(ASKED)
    assert hive.events == []


def test_a_run_under_way_at_uninstrument_does_not_wrap_again(hive: Any, provider: str) -> None:
    before = _patched_points()
    model = _model(provider)
    hiveloop_langchain.instrument()
    assert all(now is not then for now, then in zip(_patched_points(), before, strict=True))

    def work(question: str) -> Any:
        hiveloop_langchain.uninstrument()
        return model.invoke(question)

    RunnableLambda(work).invoke("You are busy once")
    assert len(calls(hive)) == 1, "told to its end"
    assert hive.of_type("retry_started") == []
    assert all(now is then for now, then in zip(_patched_points(), before, strict=True))


def test_an_explicit_handler_ends_its_interest_when_it_is_gone(hive: Any) -> None:
    before = _patched_points()
    handler = HiveLoopCallbackHandler()
    assert all(now is then for now, then in zip(_patched_points(), before, strict=True)), (
        "not before it is used"
    )
    handler.on_llm_start({"name": "m"}, ["hi"], run_id="1")
    twin = copy.deepcopy(handler)
    del handler
    gc.collect()
    assert all(now is not then for now, then in zip(_patched_points(), before, strict=True))
    assert pickle.loads(pickle.dumps(twin._client_retries)) is not None
    twin.on_llm_error(ValueError(), run_id="1")
    del twin
    gc.collect()
    assert all(now is then for now, then in zip(_patched_points(), before, strict=True))


def test_a_recording_without_retries_tells_none(hive: Any) -> None:
    hiveloop_langchain.instrument()
    with _replaying(str(CASSETTES / "wire_openai_chat_length.yaml")):
        _openai().invoke("Tell me a story")
    assert len(calls(hive)) == 1
    assert hive.of_type("retry_started") == []


def test_the_recordings_hold_what_is_asserted_here() -> None:
    for name in PROVIDERS:
        cassette = Cassette.load(path=str(CASSETTES / f"wire_{name}_retried_inside_the_client.yaml"))
        statuses = [response["status"]["code"] for response in cassette.responses]
        assert statuses == [429, 200]
        assert "busy once" in json.dumps([str(request.body) for request in cassette.requests])
