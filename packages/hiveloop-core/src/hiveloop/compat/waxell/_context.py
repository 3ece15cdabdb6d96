"""``WaxellContext``: one run, as ``with`` or ``async with``, told by the handles of this SDK."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from hiveloop import _scope
from hiveloop._registry import agent
from hiveloop._task import Task
from hiveloop.policies import PolicyCheck

from ._absent import given
from ._client import WaxellObserveClient, ensure_started
from ._recording import Recording

__all__ = ["WaxellContext"]


class WaxellContext(Recording):
    """A run of ``agent_name``. Entering it asks the policies (unless ``enforce_policy=False``) and starts the run.

    ``workflow_name`` is the task's type. With ``mid_execution_governance`` every ``record_step`` asks again, and
    policies stop tool and model calls too; both raise ``PolicyViolationError``.
    """

    def __init__(
        self,
        agent_name: str,
        workflow_name: str = "default",
        inputs: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
        client: WaxellObserveClient | None = None,
        enforce_policy: bool = True,
        session_id: str = "",
        user_id: str = "",
        user_group: str = "",
        mid_execution_governance: bool = False,
    ) -> None:
        super().__init__()
        self.agent_name = agent_name
        self._client = client
        self._enforces = enforce_policy
        self._governs = bool(mid_execution_governance)
        self._run = {
            "type": given(workflow_name),
            "inputs": inputs,
            "metadata": metadata,
            "session_id": given(session_id),
            "user_id": given(user_id),
            "user_group": given(user_group),
        }

    # -- life cycle --

    def _begin(self) -> Task:
        ensure_started(self._client)
        task = agent(self.agent_name).task(enforce_policy=bool(self._enforces), **self._run)
        task.enforces_calls = self._governs
        return task

    def __enter__(self) -> WaxellContext:
        task = self._begin()
        if task.enforces_start:
            task._admit()
        task._open(_scope.caller_frame(1))
        self._task = task
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._task is not None:
            self._task.__exit__(exc_type, exc, traceback)

    async def __aenter__(self) -> WaxellContext:
        task = self._begin()
        if task.enforces_start:
            await task._admit_async()
        task._open(_scope.caller_frame(1))
        self._task = task
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.__exit__(exc_type, exc, traceback)

    # -- policies --

    async def check_policy(self) -> PolicyCheck:
        """Whether the run may go on."""
        return PolicyCheck() if self._task is None else await self._task.check_policy()

    def check_policy_sync(self) -> PolicyCheck:
        """Whether the run may go on."""
        return PolicyCheck() if self._task is None else self._task.check_policy_sync()

    # -- what is known --

    @property
    def run_id(self) -> str:
        """The id of the run, ``""`` before it started."""
        return "" if self._task is None else self._task.run_id

    @property
    def conversation_turns(self) -> int:
        """How many messages of the user were told."""
        return 0 if self._task is None else self._task.conversation_turns

    @property
    def message_count(self) -> int:
        """How many messages were told."""
        return 0 if self._task is None else self._task.message_count

    @property
    def context_utilization(self) -> float:
        """Per cent of the context window the latest call filled; 0.0 while unknown, as programs print it."""
        known = None if self._task is None else self._task.context_utilization
        return 0.0 if known is None else known
