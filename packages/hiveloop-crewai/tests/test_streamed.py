"""Crews and flows whose results are streamed: the same story, told while it is read."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from typing import Any

import hiveloop
import hiveloop_crewai
from hiveloop.testing import Captured
from hiveloop.testing.conformance import assert_catalogue, assert_closed
from hiveloop_crewai import _watching

from .answering import USAGE, provider
from .replaying import actions, calls, told


def _crew(tools: Any = (), stream: bool = True) -> Any:
    from crewai import LLM, Agent, Crew, Task

    url = provider.base_url([], "flour", USAGE)
    llm = LLM(model="gpt-4.1-mini", api_key="none", max_retries=0, base_url=url)
    agent = Agent(role="Miller", goal="g", backstory="b", llm=llm, tools=list(tools))
    task = Task(name="grind", description="d", expected_output="e", agent=agent)
    return Crew(agents=[agent], tasks=[task], name="mill", cache=False, stream=stream)


def _lookup() -> Any:
    from crewai.tools import tool

    @tool("lookup")
    def lookup(subject: str) -> str:
        """Look it up."""
        return f"much {subject}"

    return lookup


def _whole(hive: Captured) -> None:
    hiveloop.flush()
    assert_catalogue(hive)
    assert_closed(hive)
    assert not _watching.story.tree.open


def _assert_told(hive: Captured, runs: int = 1) -> None:
    _whole(hive)
    assert [event["status"] for event in hive.of_type("task_completed")] == ["success"] * runs
    assert told(hive, "action_started").count(("miller", "lookup")) == runs
    assert [(call["tokens_in"], call["tokens_out"]) for call in calls(hive)] == [(120, 30)] * 2 * runs
    for call in calls(hive):
        assert call["metadata"]["stream"] is True
        assert call["metadata"]["ttft_ms"] >= 0


def test_a_streamed_crew(hive: Captured) -> None:
    def work() -> None:
        output = _crew([_lookup()]).kickoff()
        words = "".join(chunk.content for chunk in output)
        assert output.result.raw.strip() == "done with flour"
        assert "done with flour" in words

    hiveloop_crewai.instrument()
    contextvars.Context().run(work)
    _assert_told(hive)


def test_a_streamed_crew_that_is_awaited(hive: Captured) -> None:
    async def main() -> None:
        for begin in (_crew([_lookup()]).akickoff, _crew([_lookup()]).kickoff_async):
            output = await begin()
            async for _ in output:
                pass
            assert output.result.raw.strip() == "done with flour"

    hiveloop_crewai.instrument()
    contextvars.Context().run(asyncio.run, main())
    _assert_told(hive, 2)
    assert len({event["correlation_id"] for event in hive.of_type("task_started")}) == 2


def test_a_streamed_crew_read_inside_a_task_of_the_program(hive: Captured) -> None:
    def work() -> None:
        with hiveloop.agent("boss").task("order-1"):
            for _ in _crew([_lookup()]).kickoff():
                pass
            hiveloop.flush()

    hiveloop_crewai.instrument()
    contextvars.Context().run(work)
    _whole(hive)
    assert [event["task_id"] for event in hive.of_type("task_started")] == ["order-1"]
    assert [event["payload"]["kind"] for event in actions(hive)] == ["crew", "task", "agent", "tool"]


def test_a_streamed_crew_that_nobody_reads_to_its_end(hive: Captured) -> None:
    from crewai.tools import tool

    begun, release = threading.Event(), threading.Event()

    @tool("lookup")
    def lookup(subject: str) -> str:
        """Look it up, in a thread that nobody can cancel."""
        begun.set()
        release.wait(20)
        return ""

    async def main() -> None:
        output = await _crew([lookup]).akickoff()
        reading = asyncio.create_task(anext(aiter(output)))
        await asyncio.to_thread(begun.wait, 20)
        await reading
        await output.aclose()
        release.set()

    hiveloop_crewai.instrument()
    contextvars.Context().run(asyncio.run, main())
    _whole(hive)
    assert [event["status"] for event in hive.of_type("task_completed")] == ["cancelled"]


def test_a_streamed_flow(hive: Captured) -> None:
    from crewai.flow.flow import Flow, start

    class Baking(Flow[Any]):
        stream = True

        @start()
        def bake(self) -> str:
            return str(_crew([_lookup()], stream=False).kickoff().raw)

    def work() -> None:
        output = Baking().kickoff()
        for _ in output:
            pass
        assert output.result == "done with flour"

    hiveloop_crewai.instrument()
    contextvars.Context().run(work)
    _whole(hive)
    flow, task = hive.of_type("task_started")
    assert (flow["agent_id"], task["agent_id"]) == ("flow:Baking", "miller")
    assert task["correlation_id"] == flow["task_run_id"]
