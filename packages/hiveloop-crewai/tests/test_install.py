"""Turning it on and off, what it costs to import, and where a run belongs when something is around it."""

from __future__ import annotations

import contextvars
import subprocess
import sys
import time
from typing import Any

import hiveloop
import hiveloop_crewai
import pytest
import wrapt
from hiveloop.testing import Captured, capture_events
from hiveloop_crewai import _watching

from .replaying import actions, calls, played, recorded


def test_importing_costs_little_and_does_not_import_crewai() -> None:
    program = (
        "import hiveloop, sys, time\n"
        "before = time.process_time()\n"
        "import hiveloop_crewai\n"
        "spent = time.process_time() - before\n"
        "assert 'crewai' not in sys.modules and 'pydantic' not in sys.modules\n"
        "assert hiveloop_crewai.adapter.name == 'crewai'\n"
        "assert 'crewai' not in sys.modules\n"
        "print(spent)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert float(done.stdout) < 0.05


def test_turning_it_on_waits_for_the_program_to_import_crewai() -> None:
    program = (
        "import hiveloop, hiveloop_crewai, sys, warnings\n"
        "warnings.simplefilter('ignore')\n"
        "before = list(sys.meta_path)\n"
        "hiveloop_crewai.instrument()\n"
        "hiveloop_crewai.instrument(project='again')\n"
        "assert 'crewai' not in sys.modules\n"
        "hiveloop_crewai.uninstrument()\n"
        "assert sys.meta_path == before\n"
        "hiveloop_crewai.instrument()\n"
        "import crewai\n"
        "assert sys.meta_path == before\n"
        "assert type(crewai.__spec__.loader).__name__ == 'SourceFileLoader'\n"
        "from crewai.events import crewai_event_bus\n"
        "from crewai.events.types.crew_events import CrewKickoffStartedEvent\n"
        "mine = [h for h in crewai_event_bus._sync_handlers[CrewKickoffStartedEvent]\n"
        "        if h.__module__ == 'hiveloop_crewai._handlers']\n"
        "assert len(mine) == 1\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=110)


def test_it_is_found_by_name_and_turned_on_by_name() -> None:
    assert hiveloop_crewai.adapter.is_available
    assert hiveloop.instrument("crewai") == ("crewai",)
    with capture_events() as seen:
        played("tool")
    assert len(seen.of_type("task_started")) == 1


def test_it_sets_no_switch_of_crewai() -> None:
    program = (
        "import os\n"
        "before = dict(os.environ)\n"
        "import hiveloop_crewai._install, hiveloop_crewai._handlers, hiveloop_crewai._watching\n"
        "assert dict(os.environ) == before"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_settings_change_with_a_second_call(hive: Captured) -> None:
    hiveloop_crewai.instrument(project="one")
    hiveloop_crewai.instrument(agent="crew of one", project="two")
    played("delegation")
    (task,) = hive.of_type("task_started")
    assert (task["agent_id"], task["project_id"]) == ("crew of one", "two")
    assert {event["agent_id"] for event in hive.events} == {"crew of one"}


def test_an_agent_can_be_named_by_its_role(hive: Captured) -> None:
    named: list[hiveloop_crewai.Role] = []

    def name(role: hiveloop_crewai.Role) -> str:
        named.append(role)
        return f"{role.crew}/{role.role.lower()}"

    hiveloop_crewai.instrument(agent=name)
    played("delegation")
    assert {event["agent_id"] for event in hive.of_type("agent_registered")} == {
        "newsroom/researcher",
        "newsroom/writer",
    }
    assert set(named) == {
        hiveloop_crewai.Role("Researcher", "newsroom"),
        hiveloop_crewai.Role("Writer", "newsroom"),
    }


def test_a_naming_that_breaks_costs_only_the_name() -> None:
    def name(role: hiveloop_crewai.Role) -> str:
        raise RuntimeError("no name")

    hiveloop_crewai.instrument(agent=name)
    with capture_events() as seen:
        played("tool")
    assert [event["agent_id"] for event in seen.of_type("task_started")] == ["reporter"]


def test_inside_a_task_of_the_program_a_crew_is_an_action(hive: Captured) -> None:
    hiveloop_crewai.instrument()
    boss = hiveloop.agent("boss")
    with boss.task("the-plan") as task:
        with boss.track_context("ask the crew") as around:
            played("delegation")
        around_id = around.action_id
    assert [event["task_id"] for event in hive.of_type("task_started")] == ["the-plan"]
    (crew,) = actions(hive, "crew")
    (inner,) = actions(hive, "task")
    assert crew["parent_action_id"] == around_id
    assert inner["parent_action_id"] == crew["action_id"]
    assert inner["payload"]["action_name"] == "weather page"
    assert {event["task_run_id"] for event in actions(hive, "agent")} == {task.task_run_id}
    assert [call["event"]["task_run_id"] for call in calls(hive)] == [task.task_run_id] * len(
        recorded("delegation")
    )
    assert [event["agent_id"] for event in actions(hive, "agent")] == ["writer", "researcher"]
    assert [event["status"] for event in hive.of_type("task_completed")] == ["success"]


def test_after_a_run_that_was_stopped_the_next_one_stands_alone(hive: Captured) -> None:
    """A stop leaves its place on the bus's stack: every later kickoff of the thread seems to be inside the old one."""
    from hiveloop.adapters import add_gate, remove_gate

    class Stop(hiveloop.Intervention):
        pass

    def ask(task: Any, kind: str, name: str, arguments: Any) -> None:
        raise Stop("no more")

    def stopped() -> None:
        add_gate(ask)
        try:
            with pytest.raises(Stop):
                played("tool")
        finally:
            remove_gate(ask)
        played("tool")
        with hiveloop.agent("boss").task("the-plan"):
            played("tool")

    hiveloop_crewai.instrument()
    contextvars.copy_context().run(stopped)
    hiveloop.flush()
    first, second, third = hive.of_type("task_started")
    assert first["correlation_id"] != second["correlation_id"]
    assert third["task_id"] == "the-plan"
    assert [event["payload"]["exception_type"] for event in hive.of_type("task_failed")] == ["Stop"]
    assert hive.kinds("anomaly") == [], "the user's own gate is no hook of somebody else's"
    assert len(hive.of_type("task_completed")) == 2
    assert len(actions(hive, "crew")) == 1


def test_code_inside_a_tool_knows_where_it_is(hive: Captured) -> None:
    from crewai import Agent
    from crewai.tools import tool

    from tests.cassettes.crews import MODEL

    found: list[Any] = []

    @tool("get_weather")
    def get_weather(city: str) -> str:
        """The weather in a city."""
        found.append((hiveloop.current_task(), hiveloop.current_action()))
        with hiveloop.agent("reporter").track_context("look outside"):
            pass
        return f"Rain in {city}."

    from crewai import LLM

    from .replaying import FOLDER, replay

    hiveloop_crewai.instrument()
    with replay(FOLDER / "crewai_lone_agent.yaml", "method", "path"):
        llm = LLM(model=MODEL, api_key="none", max_retries=0)
        Agent(role="Reporter", goal="g", backstory="b", llm=llm, tools=[get_weather]).kickoff(
            "weather in Oslo"
        )
    hiveloop.flush()
    ((task, action),) = found
    (tool_action,) = actions(hive, "tool")
    assert task.task_run_id == tool_action["task_run_id"]
    assert action.action_id == tool_action["action_id"]
    (inner,) = [e for e in hive.of_type("action_started") if e["payload"]["action_name"] == "look outside"]
    assert inner["parent_action_id"] == tool_action["action_id"]
    assert inner["task_run_id"] == tool_action["task_run_id"]


def test_outside_of_everything_there_is_no_task(hive: Captured) -> None:
    hiveloop_crewai.instrument()
    played("tool")
    assert hiveloop.current_task() is None


def test_slow_listeners_of_the_program_only_delay(hive: Captured) -> None:
    from crewai.events import crewai_event_bus
    from crewai.events.types.llm_events import LLMCallCompletedEvent
    from crewai.events.types.tool_usage_events import ToolUsageStartedEvent

    def slow(source: Any, event: Any) -> None:
        time.sleep(0.3)

    for kind in (LLMCallCompletedEvent, ToolUsageStartedEvent):
        crewai_event_bus.on(kind)(slow)
    try:
        hiveloop_crewai.instrument()
        played("parallel_tools")
    finally:
        for kind in (LLMCallCompletedEvent, ToolUsageStartedEvent):
            crewai_event_bus.off(kind, slow)
    (agent,) = actions(hive, "agent")
    assert {tool["parent_action_id"] for tool in actions(hive, "tool")} == {agent["action_id"]}
    assert len(calls(hive)) == 2
    assert not [event for event in hive.of_type("action_completed") if event["status"] == "aborted"]


@pytest.mark.parametrize("is_async", [False, True])
def test_flushing_in_a_handler_of_the_program_waits_for_nobody(hive: Captured, is_async: bool) -> None:
    """The bus waits for all handlers, and so for the one that asks it to."""
    from crewai.events import crewai_event_bus
    from crewai.events.types.task_events import TaskCompletedEvent

    spent: list[float] = []

    def flush(source: Any, event: Any) -> None:
        began = time.monotonic()
        hiveloop.flush()
        spent.append(time.monotonic() - began)

    async def flush_async(source: Any, event: Any) -> None:
        flush(source, event)

    handler = flush_async if is_async else flush
    crewai_event_bus.on(TaskCompletedEvent)(handler)
    try:
        hiveloop_crewai.instrument()
        played("tool")
    finally:
        crewai_event_bus.off(TaskCompletedEvent, handler)
    assert len(spent) == 1
    assert spent[0] < 5, "it gives up after ten"
    assert len(hive.of_type("task_completed")) == 1


def test_counting_that_somebody_else_has_wrapped(hive: Captured) -> None:
    """Before us by a wrapper object that looks at what it is called on; after us in a former installation."""
    from crewai.llms.base_llm import BaseLLM
    from hiveloop_crewai._usage_notes import usage_notes

    name = "_track_token_usage_internal"
    first = vars(BaseLLM)[name]
    seen: list[tuple[bool, int]] = []

    def theirs(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        seen.append((isinstance(instance, BaseLLM), len(args)))
        return wrapped(*args, **kwargs)

    def passing(inner: Any) -> Any:
        return lambda self, *args, **kwargs: inner(self, *args, **kwargs)

    try:
        setattr(BaseLLM, name, wrapt.FunctionWrapper(first, theirs))
        for _ in range(2):
            hiveloop_crewai.instrument()
            setattr(BaseLLM, name, passing(vars(BaseLLM)[name]))
            hiveloop_crewai.uninstrument()
        hiveloop_crewai.instrument()
        noted: list[Any] = []
        keep = usage_notes.note
        usage_notes.note = lambda call_id, usage: noted.append(usage) or keep(call_id, usage)  # type: ignore[method-assign, func-returns-value]
        try:
            played("tool")
        finally:
            usage_notes.note = keep  # type: ignore[method-assign]
        assert [(usage.tokens_in, usage.tokens_out) for usage in noted] == [
            r.tokens for r in recorded("tool")
        ]
        assert seen == [(True, 1)] * len(recorded("tool"))
    finally:
        hiveloop_crewai.uninstrument()
        setattr(BaseLLM, name, first)


@pytest.mark.parametrize("ours_first", [True, False])
def test_kickoffs_that_somebody_else_has_wrapped(hive: Captured, ours_first: bool) -> None:
    from crewai import Crew

    first = vars(Crew)["kickoff"]
    seen: list[str] = []

    def theirs(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        seen.append(type(instance).__name__)
        return wrapped(*args, **kwargs)

    try:
        if ours_first:
            hiveloop_crewai.instrument()
        wrapt.wrap_function_wrapper("crewai.crew", "Crew.kickoff", theirs)
        wrapped = vars(Crew)["kickoff"]
        hiveloop_crewai.instrument()
        played("tool")
        assert seen == ["Crew"]
        assert len(hive.of_type("task_completed")) == 1
        hiveloop_crewai.uninstrument()
        assert vars(Crew)["kickoff"] is wrapped
    finally:
        hiveloop_crewai.uninstrument()
        Crew.kickoff = first  # type: ignore[method-assign]


def test_nothing_is_kept_of_what_has_ended(hive: Captured) -> None:
    hiveloop_crewai.instrument()
    for name in ("tool", "failure", "reasoning"):
        played(name)
    assert not _watching.story.tree.open
    assert not _watching.assembly._pending
    assert not _watching.assembly._waiting
    assert not _watching.assembly._arrived


def test_shutdown_sends_the_tail() -> None:
    """The bus is not asked to be quick: the end of a crew is handled after ``kickoff`` has returned."""
    from tests.cassettes.crews import CREWS

    from .replaying import FOLDER, replay

    hiveloop_crewai.instrument()
    with capture_events() as seen, replay(FOLDER / "crewai_tool.yaml"):
        CREWS["tool"]()
    assert len(seen.of_type("task_completed")) == 1
    assert len(calls(seen)) == 2


def test_without_crewai_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(hiveloop.AdapterUnavailable, match="pip install"):
        hiveloop_crewai.instrument()
