"""What no recording holds: CrewAI's own events, put on its bus as CrewAI does, in the places where they occur."""

from __future__ import annotations

import contextvars
import functools
from collections.abc import Callable
from typing import Any

import hiveloop
import hiveloop_crewai
import pytest
from hiveloop.testing import Captured
from hiveloop.testing.conformance import assert_catalogue, assert_closed

from .replaying import actions

Emit = Callable[[Any], None]


class Hostile:
    """A value of the program that objects to everything."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no comparison")

    __hash__ = object.__hash__


@pytest.fixture
def worker() -> Any:
    from crewai import LLM, Agent

    return Agent(role="Miller", goal="g", backstory="b", llm=LLM(model="gpt-4.1-mini", api_key="none"))


@pytest.fixture
def inside(hive: Captured, worker: Any) -> Callable[..., None]:
    """Runs something with ``emit`` inside an agent's work on a task of a crew."""
    from crewai import Crew, Task
    from crewai.events import crewai_event_bus as bus
    from crewai.events.types import agent_events, crew_events, task_events
    from crewai.tasks.task_output import TaskOutput

    task = Task(description="Grind it", expected_output="Flour.", agent=worker, name="grinding")
    crew = Crew(agents=[worker], tasks=[task], name="mill")
    output = TaskOutput(description="Grind it", raw="Flour.", agent="Miller")

    def run(work: Callable[[Emit], None], **options: Any) -> None:
        hiveloop_crewai.instrument(**options)
        bus.emit(crew, crew_events.CrewKickoffStartedEvent(crew_name="mill", inputs=None))
        bus.emit(task, task_events.TaskStartedEvent(context=None, task=task))
        bus.emit(
            worker,
            agent_events.AgentExecutionStartedEvent(agent=worker, task=task, tools=[], task_prompt="p"),
        )
        work(lambda event: bus.emit(worker, event))
        bus.emit(worker, agent_events.AgentExecutionCompletedEvent(agent=worker, task=task, output="Flour."))
        bus.emit(task, task_events.TaskCompletedEvent(output=output, task=task))
        bus.emit(crew, crew_events.CrewKickoffCompletedEvent(crew_name="mill", output=output))
        hiveloop.flush()

    def outside(work: Callable[[Emit], None], **options: Any) -> None:
        # A context of its own: whatever is left open on the bus's stack ends with it.
        contextvars.Context().run(functools.partial(run, work, **options))
        assert_catalogue(hive)
        assert_closed(hive)
        assert [event["status"] for event in hive.of_type("task_completed")] == ["success"]

    return outside


def _data(hive: Captured, kind: str) -> list[dict[str, Any]]:
    return [event["payload"]["data"] for event in hive.kinds(kind)]


SECRET = "the miller's cat is called Tom"


def _replanned(emit: Emit) -> None:
    from crewai.events.types import observation_events as observation
    from crewai.events.types import reasoning_events as reasoning

    about = {"agent_role": "Miller"}
    step = {**about, "step_number": 1, "step_description": SECRET}
    emit(reasoning.AgentReasoningStartedEvent(**about, task_id="1", attempt=1))
    plan = f"1. {SECRET}\n2. sell it, {SECRET}"
    emit(reasoning.AgentReasoningCompletedEvent(**about, task_id="1", plan=plan, ready=True, attempt=1))
    emit(observation.PlanStepStartedEvent(**step))
    emit(observation.PlanStepCompletedEvent(**step, success=True))
    emit(
        observation.PlanReplanTriggeredEvent(
            **about, step_number=1, replan_reason=SECRET, replan_count=1, completed_steps_preserved=1
        )
    )
    emit(observation.GoalAchievedEarlyEvent(**about, steps_remaining=1, steps_completed=1, step_number=1))


@pytest.mark.parametrize("capture", [True, False])
def test_a_new_plan_keeps_no_words_where_none_may_leave(hive: Captured, inside: Any, capture: bool) -> None:
    inside(_replanned, capture_content=capture)
    first, second = _data(hive, "plan_created")
    assert [len(plan["steps"]) for plan in (first, second)] == [2, 1]
    assert second["revision"] == 1
    assert [step["description"] for step in second["steps"]] == [SECRET if capture else "step 1"]
    assert (SECRET.encode() in hive.raw) is capture


