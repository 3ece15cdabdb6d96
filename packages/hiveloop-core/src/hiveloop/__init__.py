"""HiveLoop: agents are workers. One line registers one; its heartbeat, tasks, problems and cost show on HiveBoard.

    import hiveloop

    hb = hiveloop.init()
    agent = hb.agent("lead-qualifier", type="sales")
    with agent.task("lead-4821", project="sales") as task:
        task.llm_call("score", model="gpt-4o", tokens_in=1200, tokens_out=80)

Nothing here raises into the program but :class:`HiveLoopConfigError` for a wrong setting, and an
:class:`Intervention` the user opted into.
"""

from __future__ import annotations

from . import _copies as _copies
from ._action import Action
from ._agent import Agent
from ._ambient import current_action, current_agent, current_task, propagate, track
from ._board import HiveBoard
from ._client import flush, init, reset, shutdown
from ._decision import Decision
from ._registry import agent
from ._task import Task
from ._tool_payload import tool_payload
from ._version import SDK_VERSION, __version__
from .adapters import instrument
from .errors import AdapterUnavailable, HiveLoopConfigError, HiveLoopError, Intervention

__all__ = [
    "SDK_VERSION",
    "Action",
    "AdapterUnavailable",
    "Agent",
    "Decision",
    "HiveBoard",
    "HiveLoopConfigError",
    "HiveLoopError",
    "Intervention",
    "Task",
    "__version__",
    "agent",
    "current_action",
    "current_agent",
    "current_task",
    "flush",
    "init",
    "instrument",
    "propagate",
    "reset",
    "shutdown",
    "tool_payload",
    "track",
]
