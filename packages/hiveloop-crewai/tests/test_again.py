"""Model calls that are made again: for their rate by CrewAI itself, and for a guardrail by an agent on its own."""

from __future__ import annotations

import contextvars
import json
import threading
from typing import Any

import hiveloop
import hiveloop_crewai
import pytest
from hiveloop.testing import Captured
from hiveloop.testing.conformance import assert_catalogue, assert_closed
from hiveloop_crewai import _watching

from .answering import USAGE, provider
from .replaying import actions, calls


def _agent(role: str = "Miller", refusals: int = 0, tools: Any = (), **about: Any) -> Any:
    from crewai import LLM, Agent

    url = provider.base_url([], "flour", USAGE, refusals)
    llm = LLM(model="gpt-4.1-mini", api_key="none", max_retries=0, base_url=url)
    return Agent(role=role, goal="g", backstory="b", llm=llm, tools=list(tools), **about)


def _kickoff(agent: Any) -> Any:
    from crewai import Crew, Task

    tasks = [Task(name=name, description="d", expected_output="e", agent=agent) for name in ("grind", "sift")]
    crew = Crew(agents=[agent], tasks=tasks, name="mill", cache=False)
    try:
        return contextvars.copy_context().run(crew.kickoff)
    finally:
        hiveloop.flush()


def _retries(hive: Captured) -> list[dict[str, Any]]:
    told = sorted(hive.of_type("retry_started"), key=lambda event: event["timestamp"])
    return [event["payload"]["data"] for event in told]


def _whole(hive: Captured) -> None:
    assert_catalogue(hive)
    assert_closed(hive)
    assert not _watching.story.tree.open


def test_a_call_refused_for_its_rate_is_tried_again_where_it_was(hive: Captured) -> None:
    from crewai.tools import tool

    @tool("lookup")
    def lookup(subject: str) -> str:
        """Look it up."""
        return f"much {subject}"

    hiveloop_crewai.instrument()
    _kickoff(_agent(refusals=2, tools=[lookup]))
    at_work = {event["action_id"] for event in actions(hive, "agent")}
    told = calls(hive)
    assert len(told) == 6
    assert {call["event"]["action_id"] for call in told} == at_work, "each call is its agent's"
    assert [call["metadata"].get("error", {}).get("type") for call in told[:3]] == [
        "RateLimitError",
        "RateLimitError",
        None,
    ]
    assert [(again["attempt"], again["reason"]) for again in _retries(hive)] == [
        (2, "RateLimitError"),
        (3, "RateLimitError"),
    ]
    assert all(again["backoff_seconds"] >= 0 for again in _retries(hive))
    _whole(hive)


def test_three_refusals_fail_the_agent_by_the_type_of_the_error(hive: Captured) -> None:
    from openai import RateLimitError

    hiveloop_crewai.instrument()
    with pytest.raises(RateLimitError):
        _kickoff(_agent(refusals=3, max_retry_limit=0))
    (failed,) = hive.of_type("action_failed")
    assert failed["payload"]["exception_type"] == "RateLimitError"
    assert [again["attempt"] for again in _retries(hive)] == [2, 3]
    assert all("backoff_seconds" in again for again in _retries(hive)), "the agent itself is not tried again"
    _whole(hive)


def test_without_content_a_retry_names_the_type_alone(hive: Captured) -> None:
    hiveloop_crewai.instrument(capture_content=False)
    _kickoff(_agent(refusals=1))
    (again,) = _retries(hive)
    assert (again["reason"], "original_error" in again) == ("RateLimitError", False)
    assert "slow down" not in json.dumps(hive.events)


def test_lone_agents_of_one_role_keep_their_calls_apart(hive: Captured) -> None:
    hiveloop_crewai.instrument()
    threads = [
        threading.Thread(target=contextvars.Context().run, args=(_agent("Solo", 2).kickoff, "hi"))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    hiveloop.flush()
    runs = {event["task_run_id"] for event in hive.of_type("task_started")}
    assert len(runs) == 2
    for run in runs:
        mine = [call for call in calls(hive) if call["event"].get("task_run_id") == run]
        assert ["error" in call["metadata"] for call in mine] == [True, True, False]
    _whole(hive)


def test_a_lone_agent_that_its_guardrail_refuses_is_tried_again(hive: Captured) -> None:
    said = iter([(False, "too coarse"), (False, "still too coarse"), (True, "fine")])

    def fineness(output: Any) -> Any:
        return next(said)

    hiveloop_crewai.instrument()
    result = contextvars.Context().run(_agent("Solo", guardrail=fineness).kickoff, "hi")
    hiveloop.flush()
    assert result.raw == "fine"
    assert [(again["attempt"], again["reason"]) for again in _retries(hive)] == [
        (2, "guardrail:fineness: too coarse"),
        (3, "guardrail:fineness: still too coarse"),
    ]
    assert len(calls(hive)) == 3
    _whole(hive)