@pytest.mark.parametrize(
    ("written", "capture", "assigned"),
    [
        (f"the one who knows that {SECRET}", False, "coworker"),
        (f"the one who knows that {SECRET}", True, f"the one who knows that {SECRET}"),
        ('  "miller"', False, "Miller"),
        ("Miller", False, "Miller"),
    ],
)
def test_a_coworker_the_model_made_up(
    hive: Captured, inside: Any, written: str, capture: bool, assigned: str
) -> None:
    from datetime import datetime

    from crewai.events.types.tool_usage_events import ToolUsageFinishedEvent, ToolUsageStartedEvent

    def work(emit: Emit) -> None:
        given = {"coworker": written, "task": SECRET}
        about = {"tool_name": "delegate_work_to_coworker", "agent_key": "k"}
        emit(ToolUsageStartedEvent(**about, tool_args=given, tool_class="x"))
        now = datetime.now()
        emit(ToolUsageFinishedEvent(**about, tool_args={}, output=SECRET, started_at=now, finished_at=now))

    inside(work, capture_content=capture)
    (escalated,) = hive.of_type("escalated")
    assert escalated["payload"]["data"]["assigned_to"] == assigned
    assert assigned in escalated["payload"]["summary"]
    assert (SECRET.encode() in hive.raw) is capture


def test_two_questions_of_one_method_at_the_same_time(hive: Captured, inside: Any) -> None:
    from crewai.events.types import flow_events as flow

    def work(emit: Emit) -> None:
        about = {"flow_name": "F", "method_name": "m"}
        for message in ("first?", "second?"):
            emit(flow.HumanFeedbackRequestedEvent(**about, output="o", message=message, emit=None))
        for feedback in ("yes", "no"):
            emit(flow.HumanFeedbackReceivedEvent(**about, feedback=feedback, outcome=None))

    inside(work)
    asked = {
        e["payload"]["data"]["approval_id"]: e["payload"]["summary"]
        for e in hive.of_type("approval_requested")
    }
    given = [
        (asked[e["payload"]["data"]["approval_id"]], e["payload"]["data"]["decision"])
        for e in hive.of_type("approval_received")
    ]
    assert given == [("first?", "approved"), ("second?", "rejected")]


def test_memory_and_knowledge(hive: Captured, inside: Any, worker: Any) -> None:
    from crewai.events.types import knowledge_events as knowledge
    from crewai.events.types import memory_events as memory

    def work(emit: Emit) -> None:
        emit(memory.MemoryRetrievalStartedEvent())
        emit(memory.MemoryQueryStartedEvent(query="rye", limit=3))
        emit(memory.MemoryQueryCompletedEvent(query="rye", results=[1, 2], limit=3, query_time_ms=12.4))
        emit(memory.MemoryRetrievalCompletedEvent(memory_content="m", retrieval_time_ms=15))
        emit(memory.MemorySaveStartedEvent(value="ground"))
        emit(memory.MemorySaveFailedEvent(value="ground", error="disk full"))
        emit(knowledge.KnowledgeRetrievalStartedEvent())
        emit(knowledge.KnowledgeRetrievalCompletedEvent(query="oats", retrieved_knowledge="k"))

    inside(work)
    query, save, search = _data(hive, "memory_op")
    assert query == {
        "operation": "query",
        "store": "memory",
        "key_or_query": "rye",
        "result_count": 2,
        "latency_ms": 12,
    }
    assert (save["operation"], save["failed"], save["error"]) == ("save", True, "disk full")
    assert (search["store"], search["operation"], search["key_or_query"]) == ("knowledge", "search", "oats")
    (agent,) = actions(hive, "agent")
    assert {event["action_id"] for event in hive.kinds("memory_op")} == {agent["action_id"]}


