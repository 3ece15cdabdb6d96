"""One line for the process: what it covers, whom it leaves alone, and that it goes away again."""

from __future__ import annotations

import functools
import subprocess
import sys
from typing import Any
from unittest import mock

import hiveloop
import hiveloop_autogen
import pytest
import wrapt
from autogen_agentchat.agents import AssistantAgent, BaseChatAgent
from autogen_agentchat.base import Response
from autogen_agentchat.messages import TextMessage
from autogen_agentchat.teams import BaseGroupChat, RoundRobinGroupChat
from autogen_core.tools import BaseTool, FunctionTool
from hiveloop.testing.conformance import assert_closed
from hiveloop_autogen._nodes import running_teams

from .scripted import Scripted, calls, names, says, types
from .teams import assistant, get_weather, tree

POINTS = (
    (BaseGroupChat, "run_stream"),
    (AssistantAgent, "on_messages_stream"),
    (Scripted, "create"),
    (BaseTool, "run_json"),
)


async def _run() -> None:
    agent = assistant(
        "a", says("", ("get_weather", {"city": "Oslo"})), "ok", tools=[get_weather], reflect_on_tool_use=True
    )
    await RoundRobinGroupChat([agent], max_turns=1, name="pair").run(task="hi")


def _is_whole(hive: Any) -> None:
    assert tree(hive, "pair") == ["turn:a"]
    assert tree(hive, "a") == ["llm:a.create", "get_weather", "llm:a.create"]
    assert_closed(hive)


