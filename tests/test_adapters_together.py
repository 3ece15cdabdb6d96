"""Adapters side by side: what two of them could tell is told once, where it belongs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hiveloop
import hiveloop_tenacity
import pytest
import tenacity
import vcr
from hiveloop.testing import Captured
from langchain.agents import create_agent
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models.llms import LLM, create_base_retry_decorator
from langchain_core.runnables import RunnableLambda
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

RETRIED = Path(__file__).resolve().parent / "cassettes" / "wire_openai_retried_inside_the_client.yaml"


@pytest.fixture(autouse=True)
def _both(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("OPENAI_BASE_URL", "OPENAI_API_BASE"):
        monkeypatch.delenv(name, raising=False)
    hiveloop.instrument("langchain", "tenacity")
    yield
    hiveloop.adapters.uninstrument()


class Flaky:
    """Fails the first time."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, value: Any = None) -> Any:
        self.calls += 1
        if self.calls == 1:
            raise ConnectionError("no route")
        return value


def _functions(hive: Captured) -> list[str]:
    return [event["payload"]["data"]["function"] for event in hive.of_type("retry_started")]


def test_what_langchain_retries_with_tenacity_is_told_by_its_adapter(hive: Captured) -> None:
    step = RunnableLambda(Flaky(), name="step")
    assert step.with_retry(stop_after_attempt=3, wait_exponential_jitter=False).invoke(1) == 1
    assert len(_functions(hive)) == 1
    assert hive.kinds("recovered", "issue") == []


def test_what_an_integration_retries_with_langchains_decorator_is_told_once(
    hive: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tenacity.nap.time, "sleep", lambda seconds: None)

    class Integration(LLM):
        flaky: Any

        @property
        def _llm_type(self) -> str:
            return "integration"

        def _call(
            self,
            prompt: str,
            stop: list[str] | None = None,
            run_manager: CallbackManagerForLLMRun | None = None,
            **kwargs: Any,
        ) -> str:
            again = create_base_retry_decorator([ConnectionError], max_retries=3, run_manager=run_manager)
            answer: str = again(self.flaky)("hello")
            return answer

    assert Integration(flaky=Flaky()).invoke("hi") == "hello"
    (event,) = hive.of_type("retry_started")
    assert event["payload"]["data"]["function"] == "Integration"


def test_a_tool_retried_inside_a_graph_keeps_its_place(hive: Captured) -> None:
    fetch = tenacity.retry(stop=tenacity.stop_after_attempt(3))(Flaky())

    def work(value: int) -> int:
        found: int = fetch(value)
        return found

    chain = RunnableLambda(work, name="work") | RunnableLambda(lambda value: value, name="after")
    with hiveloop.agent("own").task("t"):
        assert chain.invoke(1) == 1
    started = {
        event["payload"]["action_name"]: event["action_id"] for event in hive.of_type("action_started")
    }
    (retry,) = hive.of_type("retry_started")
    assert (retry["agent_id"], retry["task_id"], retry["action_id"]) == ("own", "t", started["work"])


def test_an_http_retry_is_told_once_with_two_adapters_watching(hive: Captured) -> None:
    model = ChatOpenAI(model="gpt-4.1-mini", api_key=SecretStr("sk-none"), max_retries=2)
    with vcr.VCR(record_mode="none", match_on=["method", "path"]).use_cassette(str(RETRIED)):
        create_agent(model, [], name="busy").invoke({"messages": [("user", "You are busy once")]})
    assert _functions(hive) == ["model"]


def test_the_openai_client_alone_in_a_task(hive: Captured) -> None:
    import openai

    hiveloop_tenacity.instrument()  # looks for clients imported since
    with vcr.VCR(record_mode="none", match_on=["method", "path"]).use_cassette(str(RETRIED)):
        with (
            hiveloop.agent("own").task("t"),
            openai.OpenAI(api_key="sk-none", base_url="https://api.openai.com/v1") as client,
        ):
            client.chat.completions.create(model="gpt-4.1-mini", messages=[{"role": "user", "content": "Hi"}])
    (event,) = hive.of_type("retry_started")
    assert (event["agent_id"], event["task_id"]) == ("own", "t")
    assert event["payload"]["data"]["function"] == "openai POST /chat/completions"
    assert event["payload"]["data"]["reason"] == "HTTP 429 Too Many Requests"