def test_a_plan_given_up_and_one_reached_early(hive: Captured, inside: Any) -> None:
    from crewai.events.types import observation_events as observed
    from crewai.events.types import reasoning_events as reasoned

    def step(kind: Any, number: int, **more: Any) -> Any:
        return kind(agent_role="Miller", step_number=number, step_description=f"do {number}", **more)

    def work(emit: Emit) -> None:
        emit(reasoned.AgentReasoningStartedEvent(agent_role="Miller", task_id="t"))
        plan = "1. do 1\n2. do 2\n3. do 3"
        emit(reasoned.AgentReasoningCompletedEvent(agent_role="Miller", task_id="t", plan=plan, ready=True))
        emit(step(observed.PlanStepStartedEvent, 1))
        emit(step(observed.PlanStepCompletedEvent, 1))
        emit(step(observed.PlanStepCompletedEvent, 2, success=False, error="jammed"))
        emit(observed.PlanReplanTriggeredEvent(agent_role="Miller", step_number=2, replan_reason="jammed"))
        emit(step(observed.PlanStepStartedEvent, 3))
        emit(observed.GoalAchievedEarlyEvent(agent_role="Miller", step_number=3, steps_remaining=1))

    inside(work)
    first, second = _data(hive, "plan_created")
    assert [each["description"] for each in first["steps"]] == ["do 1", "do 2", "do 3"]
    assert (first["revision"], second["revision"]) == (0, 1)
    steps = [(each["step_index"], each["action"], each["plan_revision"]) for each in _data(hive, "plan_step")]
    assert steps == [
        (0, "started", 0),
        (0, "completed", 0),
        (1, "failed", 0),
        (2, "started", 1),
        (2, "skipped", 1),
    ]


def test_mcp_and_a2a(hive: Captured, inside: Any) -> None:
    from crewai.events.types import a2a_events as a2a
    from crewai.events.types import mcp_events as mcp

    def work(emit: Emit) -> None:
        emit(mcp.MCPConnectionStartedEvent(server_name="granary", transport_type="http"))
        emit(mcp.MCPConnectionFailedEvent(server_name="granary", error="refused", error_type="network"))
        emit(
            mcp.MCPToolExecutionStartedEvent(
                server_name="granary", tool_name="count", tool_args={"of": "rye"}
            )
        )
        emit(mcp.MCPToolExecutionCompletedEvent(server_name="granary", tool_name="count", result="12"))
        emit(a2a.A2ADelegationStartedEvent(endpoint="http://far", task_description="Dry it", agent_id="far"))
        emit(a2a.A2ADelegationCompletedEvent(status="failed", error="too wet", endpoint="http://far"))

    inside(work)
    connection, count = actions(hive, "mcp")
    assert (connection["payload"]["action_name"], count["payload"]["action_name"]) == (
        "mcp:granary",
        "mcp:granary/count",
    )
    failed = {event["payload"]["action_name"]: event["payload"] for event in hive.of_type("action_failed")}
    assert failed["mcp:granary"]["exception_type"] == "network"
    assert failed["a2a:http://far"]["exception_message"] == "too wet"
    assert [event["payload"]["data"]["category"] for event in hive.kinds("issue")] == ["mcp_connection"]
    (escalated,) = hive.of_type("escalated")
    assert escalated["payload"]["data"]["via"] == "a2a"


def test_a_tool_that_does_not_exist_is_told_once(hive: Captured, inside: Any) -> None:
    from crewai.events.types import tool_usage_events as tools

    def work(emit: Emit) -> None:
        for _ in range(6):
            emit(
                tools.ToolSelectionErrorEvent(
                    tool_name="fly", tool_args={}, agent_role="Miller", error="no such tool"
                )
            )

    inside(work)
    (failed,) = hive.of_type("action_failed")
    assert (failed["payload"]["action_name"], failed["payload"]["exception_message"]) == (
        "fly",
        "no such tool",
    )


def test_a_tool_tried_again_by_the_old_executor(hive: Captured, inside: Any) -> None:
    from crewai.events.types import tool_usage_events as tools

    def work(emit: Emit) -> None:
        for attempt in (1, 2):
            about = {"tool_name": "grind", "tool_args": "{}", "agent_role": "Miller", "run_attempts": attempt}
            emit(tools.ToolUsageStartedEvent(**about))
            emit(tools.ToolUsageErrorEvent(**about, error=ValueError("jammed")))

    inside(work)
    (retry,) = hive.of_type("retry_started")
    assert retry["payload"]["data"] == {
        "attempt": 2,
        "function": "grind",
        "reason": "ValueError",
        "original_error": "jammed",
    }
    assert len(hive.of_type("action_failed")) == 2