class Theirs:
    """Somebody else's instrumentor, made as the usual ones are: wrapt objects in the class, the first one put back."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.first = [(owner, name, vars(owner)[name]) for owner, name in POINTS]
        for owner, name, original in self.first:
            setattr(owner, name, wrapt.FunctionWrapper(original, functools.partial(self._note, name)))

    def _note(self, name: str, wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        self.seen.append(name)
        return wrapped(*args, **kwargs)

    def remove(self) -> None:
        for owner, name, original in self.first:
            setattr(owner, name, original)


async def test_theirs_first(hive: Any) -> None:
    before = [vars(owner)[name] for owner, name in POINTS]
    theirs = Theirs()
    hiveloop_autogen.instrument()
    await _run()
    _is_whole(hive)
    assert theirs.seen == ["run_stream", "on_messages_stream", "create", "run_json", "create"]
    hiveloop_autogen.uninstrument()
    assert all(isinstance(vars(owner)[name], wrapt.FunctionWrapper) for owner, name in POINTS)
    theirs.remove()
    assert [vars(owner)[name] for owner, name in POINTS] == before


async def test_ours_first(hive: Any) -> None:
    before = [vars(owner)[name] for owner, name in POINTS]
    hiveloop_autogen.instrument()
    theirs = Theirs()
    await _run()
    _is_whole(hive)
    assert theirs.seen == ["run_stream", "on_messages_stream", "create", "run_json", "create"]
    hiveloop_autogen.uninstrument()
    hive.clear()
    theirs.seen.clear()
    await _run()
    assert theirs.seen == ["run_stream", "on_messages_stream", "create", "run_json", "create"], (
        "theirs still works"
    )
    assert types(hive) == []
    hiveloop_autogen.instrument()
    await _run()
    _is_whole(hive)
    theirs.remove()
    hive.clear()
    await _run()
    _is_whole(hive)
    hiveloop_autogen.uninstrument()
    for (owner, name), original in zip(POINTS, before, strict=True):
        setattr(owner, name, original)  # ours stayed inside theirs, idle


async def test_their_removal_takes_ours_and_instrument_brings_it_back(hive: Any) -> None:
    theirs = Theirs()
    hiveloop_autogen.instrument()
    theirs.remove()
    await _run()
    hive.clear()
    hiveloop_autogen.instrument()
    await _run()
    _is_whole(hive)


def _define() -> type[BaseChatAgent]:
    class Late(BaseChatAgent):
        @property
        def produced_message_types(self) -> Any:
            return (TextMessage,)

        async def on_messages(self, messages: Any, cancellation_token: Any) -> Response:
            await Scripted("x").create([])
            return Response(chat_message=TextMessage(content="late", source=self.name))

        async def on_messages_stream(self, messages: Any, cancellation_token: Any) -> Any:
            yield await self.on_messages(messages, cancellation_token)

        async def on_reset(self, cancellation_token: Any) -> None: ...

    return Late


async def test_agents_defined_later(hive: Any) -> None:
    hiveloop_autogen.instrument()
    late = _define()
    await RoundRobinGroupChat([late("late", "late")], max_turns=1, name="pair").run(task="hi")
    assert tree(hive, "pair") == ["turn:late"]
    assert tree(hive, "late") == ["llm:late.create"]
    ours = vars(late)["on_messages_stream"]
    hiveloop_autogen.uninstrument()
    assert vars(late)["on_messages_stream"] is not ours


async def test_agents_defined_earlier_and_those_that_call_up(hive: Any) -> None:
    class Up(AssistantAgent):
        async def on_messages_stream(self, messages: Any, cancellation_token: Any) -> Any:
            async for message in super().on_messages_stream(messages, cancellation_token):
                yield message

    hiveloop_autogen.instrument()
    agent = Up("a", Scripted(says("", ("get_weather", {"city": "Oslo"}), ("ghost", {}))), tools=[get_weather])
    await RoundRobinGroupChat([agent], max_turns=1, name="pair").run(task="hi")
    assert tree(hive, "a") == ["llm:a.create", "get_weather", "ghost"]
    assert names(hive, "action_failed") == ["ghost"]


async def test_tools_defined_later(hive: Any) -> None:
    hiveloop_autogen.instrument()

    class Louder(FunctionTool):
        component_provider_override = "louder"

        async def run_json(self, args: Any, cancellation_token: Any, call_id: Any = None) -> Any:
            return str(await super().run_json(args, cancellation_token, call_id=call_id)).upper()

    tool = Louder(get_weather, description="Weather.")
    agent = assistant("a", says("", ("get_weather", {"city": "Oslo"})), tools=[tool])
    result = await agent.run(task="hi")
    assert result.messages[-1].content == "RAIN IN OSLO"  # type: ignore[union-attr]
    assert names(hive, "action_completed") == ["get_weather"]


async def test_classes_that_say_something_when_they_are_subclassed(hive: Any) -> None:
    heard: list[str] = []

    class Base(AssistantAgent):
        def __init_subclass__(cls, loud: str = "", **kwargs: Any) -> None:
            super().__init_subclass__(**kwargs)
            heard.append(loud)

    hiveloop_autogen.instrument()

    class Child(Base, loud="hello"): ...

    hiveloop_autogen.uninstrument()
    assert heard == ["hello"]
    assert Child.__name__ == "Child"


async def test_without_the_private_names_all_else_is_told(hive: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from autogen_agentchat.teams._group_chat._magentic_one import _magentic_one_orchestrator as moved

    monkeypatch.delattr(moved, "MagenticOneOrchestrator")
    hiveloop_autogen.instrument()
    await _run()
    _is_whole(hive)


_PARTS = (
    "_turns.begin",
    "_turns.complete",
    "_turns.read_message",
    "_turns.here",
    "_runs.place",
    "_runs.begin_task",
    "_runs.agent_for",
    "_runs.result_payload",
    "_models.place",
    "_models.prompt_of",
    "_models.read_usage",
    "_tools.place",
    "_tools.call_arguments",
    "_tools.preview",
    "_messages.call_arguments",
    "_nodes.hiveloop",
)


@pytest.mark.parametrize("part", _PARTS)
@pytest.mark.parametrize("turns", ["tasks", "actions"])
async def test_whatever_breaks_in_here_the_result_is_the_same(
    hive: Any, monkeypatch: pytest.MonkeyPatch, part: str, turns: Any
) -> None:
    async def result() -> Any:
        asks = says("", ("get_weather", {"city": "Oslo"}), ("ghost", {}))
        agent = assistant("a", asks, "ok", tools=[get_weather], reflect_on_tool_use=True)
        found = await RoundRobinGroupChat([agent], max_turns=1).run(task="hi")
        return [(type(message).__name__, str(message.content)) for message in found.messages]  # type: ignore[union-attr]

    expected = await result()
    broken = mock.Mock(side_effect=RuntimeError(f"{part} broke"))
    if part == "_nodes.hiveloop":
        broken = mock.Mock(**{"current_task.side_effect": RuntimeError("broke")})
    monkeypatch.setattr(f"hiveloop_autogen.{part}", broken)
    hiveloop_autogen.instrument(turns=turns)
    assert await result() == expected
    assert hive.swallowed
    hive.forgive()
    running_teams.clear()


def test_settings_that_mean_nothing_are_refused() -> None:
    with pytest.raises(hiveloop.HiveLoopConfigError, match="turns"):
        hiveloop_autogen.instrument(turns="both")  # type: ignore[arg-type]


def test_other_products_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name, *_: object() if name == "ag2" else None)
    with pytest.raises(
        hiveloop.AdapterUnavailable, match=r"pip install .*ag2, which is installed, is another"
    ):
        hiveloop_autogen.instrument()
    assert not hiveloop_autogen.adapter.is_available


async def test_the_registry_turns_it_on_by_name(hive: Any) -> None:
    assert hiveloop.instrument("autogen") == ("autogen",)
    await _run()
    _is_whole(hive)
    hiveloop.adapters.uninstrument("autogen")
    hive.clear()
    await _run()
    assert types(hive) == []


async def test_before_init_it_does_nothing_and_harms_nothing() -> None:
    hiveloop_autogen.instrument()
    result = await assistant("a", "hello").run(task="hi")
    assert result.messages[-1].content == "hello"  # type: ignore[union-attr]


async def test_a_broken_agent_callable_costs_its_choice_only(hive: Any) -> None:
    def broken(info: Any) -> str:
        raise KeyError(info.name)

    hiveloop_autogen.instrument(agent=broken)
    await _run()
    assert [str(error) for error in hive.swallowed] == ["'pair'", "'a'", "'a'"]
    hive.forgive()
    _is_whole(hive)
    assert len(calls(hive)) == 2


def test_importing_it_imports_no_framework_and_costs_little() -> None:
    program = (
        "import time, hiveloop\n"
        "began = time.process_time()\n"
        "import hiveloop_autogen\n"
        "spent = time.process_time() - began\n"
        "import sys\n"
        "assert not {'autogen_core', 'autogen_agentchat', 'autogen', 'openai', 'pydantic'} & set(sys.modules)\n"
        "assert 'instrument' in dir(hiveloop_autogen)\n"
        "hiveloop_autogen.RunInfo, hiveloop_autogen.adapter, hiveloop_autogen.observe\n"
        "assert not {'autogen_core', 'autogen_agentchat', 'autogen', 'openai', 'pydantic'} & set(sys.modules)\n"
        "print(spent)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, timeout=60, capture_output=True, text=True
    )
    assert float(done.stdout) < 0.05
