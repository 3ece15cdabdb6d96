"""Runs stopped from outside, and people who cannot be asked: everything that began ends, and says how."""

from __future__ import annotations

import asyncio
import builtins
import contextvars
import threading
from typing import Any

import hiveloop
import hiveloop_crewai
import pytest
from hiveloop.testing import Captured
from hiveloop.testing.conformance import assert_catalogue, assert_closed
from hiveloop_crewai import _watching

from .answering import USAGE, provider
from .replaying import actions


def _agent(role: str = "Miller", tools: Any = (), label: str = "flour") -> Any:
    from crewai import LLM, Agent

    url = provider.base_url([], label, USAGE)
    llm = LLM(model="gpt-4.1-mini", api_key="none", max_retries=0, base_url=url)
    return Agent(role=role, goal="g", backstory="b", llm=llm, tools=list(tools))


def _crew(name: str = "mill", tools: Any = (), **about: Any) -> Any:
    from crewai import Crew, Task

    agent = _agent(tools=tools)
    first = Task(name="grind", description="d", expected_output="e", agent=agent, **about)
    second = Task(name="sift", description="d", expected_output="e", agent=agent)
    return Crew(agents=[agent], tasks=[first, second], name=name, cache=False)


def _ended(hive: Captured) -> list[tuple[str, str]]:
    names = {event["task_run_id"]: event["task_type"] for event in hive.of_type("task_started")}
    return [(names[event["task_run_id"]], event["status"]) for event in hive.of_type("task_completed")]


def _whole(hive: Captured) -> None:
    assert_catalogue(hive)
    assert_closed(hive)
    assert not _watching.story.tree.open


def test_a_cancelled_kickoff_ends_with_all_that_is_in_it(hive: Captured) -> None:
    from crewai.tools import tool

    begun, release = threading.Event(), threading.Event()

    @tool("lookup")
    def lookup(subject: str) -> str:
        """Look it up, in a thread that nobody can cancel."""
        begun.set()
        release.wait(20)
        return ""

    async def main() -> None:
        running = asyncio.create_task(_crew(tools=[lookup]).akickoff())
        await asyncio.to_thread(begun.wait, 20)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        release.set()
        await _crew("next").akickoff()

    hiveloop_crewai.instrument()
    contextvars.copy_context().run(asyncio.run, main())
    hiveloop.flush()
    assert _ended(hive) == [("grind", "cancelled"), ("grind", "success"), ("sift", "success")]
    first = hive.of_type("task_started")[0]["correlation_id"]
    cancelled = [event for event in hive.of_type("action_completed") if event["status"] == "cancelled"]
    assert [event["payload"]["action_name"] for event in cancelled] == ["lookup", "Miller"]
    assert {event["correlation_id"] for event in hive.of_type("task_started")[1:]} != {first}
    depths = [
        e["payload"]["data"]["depth"] for e in hive.kinds("queue_snapshot") if e["correlation_id"] == first
    ]
    assert depths[-1] == 0, "what did not begin waits no longer"
    _whole(hive)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_interrupted_kickoff_ends_and_the_next_one_stands_alone(
    hive: Captured, error: type[BaseException]
) -> None:
    from crewai.tools import tool

    @tool("lookup")
    def lookup(subject: str) -> str:
        """Look it up."""
        raise error

    def work() -> None:
        with pytest.raises(error):
            _crew(tools=[lookup]).kickoff()
        _crew("next").kickoff()

    hiveloop_crewai.instrument()
    contextvars.copy_context().run(work)
    hiveloop.flush()
    assert _ended(hive) == [("grind", "cancelled"), ("grind", "success"), ("sift", "success")]
    assert len({event["correlation_id"] for event in hive.of_type("task_started")}) == 2
    _whole(hive)


def test_a_cancelled_flow_ends_with_the_crew_in_it(hive: Captured) -> None:
    from crewai.flow.flow import Flow, start
    from crewai.tools import tool

    begun, release = threading.Event(), threading.Event()

    @tool("lookup")
    def lookup(subject: str) -> str:
        """Look it up, in a thread that nobody can cancel."""
        begun.set()
        release.wait(20)
        return ""

    class Bake(Flow):  # type: ignore[type-arg]
        @start()
        async def grind(self) -> Any:
            return await _crew(tools=[lookup]).akickoff()

    async def main() -> None:
        running = asyncio.create_task(Bake().kickoff_async())
        await asyncio.to_thread(begun.wait, 20)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        release.set()

    hiveloop_crewai.instrument()
    contextvars.copy_context().run(asyncio.run, main())
    hiveloop.flush()
    assert sorted(_ended(hive)) == [("Bake", "cancelled"), ("grind", "cancelled")]
    _whole(hive)