def test_summaries_hooks_and_learning(hive: Captured, inside: Any) -> None:
    from crewai.events.types import agent_events, hook_events, llm_events, task_events

    def work(emit: Emit) -> None:
        emit(llm_events.ContextWindowSummarizationStartedEvent(model="m"))
        emit(llm_events.ContextWindowSummarizationCompletedEvent(model="m"))
        about = {"interception_point": "pre_tool_call", "hook_count": 1, "duration_ms": 1.0}
        emit(hook_events.HookDispatchedEvent(**about, outcome="proceeded"))
        emit(
            hook_events.HookDispatchedEvent(
                **about, outcome="aborted", abort_reason="no", abort_source="guard"
            )
        )
        emit(task_events.TaskEvaluationEvent(evaluation_type="training_data_evaluation"))
        evaluation = {"agent_id": "1", "agent_role": "Miller", "iteration": 1}
        emit(agent_events.AgentEvaluationStartedEvent(**evaluation))
        emit(agent_events.AgentEvaluationCompletedEvent(**evaluation, metric_category="speed", score=0.5))

    inside(work)
    (compaction,) = _data(hive, "context_compaction")
    assert (compaction["trigger"], compaction["status"]) == ("preflight", "completed")
    (anomaly,) = _data(hive, "anomaly")
    assert (anomaly["hook"], anomaly["message"]) == ("guard", "no")
    scores = [each.get("score") for each in _data(hive, "learning")]
    assert 0.5 in scores


def test_values_of_the_program_cost_only_themselves(hive: Captured, inside: Any) -> None:
    from crewai.events.types import llm_events, tool_usage_events

    class Refusing(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no text")

    def work(emit: Emit) -> None:
        args = {"odd": Hostile(), "long": "x" * 100_000, "deep": [[[[[[[[Hostile()]]]]]]]]}
        emit(tool_usage_events.ToolUsageStartedEvent(tool_name="grind", tool_args=args))
        emit(tool_usage_events.ToolUsageErrorEvent(tool_name="grind", tool_args=args, error=Refusing()))
        usage = {"prompt_tokens": "many", "completion_tokens": float("nan"), "other": Hostile()}
        emit(
            llm_events.LLMCallStartedEvent(
                call_id="c", model="m", messages=[{"role": "user", "content": None}]
            )
        )
        emit(
            llm_events.LLMCallCompletedEvent(
                call_id="c", model="m", messages=None, response=Hostile(), call_type="llm_call", usage=usage
            )
        )

    inside(work)
    hive.forgive()
    (tool,) = actions(hive, "tool")
    assert len(tool["payload"]["args"]["long"]) == 500
    assert [event["payload"]["exception_type"] for event in hive.of_type("action_failed")] == ["Refusing"]
    (call,) = _data(hive, "llm_call")
    assert "tokens_in" not in call
    assert len(hive.raw) < 20_000


def test_a_bare_model_call_is_its_agents_alone(hive: Captured, worker: Any) -> None:
    from crewai.events import crewai_event_bus as bus
    from crewai.events.types import llm_events

    hiveloop_crewai.instrument()

    def work() -> None:
        about = {"call_id": "c", "model": "gpt-4.1-mini"}
        bus.emit(worker.llm, llm_events.LLMCallStartedEvent(**about, messages="hello"))
        usage = {"prompt_tokens": 3, "completion_tokens": 1}
        bus.emit(
            worker.llm,
            llm_events.LLMCallCompletedEvent(
                **about, messages=None, response="hi", call_type="llm_call", usage=usage
            ),
        )

    contextvars.Context().run(work)
    hiveloop.flush()
    (call,) = hive.kinds("llm_call")
    assert call["agent_id"] == "crewai"
    assert "task_id" not in call
    assert call["payload"]["data"]["tokens_in"] == 3
