"""The gate: asked before every call, its text stands for a tool's result, its intervention leaves AutoGen whole."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

import hiveloop_autogen
import pytest
from autogen_agentchat.agents import AssistantAgent, BaseChatAgent, CodeExecutorAgent
from autogen_agentchat.base import Response
from autogen_agentchat.messages import TextMessage
from autogen_agentchat.teams import RoundRobinGroupChat, SelectorGroupChat
from autogen_agentchat.tools import AgentTool
from autogen_core.code_executor import CodeExecutor, CodeResult
from autogen_core.models import UserMessage
from hiveloop import Intervention
from hiveloop.adapters import add_gate, remove_gate
from hiveloop.testing.conformance import assert_closed

from .scripted import Scripted, calls, says
from .teams import assistant, get_weather
from .test_tools import Remote


class Enough(Intervention):
    """What the gate of these tests raises."""


class Gate:
    """Notes what it is asked; raises or answers where it is told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Any]] = []
        self.stop: Any = lambda kind, name: False
        self.text: str | None = None

    def __call__(self, task: Any, kind: str, name: str, arguments: Any) -> str | None:
        self.asked.append((kind, name, arguments))
        if self.stop(kind, name):
            raise Enough(f"no more {kind}")
        return self.text if kind == "tool" else None


@pytest.fixture
def gate() -> Iterator[Gate]:
    hiveloop_autogen.instrument()
    found = Gate()
    add_gate(found)
    yield found
    remove_gate(found)


def _agent(name: str = "a", city: str = "Oslo") -> AssistantAgent:
    return assistant(
        name, says("", ("get_weather", {"city": city})), "ok", tools=[get_weather], reflect_on_tool_use=True
    )


def _boss(helper: Any) -> AssistantAgent:
    return assistant(
        "boss", says("", ("helper", {"task": "t"})), "ok", tools=[AgentTool(helper)], reflect_on_tool_use=True
    )


async def test_names_and_arguments(hive: Any, gate: Gate) -> None:
    await _agent().run(task="hi")
    assert [(kind, name) for kind, name, _ in gate.asked] == [
        ("llm", "a.create"),
        ("tool", "get_weather"),
        ("llm", "a.create"),
    ]
    assert gate.asked[0][2]["model"] == "scripted"
    assert gate.asked[1][2] == {"city": "Oslo"}


@pytest.mark.parametrize("kind", ["llm", "tool"])
@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize(
    "make",
    [
        lambda agent: agent,
        lambda agent: RoundRobinGroupChat([agent], max_turns=2),
        lambda agent: RoundRobinGroupChat(
            [RoundRobinGroupChat([agent], max_turns=1, name="in")], max_turns=1
        ),
    ],
)
async def test_an_intervention_leaves_as_what_it_is(
    hive: Any, gate: Gate, make: Any, kind: str, streaming: bool
) -> None:
    """AutoGen would make an error message or the text of a RuntimeError of it."""
    gate.stop = lambda asked, name: asked == kind
    agent = _agent()
    agent._model_client_stream = streaming
    with pytest.raises(Enough):
        await make(agent).run(task="hi")
    assert {event["payload"]["exception_type"] for event in hive.of_type("task_failed")} == {"Enough"}
    assert not hive.of_type("task_completed")
    assert len(calls(hive)) == (1 if kind == "tool" else 0)
    assert_closed(hive)


async def test_an_intervention_inside_an_agent_that_is_a_tool(hive: Any, gate: Gate) -> None:
    gate.stop = lambda kind, name: name == "get_weather"
    with pytest.raises(Enough):
        await RoundRobinGroupChat([_boss(_agent("helper"))], max_turns=1).run(task="hi")
    assert {event["payload"]["exception_type"] for event in hive.of_type("task_failed")} == {"Enough"}
    assert_closed(hive)


async def test_an_intervention_where_autogen_would_wait_for_ever(hive: Any, gate: Gate) -> None:
    """An assistant never learns of a handoff or a foreign workbench that raises."""
    gate.stop = lambda kind, name: kind == "tool"
    handing = assistant("a", says("", ("transfer_to_b", {})), handoffs=["b"])
    remote = AssistantAgent(
        "a", Scripted(says("", ("far", {})), "never"), workbench=Remote(), max_tool_iterations=2
    )
    for agent in (handing, remote):
        with pytest.raises(Enough):
            await asyncio.wait_for(RoundRobinGroupChat([agent], max_turns=1).run(task="hi"), 10)
    assert len(calls(hive)) == 2
    assert {event["payload"]["exception_type"] for event in hive.of_type("action_failed", "task_failed")} == {
        "Enough"
    }
    assert_closed(hive)


async def test_an_intervention_at_the_selector(hive: Any, gate: Gate) -> None:
    gate.stop = lambda kind, name: name == "selector"
    with pytest.raises(Enough):
        await SelectorGroupChat([_agent("a"), _agent("b")], Scripted("a"), max_turns=1).run(task="hi")
    assert_closed(hive)


