"""Process-wide registration: which methods of AutoGen are followed, and how that is taken back."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import threading
from collections.abc import Callable
from typing import Any

from hiveloop import HiveLoopConfigError
from hiveloop.adapters import AdapterUnavailable, contained

from ._code import approving
from ._handoffs import withdraw
from ._http_retries import http_retries
from ._models import ModelWatch
from ._nodes import resolve_scopes
from ._options import Options, RunInfo, Turns
from ._patch import Patches, wrap_call, wrap_stream
from ._plan import ledger_said, magentic_plan
from ._tools import ToolWatch, keep_context
from ._turns import MessagesWatch, RunWatch
from .classic._install import is_installed as has_classic
from .classic._install import patch_classic

__all__ = ["INSTALL", "current_options", "instrument", "is_available", "uninstrument"]

INSTALL = "pip install 'hiveloop-autogen[autogen]'"

_lock = threading.Lock()
_patches = Patches()
_installed: list[Options] = []


def instrument(
    agent: str | Callable[[RunInfo], str | None] | None = None,
    project: str | None = None,
    capture_content: bool = True,
    *,
    turns: Turns = "tasks",
    thoughts: bool = False,
) -> None:
    """Show every AutoGen team and agent of this process. A repeated call only changes the settings.

    ``agent``: the HiveLoop name of the outermost team or agent, or ``(RunInfo) -> name`` asked for each; by default
    everybody keeps the name they have. ``turns="actions"`` makes participants' turns actions of the team's task
    instead of tasks of their own. ``thoughts=True`` also sends what models think aloud.
    Raises ``AdapterUnavailable`` when neither AgentChat nor AG2 classic is installed.
    """
    if turns not in ("tasks", "actions"):
        raise HiveLoopConfigError(f"turns must be 'tasks' or 'actions', not {turns!r}")
    options = Options(agent, project, capture_content, turns, thoughts)
    require_autogen()
    with _lock:
        _installed[:] = [options]
        _patches.enabled = True
        resolve_scopes()
        if _has_agentchat():
            _patch_agentchat()
        if has_classic():
            patch_classic(_patches, current_options)


def uninstrument() -> None:
    """Stop showing runs that start from now on; those under way are told to their end. Idempotent."""
    with _lock:
        _installed.clear()
        _patches.enabled = False
        _patches.undo()
        http_retries.close()


def current_options() -> Options | None:
    """The settings in force; ``None`` while nothing is instrumented."""
    return _installed[0] if _installed else None


def is_available() -> bool:
    """Whether AgentChat or AG2 classic is installed; neither is imported to find out."""
    return _has_agentchat() or has_classic()


def _has_agentchat() -> bool:
    return importlib.util.find_spec("autogen_agentchat") is not None


def require_autogen() -> None:
    """Raise ``AdapterUnavailable``, with the line that helps, when there is nothing to instrument."""
    if is_available():
        return
    message = f"AutoGen AgentChat is not installed: {INSTALL}"
    others = [name for name in ("ag2", "agent_framework") if importlib.util.find_spec(name) is not None]
    if others:
        message += (
            f" ({' and '.join(others)}, which is installed, is another product; it is not covered here)"
        )
    raise AdapterUnavailable(message)


# -- what is followed --


def _patch_agentchat() -> None:
    importlib.import_module("autogen_agentchat.teams")  # defines the teams, and the agents below them
    for place, wraps in _TREES.items():
        owner = _class(place)
        if owner is not None:
            _patches.replace_in_tree(owner, wraps)
    for place, name, wrap in _METHODS:
        owner = _class(place)
        if owner is not None:
            _patches.replace(owner, name, wrap)


def _class(place: str) -> type | None:
    """A class by ``module:name``; ``None`` where this version has no such thing, and all else is told."""
    module, _, name = place.partition(":")
    try:
        found = getattr(importlib.import_module(module), name, None)
    except ModuleNotFoundError:
        return None
    return found if isinstance(found, type) else None


def _planning(original: Any) -> Any:
    @functools.wraps(original)
    async def _reenter_outer_loop(self: Any, *args: Any, **kwargs: Any) -> Any:
        magentic_plan(self)
        return await original.__get__(self, type(self))(*args, **kwargs)

    return _reenter_outer_loop


def _forgetting(original: Any) -> Any:
    @functools.wraps(original)
    async def reset(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = await original.__get__(self, type(self))(*args, **kwargs)
        withdraw(self)
        return result

    return reset


def _listening(original: Any) -> Any:
    @functools.wraps(original)
    async def _log_message(self: Any, *args: Any, **kwargs: Any) -> Any:
        ledger_said(self, args[0] if args else kwargs.get("log_message"))
        return await original.__get__(self, type(self))(*args, **kwargs)

    return _log_message


@contained
def _team_watch(team: Any, args: Any, kwargs: Any) -> RunWatch | None:
    options = current_options()
    return None if options is None else RunWatch(team, "team", kwargs.get("task"), options)


@contained
def _agent_watch(agent: Any, args: Any, kwargs: Any) -> RunWatch | None:
    options = current_options()
    return None if options is None else RunWatch(agent, "agent", kwargs.get("task"), options)


@contained
def _answer_watch(agent: Any, args: Any, kwargs: Any) -> RunWatch | None:
    options = current_options()
    given = args[0] if args else kwargs.get("messages")
    return None if options is None else RunWatch(agent, "turn", given, options)


@contained
def _messages_watch(agent: Any, args: Any, kwargs: Any) -> MessagesWatch | None:
    options = current_options()
    given = args[0] if args else kwargs.get("messages")
    return None if options is None else MessagesWatch(agent, given, options)


@contained
def _create_watch(client: Any, args: Any, kwargs: Any) -> ModelWatch | None:
    options = current_options()
    return None if options is None else ModelWatch(client, args, kwargs, options, False)


@contained
def _create_stream_watch(client: Any, args: Any, kwargs: Any) -> ModelWatch | None:
    options = current_options()
    return None if options is None else ModelWatch(client, args, kwargs, options, True)


@contained
def _tool_watch(tool: Any, args: Any, kwargs: Any) -> ToolWatch | None:
    return _watch_tool(tool, args, kwargs, lambda text: text)


@contained
def _tool_stream_watch(tool: Any, args: Any, kwargs: Any) -> ToolWatch | None:
    return _watch_tool(tool, args, kwargs, lambda text: _last_words(tool, text))


def _watch_tool(tool: Any, args: Any, kwargs: Any, substitute: Any) -> ToolWatch | None:
    options = current_options()
    if options is None:
        return None
    given = args[0] if args else kwargs.get("args")
    call_id = args[2] if len(args) > 2 else kwargs.get("call_id")
    return ToolWatch(tool, str(tool.name), given, call_id, substitute, options)


def _last_words(tool: Any, text: str) -> Any:
    """What stands for the result of a tool that runs an agent or a team; a text is one for any other."""
    if not hasattr(tool, "_task_runner"):
        return text
    from autogen_agentchat.base import TaskResult
    from autogen_agentchat.messages import TextMessage

    return TaskResult(messages=[TextMessage(content=text, source=tool.name)])


@contained
def _workbench_watch(workbench: Any, args: Any, kwargs: Any) -> ToolWatch | None:
    from autogen_core.tools import StaticWorkbench

    options = current_options()
    if options is None or isinstance(workbench, StaticWorkbench):
        return None  # its tools are objects of their own, and followed as such
    name = args[0] if args else kwargs.get("name")
    given = args[1] if len(args) > 1 else kwargs.get("arguments")
    call_id = args[3] if len(args) > 3 else kwargs.get("call_id")
    watch = ToolWatch(workbench, str(name), given, call_id, _tool_result(str(name), False), options)
    watch.refusal = _tool_result(str(name), True)
    return watch


def _tool_result(name: str, is_error: bool) -> Callable[[str], Any]:
    def make(text: str) -> Any:
        from autogen_core.tools import TextResultContent, ToolResult

        return ToolResult(name=name, result=[TextResultContent(content=text)], is_error=is_error)

    return make


#: Classes whose methods are followed in every subclass, those defined later included.
_TREES = {
    "autogen_agentchat.base:Team": {"run_stream": wrap_stream(_team_watch), "reset": _forgetting},
    "autogen_agentchat.base:ChatAgent": {
        "run": wrap_call(_agent_watch),
        "run_stream": wrap_stream(_agent_watch),
        "on_messages": wrap_call(_answer_watch),
        "on_messages_stream": wrap_stream(_messages_watch),
    },
    "autogen_core.models:ChatCompletionClient": {
        "create": wrap_call(_create_watch),
        "create_stream": wrap_stream(_create_stream_watch),
    },
    "autogen_core.tools:BaseTool": {
        "run_json": wrap_call(_tool_watch),
        "run_json_stream": wrap_stream(_tool_stream_watch),
    },
    "autogen_core.tools:Workbench": {
        "call_tool": wrap_call(_workbench_watch),
        "call_tool_stream": wrap_stream(_workbench_watch),
    },
}
_ORCHESTRATOR = (
    "autogen_agentchat.teams._group_chat._magentic_one._magentic_one_orchestrator:MagenticOneOrchestrator"
)
#: Single methods. Those of the orchestrator are private, and frozen with AutoGen.
_METHODS = (
    ("autogen_core.tools:FunctionTool", "run", keep_context),
    (
        "autogen_agentchat.agents:CodeExecutorAgent",
        "execute_code_block",
        functools.partial(approving, options_of=current_options),
    ),
    (_ORCHESTRATOR, "_reenter_outer_loop", _planning),
    (_ORCHESTRATOR, "_log_message", _listening),
)
