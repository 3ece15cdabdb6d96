"""Tool calls: told once each, in the right place, and those that never ran too."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import threading
from typing import Any

import hiveloop
import hiveloop_autogen
import pytest
from autogen_agentchat.agents import AssistantAgent, BaseChatAgent
from autogen_agentchat.base import Response
from autogen_agentchat.messages import TextMessage, ToolCallExecutionEvent, ToolCallRequestEvent
from autogen_core import CancellationToken, FunctionCall
from autogen_core.models import FunctionExecutionResult
from autogen_core.tools import FunctionTool, TextResultContent, ToolResult, Workbench
from hiveloop.testing.conformance import assert_catalogue, assert_closed

from .scripted import Scripted, calls, names, says
from .teams import assistant, get_weather, tree


@pytest.fixture(autouse=True)
def _instrumented() -> None:
    hiveloop_autogen.instrument()


def _using(*asked: tuple[str, Any], tools: Any) -> AssistantAgent:
    return assistant("a", says("", *asked), "ok", tools=tools, reflect_on_tool_use=True)


async def test_arguments_and_results(hive: Any) -> None:
    await _using(("get_weather", {"city": "Oslo"}), tools=[get_weather]).run(task="hi")
    (started,), (ended,) = hive.of_type("action_started"), hive.of_type("action_completed")
    assert started["payload"]["args"] == {"city": "Oslo"}
    assert started["payload"]["tool_call_id"] == "call-0-get_weather"
    assert ended["payload"]["result"] == "rain in Oslo"
    assert isinstance(ended["duration_ms"], int)


async def test_calls_side_by_side_overlap(hive: Any) -> None:
    both = asyncio.Barrier(2)

    async def meet(n: int) -> int:
        """Meet."""
        await both.wait()
        return n

    await _using(("meet", {"n": 1}), ("meet", {"n": 2}), tools=[meet]).run(task="hi")
    kinds = [e["event_type"] for e in hive.of_type("action_started", "action_completed")]
    assert kinds == ["action_started", "action_started", "action_completed", "action_completed"]
    assert_closed(hive)


async def test_tools_that_never_ran(hive: Any) -> None:
    asked = (("ghost", {"x": 1}), ("get_weather", "{bad json"), ("get_weather", {"city": "Oslo"}))
    await _using(*asked, tools=[get_weather]).run(task="hi")
    failed = hive.of_type("action_failed")
    assert [event["payload"]["action_name"] for event in failed] == ["ghost", "get_weather"]
    assert all(event["payload"]["handled"] for event in failed)
    assert {event["payload"]["exception_type"] for event in failed} == {"ToolNotRun"}
    assert names(hive, "action_completed") == ["get_weather"]
    assert_closed(hive)


async def test_wrong_arguments_fail_the_call(hive: Any) -> None:
    await _using(("get_weather", {"town": "Oslo"}), tools=[get_weather]).run(task="hi")
    assert names(hive, "action_failed") == ["get_weather"]
    assert names(hive, "action_started") == ["get_weather"]


async def test_a_plain_function_keeps_its_place_in_the_run(hive: Any) -> None:
    """AutoGen runs it in a thread that knows nothing of the run."""
    marker: contextvars.ContextVar[str] = contextvars.ContextVar("marker", default="lost")
    found: list[Any] = []

    def work(n: int) -> int:
        """Work."""
        found.append((threading.current_thread() is threading.main_thread(), marker.get()))
        with hiveloop.current_agent().track_context(f"part-{n}"):  # type: ignore[union-attr]
            return n

    marker.set("kept")
    tool = FunctionTool(work, description="Work.")
    await _using(("work", {"n": 1}), ("work", {"n": 2}), tools=[tool]).run(task="hi")
    assert found == [(False, "kept"), (False, "kept")]
    assert sorted(tree(hive, "a")) == sorted(
        ["llm:a.create", "work", "work > part-1", "work", "work > part-2", "llm:a.create"]
    )
    assert tool._func is work


async def test_a_plain_function_that_takes_the_token(hive: Any) -> None:
    found: list[Any] = []

    def work(n: int, cancellation_token: CancellationToken) -> int:
        """Work."""
        found.append(hiveloop.current_action() is not None)
        return n

    await _using(("work", {"n": 1}), tools=[work]).run(task="hi")
    assert found == [True]


class Remote(Workbench):
    """A workbench whose tools are somewhere else."""

    component_config_schema = None  # type: ignore[assignment]

    def __init__(self, failing: bool = False) -> None:
        self.failing = failing

    async def list_tools(self) -> Any:
        return [
            {"name": "far", "description": "far away", "parameters": {"type": "object", "properties": {}}}
        ]

    async def call_tool(
        self, name: str, arguments: Any = None, cancellation_token: Any = None, call_id: str | None = None
    ) -> ToolResult:
        return ToolResult(name=name, result=[TextResultContent(content="from afar")], is_error=self.failing)

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    async def reset(self) -> None: ...
    async def save_state(self) -> Any:
        return {}

    async def load_state(self, state: Any) -> None: ...


@pytest.mark.parametrize("failing", [False, True])
async def test_a_workbench_of_another_kind(hive: Any, failing: bool) -> None:
    model = Scripted(says("", ("far", {"x": 1})), "ok")
    await AssistantAgent("a", model, workbench=Remote(failing), reflect_on_tool_use=True).run(task="hi")
    assert names(hive, "action_started") == ["far"]
    if failing:
        (failed,) = hive.of_type("action_failed")
        assert failed["payload"]["exception_message"] == "from afar"
        assert failed["payload"]["handled"] is True
    else:
        (ended,) = hive.of_type("action_completed")
        assert ended["payload"]["result"] == "from afar"
    assert_closed(hive)
    assert_catalogue(hive)


async def test_a_tool_outside_of_any_run_is_left_alone(hive: Any) -> None:
    tool = FunctionTool(get_weather, description="Weather.")
    assert await tool.run_json({"city": "Oslo"}, CancellationToken()) == "rain in Oslo"
    assert hive.events == []


async def test_a_tool_in_a_task_of_the_program(hive: Any) -> None:
    with hiveloop.agent("mine").task("T1"):
        await FunctionTool(get_weather, description="Weather.").run_json(
            {"city": "Oslo"}, CancellationToken()
        )
    assert tree(hive, "mine") == ["get_weather"]


class Told(BaseChatAgent):
    """An agent without a stream, whose inner messages come with its answer."""

    @property
    def produced_message_types(self) -> Any:
        return (TextMessage,)

    async def on_messages(self, messages: Any, cancellation_token: CancellationToken) -> Response:
        call = FunctionCall(id="c1", name="hidden", arguments="{}")
        result = FunctionExecutionResult(content="failed", name="hidden", call_id="c1", is_error=True)
        inner: Any = [
            ToolCallRequestEvent(content=[call], source=self.name),
            ToolCallExecutionEvent(content=[result], source=self.name),
        ]
        return Response(chat_message=TextMessage(content="x", source=self.name), inner_messages=inner)

    async def on_reset(self, cancellation_token: CancellationToken) -> None: ...


async def test_inner_messages_that_come_with_the_answer(hive: Any) -> None:
    await Told("a", "a").run(task="hi")
    assert names(hive, "action_failed") == ["hidden"]
    hive.clear()
    await Told("a", "a").on_messages([TextMessage(content="hi", source="user")], CancellationToken())
    assert names(hive, "action_failed") == ["hidden"]
    assert len(hive.of_type("task_started")) == 1
    assert_closed(hive)


async def test_what_a_result_does_when_it_is_looked_at_is_its_own_affair(hive: Any) -> None:
    class Nasty:
        def __str__(self) -> str:
            return "shown to the model"

        def __getattr__(self, name: str) -> Any:
            raise RuntimeError("do not touch")

    async def work() -> Any:
        """Work."""
        return Nasty()

    result = await assistant("a", says("", ("work", {})), tools=[work]).run(task="hi")
    assert "shown to the model" in str(result.messages[-1].content)  # type: ignore[union-attr]
    assert len(calls(hive)) == 1
    assert names(hive, "action_completed") == ["work"]
    assert_closed(hive)


class Marked:
    """A callable that returns a coroutine and says so as some libraries do: by asyncio's mark, which inspect ignores."""

    def __init__(self, function: Any) -> None:
        self.function = function
        self.__name__, self.__annotations__ = function.__name__, function.__annotations__
        self.__signature__ = inspect.signature(function)
        self._is_coroutine = asyncio.coroutines._is_coroutine  # type: ignore[attr-defined]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        async def later() -> Any:
            return self.function(*args, **kwargs)

        return later()


