"""The adapter suite, with real crews and the real client of the provider; the provider is a thread of this process."""

from __future__ import annotations

import asyncio
from typing import Any

import hiveloop
import hiveloop_crewai
from hiveloop.adapters import framework_agent
from hiveloop.testing.conformance import CONTENT, AdapterConformance, ScriptedError

from .answering import USAGE, provider


def _lookup(effects: list[str], error: Exception | None) -> Any:
    from crewai.tools import tool

    @tool("lookup")
    def lookup(subject: str) -> str:
        """Look something up."""
        effects.append("tool")
        if error is not None:
            raise error
        return f"all about {subject}"

    return lookup


def _crew(
    effects: list[str],
    label: str = CONTENT,
    error: Exception | None = None,
    usage: dict[str, int] | None = USAGE,
    tools: bool = True,
    **settings: Any,
) -> Any:
    from crewai import LLM, Agent, Crew, Task

    agent = Agent(
        role="Librarian",
        goal="Know.",
        backstory="Reads.",
        llm=LLM(
            model="gpt-4.1-mini",
            api_key="none",
            max_retries=0,
            base_url=provider.base_url(effects, label, usage),
        ),
        tools=[_lookup(effects, error)] if tools else [],
        **settings,
    )
    task = Task(description=f"Tell me about {label}", expected_output="A sentence.", agent=agent)
    return Crew(agents=[agent], tasks=[task], name="library", cache=False)


class TestInstrumented(AdapterConformance):
    package = "hiveloop_crewai"
    frameworks = ("crewai",)
    #: The error the tool raised last: CrewAI passes on what it says, not the object.
    raised: Exception | None = None

    def install(self, capture_content: bool = True) -> None:
        # Known in this process already, whichever test comes first: it registers once.
        framework_agent("librarian", "crewai")
        hiveloop_crewai.instrument(capture_content=capture_content)

    def uninstall(self) -> None:
        hiveloop_crewai.uninstrument()

    def run_success(self, effects: list[str]) -> Any:
        return str(_crew(effects).kickoff())

    async def run_async(self, effects: list[str]) -> Any:
        return str(await _crew(effects).akickoff())

    def run_failure(self, effects: list[str], error: ScriptedError) -> Any:
        from crewai.tools.tool_failure import ToolFailurePolicy

        type(self).raised = error
        return str(_crew(effects, error=error, tool_failure_policy=ToolFailurePolicy.RAISE).kickoff())

    def run_tool_error(self, effects: list[str]) -> Any:
        return str(_crew(effects, error=ScriptedError(f"handled {CONTENT}")).kickoff())

    def run_unknown_usage(self, effects: list[str]) -> Any:
        return str(_crew(effects, usage=None, tools=False).kickoff())

    def run_labelled(self, label: str) -> Any:
        return str(_crew([], label).kickoff())

    async def run_labelled_async(self, label: str) -> Any:
        return str(await _crew([], label).akickoff())

    def original_error(self, caught: BaseException) -> BaseException:
        """CrewAI raises its own error in a failed tool's place, made of the tool's class name and message."""
        from crewai.tools.tool_failure import ToolExecutionFailedError

        if isinstance(caught, ToolExecutionFailedError) and self.raised is not None:
            failure = caught.record.failure
            assert (failure.code, failure.message) == (type(self.raised).__name__, str(self.raised))
            return self.raised
        return caught

    def patched_points(self) -> list[Any]:
        from crewai.core.providers.human_input import SyncHumanInputProvider
        from crewai.events import crewai_event_bus
        from crewai.hooks import (
            get_after_tool_call_hooks,
            get_before_llm_call_hooks,
            get_before_tool_call_hooks,
        )
        from crewai.llms.base_llm import BaseLLM

        handlers = crewai_event_bus._sync_handlers
        return [
            vars(SyncHumanInputProvider)["_prompt_input"],
            vars(SyncHumanInputProvider)["_prompt_input_async"],
            vars(BaseLLM)["_track_token_usage_internal"],
            *get_before_llm_call_hooks(),
            *get_before_tool_call_hooks(),
            *get_after_tool_call_hooks(),
            *sorted((handler for each in handlers.values() for handler in each), key=id),
        ]


def test_what_the_gate_says_replaces_the_tools_result() -> None:
    from hiveloop.adapters import add_gate, remove_gate
    from hiveloop.testing import capture_events

    def ask(task: Any, kind: str, name: str, arguments: Any) -> str | None:
        return f"told instead of {arguments['subject']}" if kind == "tool" else None

    effects: list[str] = []
    hiveloop_crewai.instrument()
    add_gate(ask)
    try:
        with capture_events() as seen:
            _crew(effects).kickoff()
            hiveloop.flush()
    finally:
        remove_gate(ask)
    assert effects == ["llm", "llm"]
    results = [event["payload"].get("result") for event in seen.of_type("action_completed")]
    assert f"told instead of {CONTENT}" in results


def test_an_intervention_is_caught_as_what_it_is() -> None:
    from hiveloop.adapters import add_gate, remove_gate

    class Enough(hiveloop.Intervention):
        pass

    class Fixed(hiveloop.Intervention):
        __slots__ = ()

        @property
        def reason(self) -> str:
            return "cannot be set"

    hiveloop_crewai.instrument()
    for stop in (Enough("no more"), Fixed("no more")):

        def ask(task: Any, kind: str, name: str, arguments: Any, stop: Any = stop) -> None:
            raise stop

        add_gate(ask)
        try:
            caught = None
            try:
                asyncio.run(_crew([]).akickoff())
            except Exception as error:
                caught = error
        finally:
            remove_gate(ask)
        assert caught is not None
        if isinstance(stop, Enough):
            assert caught is stop
            assert isinstance(caught, Enough)
        else:
            assert caught.__cause__ is stop or caught is stop
