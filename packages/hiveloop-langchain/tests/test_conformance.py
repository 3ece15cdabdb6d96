"""The adapter suite, once for `instrument()` and once for an explicit handler."""

from __future__ import annotations

from typing import Any

import hiveloop_langchain
from hiveloop.testing.conformance import CONTENT, AdapterConformance, ScriptedError
from langchain.agents import create_agent
from langchain.agents.middleware import ToolRetryMiddleware
from langchain_core.messages import ToolMessage
from langchain_core.tools import tool

from .scripted import Scripted, says


def _agent(effects: list[str], label: str = CONTENT, error: Exception | None = None, **model: Any) -> Any:
    @tool
    def lookup(subject: str) -> str:
        """Look something up."""
        effects.append("tool")
        if error is not None:
            raise error
        return f"all about {subject}"

    script = [says("", ("lookup", {"subject": label})), says(f"done with {label}")]
    return Scripted(script=script, before=lambda: effects.append("llm"), **model), lookup


def _asked(label: str = CONTENT) -> dict[str, Any]:
    return {"messages": [("user", f"tell me about {label}")]}


def _answer(state: dict[str, Any]) -> list[tuple[str, str]]:
    return [(message.type, str(message.content)) for message in state["messages"]]


class TestInstrumented(AdapterConformance):
    package = "hiveloop_langchain"
    frameworks = ("langchain", "langchain_core", "langgraph")
    config: dict[str, Any] = {}

    def install(self, capture_content: bool = True) -> None:
        hiveloop_langchain.instrument(capture_content=capture_content)

    def uninstall(self) -> None:
        hiveloop_langchain.uninstrument()

    def _run(self, effects: list[str], label: str = CONTENT, error: Exception | None = None) -> Any:
        model, lookup = _agent(effects, label, error)
        return _answer(create_agent(model, [lookup]).invoke(_asked(label), self.config))

    async def _arun(self, effects: list[str], label: str = CONTENT) -> Any:
        model, lookup = _agent(effects, label)
        return _answer(await create_agent(model, [lookup]).ainvoke(_asked(label), self.config))

    def run_success(self, effects: list[str]) -> Any:
        return self._run(effects)

    async def run_async(self, effects: list[str]) -> Any:
        return await self._arun(effects)

    def run_failure(self, effects: list[str], error: ScriptedError) -> Any:
        return self._run(effects, error=error)

    def run_tool_error(self, effects: list[str]) -> Any:
        model, lookup = _agent(effects, error=ScriptedError(f"handled {CONTENT}"))
        forgiving = ToolRetryMiddleware(max_retries=0)
        return _answer(create_agent(model, [lookup], middleware=[forgiving]).invoke(_asked(), self.config))

    def run_unknown_usage(self, effects: list[str]) -> Any:
        model = Scripted(script=[says("hello", usage=None)], before=lambda: effects.append("llm"))
        return _answer(create_agent(model, []).invoke(_asked(), self.config))

    def run_labelled(self, label: str) -> Any:
        return self._run([], label)

    async def run_labelled_async(self, label: str) -> Any:
        return await self._arun([], label)

    def patched_points(self) -> list[Any]:
        from langchain_core.tracers.context import _configure_hooks

        try:
            from langgraph import callbacks
        except ImportError:  # before langgraph 1.1.7 there is nothing to wrap
            return list(_configure_hooks)
        managers = (callbacks._GraphCallbackManager, callbacks._AsyncGraphCallbackManager)
        return [vars(manager)["configure"] for manager in managers] + list(_configure_hooks)


class TestExplicitHandler(TestInstrumented):
    """The same with a handler passed to each run: there is nothing installed, so nothing to install twice."""

    def install(self, capture_content: bool = True) -> None:
        handler = hiveloop_langchain.HiveLoopCallbackHandler(capture_content=capture_content)
        self.config = {"callbacks": [handler]}

    def uninstall(self) -> None:
        self.config = {}


def test_answers_of_the_scripted_agent_hold_a_tool_message() -> None:
    model, lookup = _agent([])
    state = create_agent(model, [lookup]).invoke(_asked())
    assert any(isinstance(message, ToolMessage) for message in state["messages"])
