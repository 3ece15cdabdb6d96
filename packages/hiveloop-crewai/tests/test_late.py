"""What happens after its surroundings have ended, or is taken away while it works; and names that hold secrets."""

from __future__ import annotations

import contextvars
import json
from typing import Any

import hiveloop
import hiveloop_crewai
import pytest
from hiveloop import Intervention
from hiveloop.adapters import add_gate, remove_gate
from hiveloop.testing import Captured
from hiveloop.testing.conformance import assert_catalogue, assert_closed
from hiveloop_crewai import _watching
from hiveloop_crewai._servers import server_name
from hiveloop_crewai._tree import Node, Root, Tree

from .answering import USAGE, provider
from .replaying import calls

SECRET = "sk-the-millers-key"


def _agent(tools: Any = ()) -> Any:
    from crewai import LLM, Agent

    url = provider.base_url([], "flour", USAGE)
    llm = LLM(model="gpt-4.1-mini", api_key="none", max_retries=0, base_url=url)
    return Agent(role="Miller", goal="g", backstory="b", llm=llm, tools=list(tools))


def test_what_memory_asks_a_model_after_the_task_is_the_tasks(hive: Captured) -> None:
    """Memories are kept in a thread of their own, by a flow inside CrewAI that begins when the agent has ended."""
    from crewai import Task
    from crewai.events import crewai_event_bus as bus
    from crewai.events.types import agent_events, flow_events, llm_events, memory_events, task_events
    from crewai.flow.flow import Flow
    from crewai.tasks.task_output import TaskOutput

    worker = _agent()
    task = Task(description="d", expected_output="e", agent=worker, name="grind")
    inner = type("EncodingFlow", (Flow,), {"__module__": "crewai.memory.encoding_flow"})()
    about = {"model": "m", "call_id": "c-1"}

    def work() -> None:
        bus.emit(task, task_events.TaskStartedEvent(context=None, task=task))
        begun = agent_events.AgentExecutionStartedEvent(agent=worker, task=task, tools=[], task_prompt="p")
        bus.emit(worker, begun)
        behind = contextvars.copy_context()
        ended = agent_events.AgentExecutionCompletedEvent(agent=worker, task=task, output="o")
        bus.emit(worker, ended)
        output = TaskOutput(description="d", raw="o", agent="Miller")
        bus.emit(task, task_events.TaskCompletedEvent(output=output, task=task))
        behind.run(keep)

    def keep() -> None:
        bus.emit(inner, memory_events.MemorySaveStartedEvent(value="v"))
        bus.emit(inner, flow_events.FlowStartedEvent(flow_name="EncodingFlow"))
        bus.emit(worker.llm, llm_events.LLMCallStartedEvent(**about, messages="m"))
        done = llm_events.LLMCallCompletedEvent(
            **about, messages=None, response="r", call_type=llm_events.LLMCallType.LLM_CALL, usage=USAGE
        )
        bus.emit(worker.llm, done)
        bus.emit(inner, flow_events.FlowFinishedEvent(flow_name="EncodingFlow", result=None, state={}))

    hiveloop_crewai.instrument()
    contextvars.Context().run(work)
    hiveloop.flush()
    (started,), (call,) = hive.of_type("task_started"), calls(hive)
    assert (call["agent_id"], call["event"]["task_run_id"]) == ("miller", started["task_run_id"])


def test_a_gates_words_stay_where_content_does(hive: Captured) -> None:
    from crewai import Crew, Task
    from crewai.tools import tool

    @tool("lookup")
    def lookup(subject: str) -> str:
        """Look it up."""
        return ""

    def stop(task: Any, kind: str, name: str, arguments: Any) -> None:
        if kind == "tool":
            raise Intervention(f"not with {SECRET}")

    agent = _agent([lookup])
    task = Task(name="grind", description="d", expected_output="e", agent=agent)
    crew = Crew(agents=[agent], tasks=[task], name="mill", cache=False)
    hiveloop_crewai.instrument(capture_content=False)
    add_gate(stop)
    try:
        with pytest.raises(Intervention, match=SECRET):
            contextvars.Context().run(crew.kickoff)
    finally:
        remove_gate(stop)
    hiveloop.flush()
    failed = {event["payload"]["action_name"]: event["payload"] for event in hive.of_type("action_failed")}
    assert failed["lookup"]["exception_type"] == "Intervention"
    assert SECRET not in json.dumps(hive.events)