def test_an_interrupted_lone_agent_ends(hive: Captured) -> None:
    from crewai.tools import tool

    @tool("lookup")
    def lookup(subject: str) -> str:
        """Look it up."""
        raise KeyboardInterrupt

    hiveloop_crewai.instrument()
    with pytest.raises(KeyboardInterrupt):
        contextvars.copy_context().run(_agent(tools=[lookup]).kickoff, "grind")
    hiveloop.flush()
    assert _ended(hive) == [("Miller", "cancelled")]
    _whole(hive)


def test_a_failure_is_still_a_failure(hive: Captured) -> None:
    hiveloop_crewai.instrument()
    crew = _crew()
    crew.agents[0].llm = _agent().llm
    crew.agents[0].llm.base_url = "http://127.0.0.1:9"
    crew.agents[0].llm._client = None

    def broken(*args: Any, **kwargs: Any) -> Any:
        raise OSError("mill burnt down")

    crew.agents[0].llm.__dict__["call"] = broken
    with pytest.raises(OSError, match="burnt"):
        contextvars.copy_context().run(crew.kickoff)
    hiveloop.flush()
    assert _ended(hive) == []
    assert len(hive.of_type("task_failed")) == 1


# -- people who cannot be asked --


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What people say when a task asks them: a text, or an error to raise."""
    said: list[Any] = []

    def read(*prompt: Any) -> str:
        answer = said.pop(0)
        if isinstance(answer, str):
            return answer
        raise answer

    monkeypatch.setattr(builtins, "input", read)
    return said


def _approvals(hive: Captured) -> list[tuple[str, str]]:
    """Each question's answer, by the order of the questions."""
    asked = [event["payload"]["data"]["approval_id"] for event in hive.of_type("approval_requested")]
    given = {
        event["payload"]["data"]["approval_id"]: event["payload"]["data"]["decision"]
        for event in hive.of_type("approval_received")
    }
    return [given.get(approval_id, "open") for approval_id in asked]


def test_a_prompt_without_a_terminal_is_answered_as_an_error_and_asked_again(
    hive: Captured, answers: list[Any]
) -> None:
    answers += [EOFError("no terminal"), ""]
    hiveloop_crewai.instrument()
    contextvars.copy_context().run(_crew(human_input=True).kickoff)
    hiveloop.flush()
    assert _approvals(hive) == ["error", "approved"]


def test_an_interrupted_prompt_is_answered_as_cancelled(hive: Captured, answers: list[Any]) -> None:
    answers.append(KeyboardInterrupt())
    hiveloop_crewai.instrument()
    with pytest.raises(KeyboardInterrupt):
        contextvars.copy_context().run(_crew(human_input=True).kickoff)
    hiveloop.flush()
    assert _approvals(hive) == ["cancelled"]
    assert _ended(hive) == [("grind", "cancelled")]


def test_every_question_of_one_task_of_the_program_is_told(hive: Captured, answers: list[Any]) -> None:
    answers += ["", EOFError("no terminal"), ""]
    hiveloop_crewai.instrument()
    with hiveloop.agent("boss").task("t"):
        contextvars.copy_context().run(_crew(human_input=True).kickoff)
        contextvars.copy_context().run(_crew(human_input=True).kickoff)
    hiveloop.flush()
    assert _approvals(hive) == ["approved", "error", "approved"]


def test_prompts_somebody_else_has_wrapped(hive: Captured, answers: list[Any]) -> None:
    """Before us, and after us in a former installation: asked once, told once."""
    from crewai.core.providers.human_input import SyncHumanInputProvider as Provider

    before = vars(Provider)["_prompt_input"]
    asked: list[str] = []

    def around(name: str) -> Any:
        inner = Provider._prompt_input

        def prompt(crew: Any) -> str:
            asked.append(name)
            return inner(crew)

        return staticmethod(prompt)

    try:
        Provider._prompt_input = around("first")  # type: ignore[method-assign]
        hiveloop_crewai.instrument()
        Provider._prompt_input = around("after")  # type: ignore[method-assign]
        hiveloop_crewai.uninstrument()
        hiveloop_crewai.instrument()
        answers += ["", ""]
        contextvars.copy_context().run(_crew(human_input=True).kickoff)
        hiveloop.flush()
        assert asked == ["after", "first"]
        assert _approvals(hive) == ["approved"]
        hiveloop_crewai.uninstrument()
        contextvars.copy_context().run(_crew(human_input=True).kickoff)
        assert _approvals(hive) == ["approved"]
    finally:
        hiveloop_crewai.uninstrument()
        Provider._prompt_input = before  # type: ignore[method-assign]


def test_an_action_of_each_try_at_asking(hive: Captured, answers: list[Any]) -> None:
    answers += [EOFError("no terminal"), ""]
    hiveloop_crewai.instrument()
    contextvars.copy_context().run(_crew(human_input=True).kickoff)
    hiveloop.flush()
    tries = [event["action_id"] for event in actions(hive, "agent")][:2]
    assert [event["action_id"] for event in hive.of_type("approval_requested")] == tries
