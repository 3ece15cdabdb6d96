"""The Task handle: one unit of work, as a context manager or by hand, closed exactly once from any thread."""

from __future__ import annotations

import sys
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

from . import _scope
from ._arguments import describe_exception, flat, identifier, text
from ._runtime import runtime
from ._safety import contained, guarded
from ._task_insight import TaskInsight
from ._task_policy import TaskPolicy
from ._task_record import TaskRecord
from ._task_story import TaskStory
from .events import Custom, Event, TaskCompleted, TaskFailed, TaskStarted
from .payloads import LlmCall

if TYPE_CHECKING:
    from ._agent import Agent

__all__ = ["Task", "outcome_of", "run_details"]


class Task(TaskStory, TaskRecord, TaskInsight, TaskPolicy):
    """A task of one agent. Made by ``agent.task(...)`` (use with ``with`` or ``async with``) or ``agent.start_task(...)``.

    Ends as ``task_completed`` (status ``success``, or ``cancelled``/``abandoned`` for a cancelled coroutine or a
    closed generator) or ``task_failed``. Nothing here raises into the program.
    """

    def __init__(
        self,
        agent: Agent,
        task_id: Any = None,
        project: Any = None,
        type: Any = None,
        *,
        task_run_id: Any = None,
        correlation_id: Any = None,
        details: dict[str, Any] | None = None,
        enforce_policy: Any = False,
    ) -> None:
        super().__init__()
        self.agent = agent
        self.task_id: str = identifier(task_id) or f"{agent.agent_id[:200]}-{runtime.clock.new_id()[-12:]}"
        self.project_id = identifier(project)
        self.task_type = identifier(type)
        self.task_run_id: str = identifier(task_run_id) or runtime.clock.new_id()
        self.correlation_id = identifier(correlation_id)
        #: What is known of the run before it starts: session_id, user_id, user_group, inputs, metadata.
        self.details = details or {}
        self.enforces_start = self.enforces_calls = enforce_policy is not False and bool(
            guarded(lambda: bool(enforce_policy), False)
        )
        self._payload: dict[str, Any] | None = None
        self._started_at: float | None = None
        self._process = runtime.process
        self._reentered = 0
        self._scope: _scope.Scope | None = None
        # Popping is atomic: whoever gets the item is the one that closes the task.
        self._open_token = [True]

    @property
    def is_open(self) -> bool:
        """Started and not yet ended."""
        return self._started_at is not None and bool(self._open_token)

    # -- life cycle --

    def _open(self, frame: FrameType | None) -> None:
        """Start and enter; inside a ``with`` of its own it goes on, after its end it is another run of the same task."""
        if self.is_open:
            self._reentered += 1
            return
        self._start()
        self._enter_scope(frame)

    @contained
    def _start(self, timestamp: str = "") -> None:
        if not self._open_token:
            self.task_run_id = runtime.clock.new_id()
            self._open_token.append(True)
        self._process = runtime.process
        self._started_at = runtime.clock.monotonic()
        self.agent.open_tasks[self.task_run_id] = self.task_id
        whose = {"hiveloop": {"process": runtime.process}}
        payload = {"summary": f"Task {self.task_id} started", **self.details, **whose}
        self.emit(TaskStarted(timestamp=timestamp, payload=payload))
        if self.enforces_start:
            self._tell_admitted()

    @contained
    def _resume(self) -> None:
        """Become the open handle of a run whose start was sent earlier, here or in another process."""
        self._started_at = runtime.clock.monotonic()
        self.agent.open_tasks[self.task_run_id] = self.task_id

    def _go_on_elsewhere(self) -> None:
        """Become a handle of a run that another one, most often in another process, began and will end."""
        self._started_at, self._process = runtime.clock.monotonic(), ""

    @contained
    def _enter_scope(self, frame: FrameType | None) -> None:
        self._scope = _scope.enter(self.agent, self, None, frame, _scope.current())

    @contained
    def set_payload(self, payload: dict[str, Any]) -> None:
        """Merge this dict into the payload of the ending event. The last call wins."""
        self._payload = dict(flat(payload) or {})

    @contained
    def complete(self, status: str = "success", payload: dict[str, Any] | None = None) -> None:
        """End the task; only the first of ``complete`` and ``fail`` counts."""
        body = {"summary": f"Task {self.task_id} completed", **(self._payload or {}), **(flat(payload) or {})}
        self._end(TaskCompleted(status=text(status, 64) or "success", payload=body))

    @contained
    def fail(self, exception: BaseException | None = None, payload: dict[str, Any] | None = None) -> None:
        """End the task as failed, with the exception's type and message when there is one."""
        given = {**(self._payload or {}), **(flat(payload) or {})}
        body: dict[str, Any] = {"summary": f"Task {self.task_id} failed", **given}
        if exception is not None:
            body.update(describe_exception(exception))
        self._end(TaskFailed(status="failure", payload=body))

    @contained
    def _end_by(self, event: TaskCompleted | TaskFailed) -> None:
        if self._payload:
            event.payload = {**(event.payload or {}), **self._payload}  # type: ignore[dict-item]
        self._end(event)

    def _end(self, event: TaskCompleted | TaskFailed) -> None:
        try:
            self._open_token.pop()
        except IndexError:
            return
        try:
            if self._started_at is not None and event.duration_ms is None:
                event.duration_ms = round((runtime.clock.monotonic() - self._started_at) * 1000)
            self.agent.open_tasks.pop(self.task_run_id, None)
            # A forked child that leaves the parent's block does not end the parent's task.
            if self._process == runtime.process:
                self.emit(event)
        finally:
            if self._scope is not None:
                _scope.leave(self._scope)
                self._scope = None

    def _enter(self, frame: FrameType | None) -> Task:
        was_open = self.is_open
        try:
            self._open(frame)
        except BaseException as error:
            # An interrupt in the middle of it: the block is not entered, so nobody would end it.
            if self.is_open and not was_open:
                self.__exit__(type(error), error, None)
            raise
        return self

    def __copy__(self) -> Task:
        return self

    def __deepcopy__(self, memo: Any) -> Task:
        return self

    def __enter__(self) -> Task:
        if self.enforces_start and not self.is_open:
            self._admit()
        return self._enter(_scope.caller_frame(1))

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._reentered:
            self._reentered -= 1
            return
        outcome = outcome_of(exc_type)
        if outcome is None:
            self.fail(exc if exc is not None else exc_type)  # type: ignore[arg-type]
        else:
            self.complete(outcome)

    async def __aenter__(self) -> Task:
        if self.enforces_start and not self.is_open:
            await self._admit_async()
        return self._enter(_scope.caller_frame(1))

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.__exit__(exc_type, exc, traceback)

    # -- events --

    @contained
    def emit(self, event: Event) -> None:
        """Send a catalogue event of this task; task, project, run and correlation are filled in where empty."""
        if runtime.pipeline is None:
            return
        if type(event) is Custom and type(event.payload) is LlmCall:
            self._last_call = event.payload.data
        if event.task_id is None:
            event.task_id = self.task_id
            event.task_run_id = self.task_run_id
            if event.task_type is None:
                event.task_type = self.task_type
        # Asked first, as most tasks have neither: to set a field of an event costs more than to read it.
        if self.project_id is not None and event.project_id is None:
            event.project_id = self.project_id
        if self.correlation_id is not None and event.correlation_id is None:
            event.correlation_id = self.correlation_id
        self.agent.send(event)

    def __repr__(self) -> str:
        return f"<Task {self.task_id} of {self.agent.agent_id}>"


def run_details(session_id: Any, user_id: Any, user_group: Any, inputs: Any, metadata: Any) -> dict[str, Any]:
    """What is known of a run before it starts, without what is absent."""
    given = {
        "session_id": identifier(session_id),
        "user_id": identifier(user_id),
        "user_group": identifier(user_group),
        "inputs": inputs,
        "metadata": metadata,
    }
    return {key: value for key, value in given.items() if value is not None}


def outcome_of(exc_type: type[BaseException] | None) -> str | None:
    """Status of something that ended with this exception type: ``None`` means it failed."""
    if exc_type is None:
        return "success"
    # Not there yet while another thread imports asyncio for the first time.
    cancelled = getattr(sys.modules.get("asyncio"), "CancelledError", None)
    if cancelled is not None and issubclass(exc_type, cancelled):
        return "cancelled"
    if issubclass(exc_type, GeneratorExit):
        return "abandoned"
    return None
