"""A session of the published SDK's Claude Agent SDK integration, its hooks called as that framework calls them."""

from __future__ import annotations

import types
from collections.abc import AsyncIterator
from typing import Any

__all__ = ["AGENT", "run_session"]

AGENT = "claude-desk"


async def run_session(integration: Any, endpoint: str, api_key: str) -> None:
    """One session: a tool that works, one that fails, a subagent, a question to the user, an orphan."""
    hooks = integration.hiveloop_hooks(
        api_key,
        endpoint=endpoint,
        project="coding",
        agent_name=AGENT,
        agent_type="coder",
        agent_version="0.9",
        environment="staging",
        group="compat",
        track_subagents=True,
        capture_tool_results=True,
        result_preview_length=50,
        heartbeat_interval=0,
        stuck_threshold=90,
        debug=True,
    )
    merged = integration.merge_hooks({"PostToolUse": []}, hooks)
    if len(merged["PostToolUse"]) != 1:
        raise AssertionError("hooks are merged per event")
    await hooks.on_session_start({"session_id": "session-1"}, "", {})
    if integration.get_current_agent() is None or integration.get_current_task() is None:
        raise AssertionError("a session has an agent and a task")
    await _tool(hooks, "t1", "Bash", {"command": "ls"}, tool_result="main.py")
    await _tool(hooks, "t2", "Read", {"file_path": "/etc/shadow"}, error="permission denied")
    await _tool(hooks, "t3", "Task", {"description": "reviewer", "prompt": "Review"}, tool_result="fine")
    await _tool(hooks, "t4", "AskUserQuestion", {"questions": [{"question": "Go on?"}]}, tool_result="yes")
    async for _ in integration.instrumented_query(_messages):
        pass
    await hooks.on_pre_tool_use({"tool_name": "Grep", "tool_input": {"pattern": "x"}}, "t5", {})
    await hooks.cleanup()
    await hooks.on_stop({"result": "done"}, "", {})
    await hooks.on_session_end({}, "", {})


async def _tool(hooks: Any, use_id: str, name: str, given: dict[str, Any], **outcome: str) -> None:
    await hooks.on_pre_tool_use({"tool_name": name, "tool_input": given}, use_id, {})
    await hooks.on_post_tool_use({"tool_name": name, **outcome}, use_id, {})


async def _messages() -> AsyncIterator[Any]:
    usage = types.SimpleNamespace(input_tokens=1_000, output_tokens=100)
    yield types.SimpleNamespace(usage=usage, model="claude-sonnet-4-20250514")