@pytest.mark.parametrize(
    ("name", "transport", "shown"),
    [
        (f"npx -y @mill/server --api-key {SECRET}", "stdio", "npx @mill/server"),
        (f"/usr/bin/python -u /srv/stock.py {SECRET}", "stdio", "python stock.py"),
        (f"docker run -e KEY={SECRET} mill", "stdio", "docker run"),
        (f"env KEY={SECRET} mill", "stdio", "env"),
        (f"serve --token {SECRET} mill", "stdio", "serve"),
        (f"uvx git+https://{SECRET}@host/mill.git?x={SECRET}", "stdio", "uvx mill.git"),
        (f"https://me:{SECRET}@host:8000/mcp?key={SECRET}#{SECRET}", "http", "https://host:8000/mcp"),
        ("The granary", "http", "The granary"),
        ("granary", None, "granary"),
        ("", "stdio", "server"),
        (None, None, "server"),
    ],
)
def test_names_of_servers_hold_no_keys(name: Any, transport: Any, shown: str) -> None:
    assert server_name(name, transport) == shown


def test_servers_and_remote_agents_by_their_plain_names(hive: Captured) -> None:
    from crewai.events import crewai_event_bus as bus
    from crewai.events.types import a2a_events as a2a
    from crewai.events.types import mcp_events as mcp

    line = {"server_name": f"npx -y mill --key {SECRET}", "transport_type": "stdio"}
    far = f"https://{SECRET}@far/agent?key={SECRET}"

    def work() -> None:
        bus.emit(None, mcp.MCPConnectionStartedEvent(**line))
        bus.emit(None, mcp.MCPConnectionFailedEvent(**line, error="refused", error_type="network"))
        bus.emit(None, mcp.MCPConfigFetchFailedEvent(slug="granary", error=SECRET, error_type="api_error"))
        bus.emit(None, a2a.A2ADelegationStartedEvent(endpoint=far, task_description="d", agent_id="far"))
        bus.emit(None, a2a.A2ADelegationCompletedEvent(status="completed", result="r", endpoint=far))

    hiveloop_crewai.instrument()
    contextvars.Context().run(work)
    hiveloop.flush()
    issues = [event["payload"]["data"]["issue_id"] for event in hive.kinds("issue")]
    assert sorted(issues) == ["mcp-granary", "mcp-npx mill"]
    names = [event["payload"]["action_name"] for event in hive.of_type("action_started")]
    assert names == ["mcp:npx mill", "a2a:https://far/agent"]
    assert SECRET not in json.dumps(hive.events)
    assert_catalogue(hive)


def test_work_for_another_agent_that_is_cancelled_ends(hive: Captured) -> None:
    from crewai import Task
    from crewai.events import crewai_event_bus as bus
    from crewai.events.types import a2a_events as a2a
    from crewai.events.types import agent_events

    worker = _agent()
    task = Task(description="d", expected_output="e", agent=worker, name="grind")
    about = {"task_id": "t-1", "context_id": "x-1"}

    def work() -> None:
        bus.emit(None, a2a.A2AServerTaskStartedEvent(**about))
        begun = agent_events.AgentExecutionStartedEvent(agent=worker, task=task, tools=[], task_prompt="p")
        # What is cancelled says nothing: in a context of its own it leaves no trace on the bus's stack either.
        contextvars.copy_context().run(bus.emit, worker, begun)
        bus.emit(None, a2a.A2AServerTaskCanceledEvent(**about))

    hiveloop_crewai.instrument()
    contextvars.Context().run(work)
    hiveloop.flush()
    assert [event["status"] for event in hive.of_type("task_completed")] == ["cancelled"]
    assert not _watching.story.tree.open
    assert_closed(hive)


def test_ending_a_run_looks_at_its_own_steps_only() -> None:
    tree = Tree()

    class Beside(Node):
        def is_inside(self, other: Node) -> bool:
            raise AssertionError("asked about a run it has nothing to do with")

    mine, other = Root("mine"), Root("other")
    run = Node("a", "crew", "", None, mine, 1.0)
    inner = [Node(name, "task", "", run, mine, at) for name, at in (("b", 2.0), ("c", 3.0))]
    for node in (run, *inner, Beside("z", "crew", "", None, other, 1.0)):
        tree.put(node)
    assert tree.inside(run) == inner[::-1]
    tree.close(inner[1], 4.0)
    assert tree.inside(run) == inner[:1]
