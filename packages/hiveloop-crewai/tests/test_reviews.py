"""People asked by a provider of the program's own, and what CrewAI takes their words to mean."""

from __future__ import annotations

import asyncio
import contextvars
import json
from collections.abc import Callable
from typing import Any

import hiveloop
import hiveloop_crewai
import pytest
from hiveloop.testing import Captured
from hiveloop.testing.conformance import assert_catalogue, assert_closed

from .answering import USAGE, provider

SECRET = "the miller's cat is called Tom"


def _crew() -> Any:
    from crewai import LLM, Agent, Crew, Task

    llm = LLM(
        model="gpt-4.1-mini",
        api_key="none",
        max_retries=0,
        base_url=provider.base_url([], "flour", USAGE),
    )
    agent = Agent(role="Miller", goal="g", backstory="b", llm=llm)
    task = Task(name="grind", description="d", expected_output="e", agent=agent, human_input=True)
    return Crew(agents=[agent], tasks=[task], name="mill", cache=False)


class Desk:
    """A provider that knows nothing of CrewAI's own."""

    def __init__(self, review: Callable[[Any], Any]) -> None:
        self.review = review

    def setup_messages(self, context: Any) -> bool:
        return False

    def post_setup_messages(self, context: Any) -> None:
        pass

    def handle_feedback(self, answer: Any, context: Any) -> Any:
        return self.review(answer)

    async def handle_feedback_async(self, answer: Any, context: Any) -> Any:
        return self.review(answer)


def _kickoff(desk: Any, is_async: bool = False) -> Any:
    from crewai.core.providers.human_input import set_provider

    def work() -> Any:
        set_provider(desk)
        crew = _crew()
        return asyncio.run(crew.akickoff()) if is_async else crew.kickoff()

    try:
        return contextvars.Context().run(work)
    finally:
        hiveloop.flush()


def _approvals(hive: Captured) -> list[tuple[str, str]]:
    """What was asked and how it was answered."""
    asked = [event["payload"]["data"] for event in hive.of_type("approval_requested")]
    given = {
        event["payload"]["data"]["approval_id"]: event["payload"]["data"]["decision"]
        for event in hive.of_type("approval_received")
    }
    return [(data["kind"], given.pop(data["approval_id"])) for data in asked]


def _revised(answer: Any) -> Any:
    return type(answer)(thought="", output="finer flour", text="finer flour")


@pytest.mark.parametrize("is_async", [False, True])
def test_a_provider_of_the_programs_own(hive: Captured, is_async: bool) -> None:
    hiveloop_crewai.instrument()
    assert _kickoff(Desk(lambda answer: answer), is_async).raw == "done with flour"
    assert _kickoff(Desk(_revised), is_async).raw == "finer flour"
    assert _approvals(hive) == [("human_input", "approved"), ("human_input", "answered")]
    assert_catalogue(hive)
    assert_closed(hive)


@pytest.mark.parametrize(("error", "decision"), [(EOFError, "error"), (KeyboardInterrupt, "cancelled")])
def test_a_provider_that_cannot_ask(hive: Captured, error: type[BaseException], decision: str) -> None:
    raised = error()

    def fail(answer: Any) -> Any:
        raise raised

    hiveloop_crewai.instrument()
    with pytest.raises(error) as caught:
        _kickoff(Desk(fail))
    assert caught.value is raised
    assert {how for _, how in _approvals(hive)} == {decision}


def test_a_provider_made_of_crewais_own_is_told_once(hive: Captured) -> None:
    from crewai.core.providers.human_input import SyncHumanInputProvider

    class Prompting(SyncHumanInputProvider):
        @staticmethod
        def _prompt_input(crew: Any) -> str:
            return ""

    class Around(SyncHumanInputProvider):
        def handle_feedback(self, answer: Any, context: Any) -> Any:
            return super().handle_feedback(answer, context)

    hiveloop_crewai.instrument()
    _kickoff(Prompting())
    assert _approvals(hive) == [("human_input", "approved")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("builtins.input", lambda *prompt: "")
        _kickoff(Around())
        _kickoff(SyncHumanInputProvider())
    assert _approvals(hive) == [("human_input", "approved")] * 3


def test_taken_out_the_executors_are_as_before() -> None:
    try:
        from crewai.agents.agent_executor import AgentExecutor as Executor
    except ImportError:  # before 1.15
        from crewai.agents.crew_agent_executor import CrewAgentExecutor as Executor

    before = vars(Executor)["_handle_human_feedback"]
    hiveloop_crewai.instrument()
    assert vars(Executor)["_handle_human_feedback"] is not before
    hiveloop_crewai.uninstrument()
    assert vars(Executor)["_handle_human_feedback"] is before


# -- feedback on a flow's step --


def _step(result: Any, ends: bool = True) -> None:
    """A step that asks a person to choose, as CrewAI tells of it."""
    from crewai.events import crewai_event_bus as bus
    from crewai.events.types import flow_events as flow
    from crewai.flow.flow import Flow, start

    class Review(Flow[Any]):
        @start()
        def begin(self) -> None:
            """Never run."""

    source, about = Review(), {"flow_name": "Review", "method_name": "begin"}
    options = ["publish", "drop"]
    bus.emit(source, flow.FlowStartedEvent(flow_name="Review"))
    bus.emit(source, flow.MethodExecutionStartedEvent(**about, state={}))
    bus.emit(source, flow.HumanFeedbackRequestedEvent(**about, output="o", message="Well?", emit=options))
    bus.emit(source, flow.HumanFeedbackReceivedEvent(**about, feedback=SECRET, outcome=None))
    if ends:
        bus.emit(source, flow.MethodExecutionFinishedEvent(**about, result=result, state={}))
        bus.emit(source, flow.FlowFinishedEvent(flow_name="Review", result=result, state={}))


def _answer(hive: Captured) -> dict[str, Any]:
    hiveloop.flush()
    (received,) = hive.of_type("approval_received")
    data: dict[str, Any] = received["payload"]["data"]
    return data


def test_what_a_persons_words_were_taken_to_mean(hive: Captured) -> None:
    hiveloop_crewai.instrument()
    contextvars.Context().run(_step, "publish")
    answer = _answer(hive)
    assert (answer["outcome"], answer["decision"], answer["answer"]) == ("publish", "answered", SECRET)
    (asked,), (received,) = hive.of_type("approval_requested"), hive.of_type("approval_received")
    assert answer["approval_id"] == asked["payload"]["data"]["approval_id"]
    ended = next(event for event in hive.of_type("action_completed"))
    assert received["timestamp"] <= ended["timestamp"], "told at the time of the answer"


@pytest.mark.parametrize("result", ["something else", 7, None])
def test_a_result_that_is_no_choice_is_no_outcome(hive: Captured, result: Any) -> None:
    hiveloop_crewai.instrument()
    contextvars.Context().run(_step, result)
    assert "outcome" not in _answer(hive)


def test_an_answer_whose_step_never_ends_is_told(hive: Captured) -> None:
    hiveloop_crewai.instrument()
    contextvars.Context().run(_step, None, ends=False)
    hiveloop_crewai.uninstrument()
    assert _answer(hive)["decision"] == "answered"


def test_without_content_neither_words_nor_outcome_leave(hive: Captured) -> None:
    hiveloop_crewai.instrument(capture_content=False)
    contextvars.Context().run(_step, "publish")
    assert set(_answer(hive)) == {"approval_id", "decision"}
    assert SECRET not in json.dumps(hive.events)
