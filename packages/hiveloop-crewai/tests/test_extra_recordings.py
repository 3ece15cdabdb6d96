"""Answers of real providers, played through the real CrewAI: what is told equals what the recording holds."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import hiveloop
import hiveloop_crewai
import pytest
from hiveloop.testing import Captured
from hiveloop.testing.conformance import assert_catalogue, assert_closed

from .replaying import Recorded, actions, calls, recorded_in, replay

FOLDER = os.environ.get("HIVELOOP_EXTRA_CASSETTES")
pytestmark = pytest.mark.skipif(
    not FOLDER,
    reason="HIVELOOP_EXTRA_CASSETTES is not set: recordings of real providers are not part of the project",
)
_MATCH = ("method", "scheme", "host", "port", "path")


def _file(name: str) -> Path:
    return Path(FOLDER or "") / "crewai" / f"{name}.yaml"


def _play(name: str, run: Any) -> list[Recorded]:
    hiveloop_crewai.instrument()
    with replay(_file(name), *_MATCH):
        run()
        hiveloop.flush()
    return recorded_in(_file(name))


def _llm(model: str, **settings: Any) -> Any:
    from crewai import LLM

    return LLM(model=model, api_key="none", max_retries=0, **settings)


def _agent(role: str, model: str, **settings: Any) -> Any:
    from crewai import Agent

    return Agent(role=role, goal="Do it well.", backstory="An expert.", llm=_llm(model), **settings)


def _task(description: str, agent: Any, **settings: Any) -> Any:
    from crewai import Task

    return Task(description=description, expected_output="Text.", agent=agent, **settings)


def _model(name: str) -> str:
    return str(recorded_in(_file(name))[0].request["model"])


def _assert_tokens(seen: Captured, exchanges: list[Recorded]) -> None:
    told = [(call.get("tokens_in"), call.get("tokens_out")) for call in calls(seen)]
    assert told == [exchange.tokens for exchange in exchanges]
    assert {call["model"] for call in calls(seen)} == {exchange.request["model"] for exchange in exchanges}
    assert_catalogue(seen)
    assert_closed(seen)


def test_two_agents_in_sequence(hive: Captured) -> None:
    from crewai import Crew

    name = "test_crew_creation"
    researcher = _agent("Researcher", _model(name))
    writer = _agent("Senior Writer", _model(name))
    tasks = [_task("Give me five ideas", researcher), _task("Write a paragraph for each idea", writer)]
    exchanges = _play(name, Crew(agents=[researcher, writer], tasks=tasks).kickoff)
    _assert_tokens(hive, exchanges[: len(calls(hive))])
    assert len(calls(hive)) == len(exchanges)
    started = sorted(hive.of_type("task_started"), key=lambda event: event["timestamp"])
    assert [event["agent_id"] for event in started] == ["researcher", "senior-writer"]


def test_delegation_to_a_coworker(hive: Captured) -> None:
    from crewai import Crew

    name = "test_crew_with_delegating_agents"
    ceo = _agent("CEO", _model(name), allow_delegation=True)
    writer = _agent("Senior Writer", _model(name))
    crew = Crew(agents=[ceo, writer], tasks=[_task("Produce a draft about AI agents", ceo)])
    exchanges = _play(name, crew.kickoff)
    _assert_tokens(hive, exchanges)
    assert [call["agent_id"] for call in calls(hive)] == ["ceo", "senior-writer", "ceo"]
    assert [event["payload"]["data"]["assigned_to"] for event in hive.of_type("escalated")] == [
        "Senior Writer"
    ]


def test_a_guardrail_until_it_passes(hive: Captured) -> None:
    from crewai import Crew

    name = "test_crew_with_failing_task_guardrails"
    exchanges = recorded_in(_file(name))
    verdicts = iter([False] * (len(exchanges) - 1) + [True])

    def checked(result: Any) -> Any:
        return (True, result.raw) if next(verdicts) else (False, "not yet")

    checked.__annotations__.clear()
    writer = _agent("Report Writer", _model(name))
    task = _task("Write a report", writer, guardrail=checked, guardrail_max_retries=len(exchanges))
    _play(name, Crew(agents=[writer], tasks=[task]).kickoff)
    _assert_tokens(hive, exchanges)
    retries = [event["payload"]["data"]["attempt"] for event in hive.of_type("retry_started")]
    assert retries == list(range(2, len(exchanges) + 1))
    assert len(hive.of_type("action_failed")) == len(exchanges) - 1


def test_a_call_that_is_refused_is_one_call(hive: Captured) -> None:
    name = "test_llm_call_with_error"
    (exchange,) = recorded_in(_file(name))
    model = _llm(exchange.request["model"])

    def refused() -> None:
        with pytest.raises(ValueError, match="404"):
            model.call("Hello")

    _play(name, refused)
    (call,) = calls(hive)
    assert call["metadata"]["error"]["status_code"] == exchange.status == 404
    assert "tokens_in" not in call
    assert not hive.of_type("task_started"), "a bare model call is no task"


def test_a_stream(hive: Captured) -> None:
    name = "test_llm_emits_stream_chunk_events"
    (exchange,) = recorded_in(_file(name))
    model = _llm(exchange.request["model"], stream=True)
    _play(name, lambda: model.call("Tell me a short joke"))
    (call,) = calls(hive)
    assert (call.get("tokens_in"), call.get("tokens_out")) == exchange.tokens
    assert 0 <= call["metadata"]["ttft_ms"] <= call["duration_ms"]


def test_a_plan_and_its_six_calls(hive: Captured) -> None:
    from crewai.agent.planning_config import PlanningConfig

    name = "test_agent_kickoff_with_planning"
    planned = _agent("Math Assistant", _model(name), planning_config=PlanningConfig(max_attempts=1))
    exchanges = _play(name, lambda: planned.kickoff("What is 10 + 15?"))
    _assert_tokens(hive, exchanges)
    assert len(hive.kinds("plan_created")) == 1
    assert hive.kinds("plan_step")
    assert {event["task_run_id"] for event in hive.kinds("plan_step", "llm_call")} == {
        event["task_run_id"] for event in hive.of_type("task_started")
    }
    assert len(actions(hive)) == 0


def test_anthropic_with_a_native_tool(hive: Captured) -> None:
    pytest.importorskip("crewai.llms.providers.anthropic.completion")
    from crewai import Crew
    from crewai.tools import tool

    name = "TestAnthropicNativeToolCalling.test_anthropic_agent_with_native_tool_calling"

    @tool("calculator")
    def calculator(expression: str) -> str:
        """Calculate."""
        return "120"

    worker = _agent("Math Assistant", f"anthropic/{_model(name)}", tools=[calculator])
    exchanges = _play(name, Crew(agents=[worker], tasks=[_task("Calculate 15 * 8", worker)]).kickoff)
    told = calls(hive)
    assert len(told) == len(exchanges)
    for call, exchange in zip(told, exchanges, strict=True):
        usage = exchange.usage
        read = usage.get("cache_read_input_tokens") or 0
        written = usage.get("cache_creation_input_tokens") or 0
        assert call["tokens_in"] == usage["input_tokens"] + read + written
        assert call["tokens_out"] == usage["output_tokens"]
        assert call["metadata"]["provider"] == "anthropic"
    assert len(actions(hive, "tool")) == 1