async def test_a_tool_that_is_marked_as_asynchronous_is_awaited(hive: Any) -> None:
    def rows(x: int) -> str:
        return f"rows {x}"

    hiveloop_autogen.instrument()
    tool = FunctionTool(Marked(rows), "d", name="rows")  # type: ignore[arg-type]
    result = await assistant("a", says("", ("rows", {"x": 3})), "done", tools=[tool]).run(task="t")
    (executed,) = [m for m in result.messages if type(m).__name__ == "ToolCallExecutionEvent"]
    assert [found.content for found in executed.content] == ["rows 3"]
    (ended,) = [e for e in hive.of_type("action_completed") if e["payload"]["action_name"] == "rows"]
    assert ended["payload"]["result"] == "rows 3"


@pytest.mark.parametrize("call_id", ["same", ""])
async def test_two_parallel_calls_of_one_id_are_two(hive: Any, call_id: str) -> None:
    async def look(x: int) -> str:
        """Look."""
        await asyncio.sleep(0)
        return f"seen {x}"

    asked = says("", ("look", {"x": 1}), ("look", {"x": 2}))
    for call in asked.content:
        call.id = call_id  # type: ignore[union-attr]
    hiveloop_autogen.instrument()
    await assistant("a", asked, "done", tools=[look]).run(task="t")
    assert names(hive, "action_started").count("look") == 2
    assert names(hive, "action_failed") == []
