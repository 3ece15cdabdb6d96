"""Tools of a real MCP server, as a workbench and as tools of their own."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Any

import anyio
import hiveloop_autogen
import pytest
from autogen_agentchat.agents import AssistantAgent
from autogen_ext.tools.mcp import McpWorkbench, StdioServerParams, mcp_server_tools
from hiveloop.testing.conformance import assert_catalogue, assert_closed

from .scripted import Scripted, names, says

_SERVER = Path(__file__).parent / "drivers" / "mcp_server.py"


@pytest.fixture(autouse=True)
def _instrumented() -> None:
    hiveloop_autogen.instrument()


def _params() -> StdioServerParams:
    return StdioServerParams(command=sys.executable, args=[str(_SERVER)])


def _model() -> Scripted:
    return Scripted(says("", ("stock", {"item": "cups"}), ("broken", {"item": "cups"})), "done")


def _assert_told(hive: Any) -> None:
    assert sorted(names(hive, "action_started")) == ["broken", "stock"]
    (done,) = hive.of_type("action_completed")
    assert done["payload"]["action_name"] == "stock"
    assert "7 cups" in done["payload"]["result"]
    assert names(hive, "action_failed") == ["broken"]
    assert [event["status"] for event in hive.of_type("task_completed")] == ["success"]
    assert_catalogue(hive)
    assert_closed(hive)


async def test_a_workbench(hive: Any) -> None:
    workbench = McpWorkbench(_params())
    await workbench.start()
    try:
        await AssistantAgent("clerk", _model(), workbench=workbench).run(task="How many?")
    finally:
        # A server that still writes while its pipe is closed: the client of the protocol then raises on the way out.
        with contextlib.suppress(ExceptionGroup, anyio.BrokenResourceError):
            await workbench.stop()
    _assert_told(hive)
    (failed,) = hive.of_type("action_failed")
    assert "no such item" in failed["payload"]["exception_message"]


async def test_tools_of_their_own(hive: Any) -> None:
    tools = await mcp_server_tools(_params())
    await AssistantAgent("clerk", _model(), tools=tools).run(task="How many?")
    _assert_told(hive)
