"""The adapter suite: for an agent on its own, and for a team whose turns are actions."""

from __future__ import annotations

import asyncio
from typing import Any

import hiveloop_autogen
import pytest
from autogen_agentchat.agents import AssistantAgent, BaseChatAgent
from autogen_agentchat.base import Response
from autogen_agentchat.conditions import MaxMessageTermination
from autogen_agentchat.messages import TextMessage
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_core import CancellationToken
from autogen_core.models import AssistantMessage, ChatCompletionClient, UserMessage
from autogen_core.tools import BaseTool, FunctionTool
from hiveloop.testing.conformance import CONTENT, AdapterConformance, ScriptedError

from .scripted import Scripted, says


def _lookup(effects: list[str], error: Exception | None = None) -> Any:
    async def lookup(subject: str) -> str:
        """Look something up."""
        effects.append("tool")
        if error is not None:
            raise error
        return f"all about {subject}"

    return lookup


def _model(effects: list[str], label: str = CONTENT) -> Scripted:
    return Scripted(
        says("", ("lookup", {"subject": label})),
        says(f"done with {label}"),
        before=lambda: effects.append("llm"),
    )


def _agent(effects: list[str], label: str = CONTENT, error: Exception | None = None) -> AssistantAgent:
    return AssistantAgent(
        "finder", _model(effects, label), tools=[_lookup(effects, error)], reflect_on_tool_use=True
    )


class Direct(BaseChatAgent):
    """An agent written by hand: what its tool raises leaves it."""

    def __init__(self, model: Scripted, tool: Any) -> None:
        super().__init__("finder", "finds things")
        self._model = model
        self._tool = FunctionTool(tool, description="Look something up.")

    @property
    def produced_message_types(self) -> Any:
        return (TextMessage,)

    async def on_messages(self, messages: Any, cancellation_token: CancellationToken) -> Response:
        told: list[Any] = [message.to_model_message() for message in messages]
        answer = await self._model.create(told)
        result = await self._tool.run_json({"subject": answer.content[0].arguments}, cancellation_token)
        told.append(AssistantMessage(content=answer.content, source=self.name))
        told.append(UserMessage(content=str(result), source=self.name))
        final = await self._model.create(told)
        return Response(chat_message=TextMessage(content=str(final.content), source=self.name))

    async def on_reset(self, cancellation_token: CancellationToken) -> None:
        pass


def _said(result: Any) -> list[Any]:
    return [(type(message).__name__, message.source, str(message.content)) for message in result.messages]


class TestAgent(AdapterConformance):
    package = "hiveloop_autogen"
    frameworks = ("autogen_agentchat", "autogen_core", "autogen_ext", "autogen")

    def install(self, capture_content: bool = True) -> None:
        hiveloop_autogen.instrument(capture_content=capture_content)

    def uninstall(self) -> None:
        hiveloop_autogen.uninstrument()

    def wrap(self, agent: Any) -> Any:
        return agent

    async def arun(self, agent: Any, label: str = CONTENT) -> Any:
        return _said(await self.wrap(agent).run(task=f"tell me about {label}"))

    def run_success(self, effects: list[str]) -> Any:
        return asyncio.run(self.arun(_agent(effects)))

    async def run_async(self, effects: list[str]) -> Any:
        return await self.arun(_agent(effects))

    def run_failure(self, effects: list[str], error: ScriptedError) -> Any:
        return asyncio.run(self.arun(Direct(_model(effects), _lookup(effects, error))))

    def run_tool_error(self, effects: list[str]) -> Any:
        return asyncio.run(self.arun(_agent(effects, error=ScriptedError(f"handled {CONTENT}"))))

    def run_unknown_usage(self, effects: list[str]) -> Any:
        model = Scripted(says("hello", usage=(0, 0)), before=lambda: effects.append("llm"))
        return asyncio.run(self.arun(AssistantAgent("finder", model)))

    def run_labelled(self, label: str) -> Any:
        return asyncio.run(self.arun(_agent([], label), label))

    async def run_labelled_async(self, label: str) -> Any:
        return await self.arun(_agent([], label), label)

    def patched_points(self) -> list[Any]:
        from autogen_agentchat.base import ChatAgent, Team
        from autogen_agentchat.teams import BaseGroupChat
        from autogen_agentchat.teams._group_chat._magentic_one._magentic_one_orchestrator import (
            MagenticOneOrchestrator,
        )

        owners = (
            (BaseGroupChat, ("run_stream",)),
            (BaseChatAgent, ("run", "run_stream", "on_messages", "on_messages_stream")),
            (AssistantAgent, ("on_messages", "on_messages_stream")),
            (Scripted, ("create", "create_stream")),
            (BaseTool, ("run_json",)),
            (FunctionTool, ("run",)),
            (MagenticOneOrchestrator, ("_reenter_outer_loop", "_log_message")),
            *((base, ("__init_subclass__",)) for base in (ChatAgent, Team, ChatCompletionClient, BaseTool)),
        )
        return [vars(owner).get(name) for owner, wanted in owners for name in wanted]


class TestTeam(TestAgent):
    """A team of one, told as one task."""

    def install(self, capture_content: bool = True) -> None:
        hiveloop_autogen.instrument(capture_content=capture_content, turns="actions")

    def wrap(self, agent: Any) -> Any:
        return RoundRobinGroupChat([agent], termination_condition=MaxMessageTermination(2), max_turns=1)

    def test_the_same_exception_object_comes_out(self) -> None:
        """AutoGen itself makes a RuntimeError of the error's text: what comes out must be that, and no other."""
        bare: list[str] = []
        _, expected = self.catch(self.run_failure, bare, ScriptedError("the same"))
        watched: list[str] = []
        with self.installed():
            _, caught = self.catch(self.run_failure, watched, ScriptedError("the same"))
        assert type(caught) is type(expected) is RuntimeError
        assert str(caught).partition("\n")[0] == str(expected).partition("\n")[0] == "ScriptedError: the same"
        assert watched == bare


@pytest.mark.parametrize("wrap", [TestAgent().wrap, TestTeam().wrap])
def test_the_scripted_run_calls_its_tool(wrap: Any) -> None:
    effects: list[str] = []
    result = asyncio.run(wrap(_agent(effects)).run(task="hi"))
    assert effects == ["llm", "tool", "llm"]
    assert "ToolCallExecutionEvent" in {type(message).__name__ for message in result.messages}