async def test_once_raised_it_is_raised_at_every_further_call(hive: Any, gate: Gate) -> None:
    """An agent of the program that swallows it does not get another answer."""
    gate.stop = lambda kind, name: kind == "tool"
    model = Scripted("never")

    async def stubborn(city: str) -> str:
        """Stubborn."""
        return "ran"

    class Stubborn(AssistantAgent):
        async def on_messages_stream(self, messages: Any, cancellation_token: Any) -> Any:
            from autogen_core.tools import FunctionTool

            with pytest.raises(Enough):
                await FunctionTool(stubborn, description="s").run_json({"city": "x"}, cancellation_token)
            yield (await model.create([])).content

    with pytest.raises(Enough):
        await Stubborn("a", model).run(task="hi")
    assert model.asked == 0
    assert_closed(hive)


async def test_side_by_side_calls_are_all_refused_and_told_in_full_once(hive: Any, gate: Gate) -> None:
    gate.stop = lambda kind, name: kind == "tool"
    twice = says("", ("get_weather", {"city": "Oslo"}), ("get_weather", {"city": "Bergen"}))
    with pytest.raises(Enough):
        await assistant("a", twice, tools=[get_weather]).run(task="hi")
    failed = hive.of_type("action_failed")
    assert len(failed) == 2
    assert len([event for event in failed if "exception_message" in event["payload"]]) == 1
    assert_closed(hive)


async def test_a_text_stands_for_the_result(hive: Any, gate: Gate) -> None:
    gate.text = "use the cache"
    result = await assistant("a", says("", ("get_weather", {"city": "Oslo"})), tools=[get_weather]).run(
        task="hi"
    )
    assert result.messages[-1].content == "use the cache"  # type: ignore[union-attr]
    (ended,) = hive.of_type("action_completed")
    assert ended["payload"]["outcome"] == "substituted"


async def test_a_text_stands_for_the_result_of_an_agent(hive: Any, gate: Gate) -> None:
    gate.text = "no need"
    boss = assistant("boss", says("", ("helper", {"task": "t"})), tools=[AgentTool(_agent("helper"))])
    result = await boss.run(task="hi")
    assert result.messages[-1].content == "helper: no need"  # type: ignore[union-attr]
    assert [call["name"] for call in calls(hive)] == ["boss.create"]
    assert_closed(hive)


async def test_a_text_stands_for_the_result_of_a_workbench(hive: Any, gate: Gate) -> None:
    gate.text = "near"
    model = Scripted(says("", ("far", {})))
    result = await AssistantAgent("a", model, workbench=Remote()).run(task="hi")
    assert result.messages[-1].content == "near"  # type: ignore[union-attr]


class Shell(CodeExecutor):
    """Runs no code; says what it is told to."""

    component_config_schema = None  # type: ignore[assignment]

    def __init__(self, *results: CodeResult) -> None:
        self.results = list(results)
        self.ran = 0

    async def execute_code_blocks(self, code_blocks: Any, cancellation_token: Any) -> CodeResult:
        self.ran += 1
        return self.results.pop(0)

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    async def restart(self) -> None: ...


CODE = TextMessage(content="```python\nprint('hi')\n```", source="user")


@pytest.mark.filterwarnings("ignore:No approval function set")
async def test_code_is_asked_for_too(hive: Any, gate: Gate) -> None:
    gate.stop = lambda kind, name: name == "execute_code"
    shell = Shell(CodeResult(exit_code=0, output="hi"))
    with pytest.raises(Enough):
        await RoundRobinGroupChat([CodeExecutorAgent("runner", shell)], max_turns=1).run(task=CODE)
    assert shell.ran == 0
    ((kind, name, arguments),) = gate.asked
    assert (kind, name, arguments["code"].strip()) == ("tool", "execute_code", "print('hi')")
    gate.stop = lambda kind, name: False
    gate.text = "not today"
    result = await CodeExecutorAgent("runner", shell).run(task=CODE)
    assert result.messages[-1].content == "not today"  # type: ignore[union-attr]
    assert shell.ran == 0
    assert_closed(hive)


class _Swallowing(BaseChatAgent):
    """An agent that takes every error of its model for a reason to say nothing."""

    produced_message_types = (TextMessage,)  # type: ignore[assignment]

    def __init__(self, name: str, client: Any) -> None:
        super().__init__(name, "d")
        self.client = client

    async def on_reset(self, cancellation_token: Any) -> None:
        pass

    async def on_messages(self, messages: Any, cancellation_token: Any) -> Response:
        with contextlib.suppress(Exception):
            await self.client.create([UserMessage(content="q", source="user")])
        return Response(chat_message=TextMessage(content="hm", source=self.name))


@pytest.mark.parametrize("alone", [True, False])
async def test_an_agent_that_swallows_the_stop_does_not_end_well(hive: Any, alone: bool) -> None:
    stop = Intervention("enough")

    def ask(task: Any, kind: str, name: str, arguments: Any) -> None:
        raise stop

    hiveloop_autogen.instrument()
    agent = _Swallowing("s", Scripted("x"))
    add_gate(ask)
    try:
        with pytest.raises(Intervention) as raised:
            await (agent if alone else RoundRobinGroupChat([agent], max_turns=2)).run(task="t")
    finally:
        remove_gate(ask)
    assert raised.value is stop
    assert hive.of_type("task_completed") == []
    assert {event["payload"]["exception_type"] for event in hive.of_type("task_failed")} == {"Intervention"}
    assert_closed(hive)
    hive.events.clear()
    assert (await agent.run(task="again")).messages[-1].to_text() == "hm"
