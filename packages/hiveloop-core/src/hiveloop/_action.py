"""The Action handle: one step inside a task, entered and left by ``with``, by hand, or around a decorated function."""

from __future__ import annotations

from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from . import _scope
from ._arguments import describe_exception, flat
from ._gate import gate
from ._locks import Lock
from ._runtime import runtime
from ._safety import contained
from ._task import outcome_of
from .events import ActionCompleted, ActionFailed, ActionStarted, Event

if TYPE_CHECKING:
    from ._agent import Agent
    from ._task import Task

__all__ = ["Action"]

_entering = Lock()


class Action(Struct, eq=False):
    """A tool call, a function, a phase. ``with agent.track_context(name) as action`` sends its start and its end.

    May be entered in one context or thread and left in another. Exceptions pass through, recorded.
    """

    agent: Agent
    name: str
    function: str | None = None
    #: Known once it began: the id of the event that started it.
    action_id: str | None = None
    parent_action_id: str | None = None
    task: Task | None = None
    _payload: dict[str, Any] | None = None
    _started_at: float = 0.0
    _scope: _scope.Scope | None = None
    # Popping is atomic: whoever gets the item is the one that ends the action.
    _open_token: list[bool] | None = None
    #: Stand for this action where it is entered again while it is open: in a recursion, or in another thread.
    _twins: list[Action] | None = None

    @contained
    def set_payload(self, payload: dict[str, Any]) -> None:
        """Merge this dict into the payload of the ending event. The last call wins."""
        self._payload = dict(flat(payload) or {})

    # -- life cycle --

    @contained
    def begin(self, frame: FrameType | None = None) -> None:
        """Send the start and become the current action of the calling context."""
        around = _scope.current_for(self.agent)
        if around is not None:
            self.task = around.task
            self.parent_action_id = around.action_id
        if runtime.gates:
            gate(self.task, "tool", self.name, None)
        clock = runtime.clock
        name = self.name
        payload = (
            {"action_name": name}
            if self.function is None
            else {"action_name": name, "function": self.function}
        )
        self.action_id, timestamp = clock.stamp()
        self._open_token = [True]
        self._scope = _scope.enter(self.agent, self.task, self.action_id, frame, around)
        self._started_at = clock.monotonic()
        self._send(
            ActionStarted(
                event_id=self.action_id,
                timestamp=timestamp,
                action_id=self.action_id,
                parent_action_id=self.parent_action_id,
                payload=payload,
            )
        )

    @contained
    def end(self, error_type: type[BaseException] | None = None, error: BaseException | None = None) -> None:
        """Send the end, once, and give the context back."""
        if not self._open_token:
            return
        self._open_token.pop()
        try:
            duration_ms = round((runtime.clock.monotonic() - self._started_at) * 1000)
            payload = self._ending_payload()
            outcome = "success" if error_type is None else outcome_of(error_type)
            event: ActionCompleted | ActionFailed
            if outcome is not None:
                event = ActionCompleted(status=outcome, duration_ms=duration_ms, payload=payload)
            else:
                payload.update(describe_exception(error if error is not None else error_type))
                event = ActionFailed(status="failure", duration_ms=duration_ms, payload=payload)
            event.action_id = self.action_id
            event.parent_action_id = self.parent_action_id
            self._send(event)
        finally:
            if self._scope is not None:
                _scope.leave(self._scope)
                self._scope = None

    def _ending_payload(self) -> dict[str, Any]:
        payload: dict[str, Any] = self._payload or {}
        payload["action_name"] = self.name
        if self.function is not None:
            payload["function"] = self.function
        return payload

    def _send(self, event: Event) -> None:
        task = self.task
        if task is not None:
            # What `Task.emit` does, without the detour: this is the most frequent event of all.
            event.task_id = task.task_id
            event.task_run_id = task.task_run_id
            event.task_type = task.task_type
            event.project_id = task.project_id
            event.correlation_id = task.correlation_id
        self.agent.send(event)

    def _enter(self, frame: FrameType | None) -> Action:
        with _entering:
            action = self if not self._open_token else self._twin()
            action._open_token = [True]
        try:
            action.begin(frame)
        except BaseException as error:
            # An Intervention, or an interrupt in the middle of it: the block is not entered, so nobody would end it.
            if action._scope is not None:
                action.end(type(error), error)
            action._open_token = None
            raise
        return action

    def _twin(self) -> Action:
        twin = Action(self.agent, self.name, self.function)
        self._twins = [*(self._twins or ()), twin]
        return twin

    def _entered_here(self) -> Action:
        """Which of this action and its twins the calling context is in: the innermost; elsewhere the latest."""
        entered = {action.action_id: action for action in (self, *(self._twins or ())) if action._open_token}
        scope = _scope.current()
        while scope is not None and scope.action_id not in entered:
            scope = scope.previous
        action = next(reversed(entered.values()), self) if scope is None else entered[scope.action_id]
        with _entering:
            self._twins = [twin for twin in self._twins or () if twin is not action] or None
        return action

    def __copy__(self) -> Action:
        return self

    def __deepcopy__(self, memo: Any) -> Action:
        return self

    def __enter__(self) -> Action:
        return self._enter(_scope.caller_frame(1))

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        (self if self._twins is None else self._entered_here()).end(exc_type, exc)

    async def __aenter__(self) -> Action:
        return self._enter(_scope.caller_frame(1))

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.__exit__(exc_type, exc, traceback)

    def __repr__(self) -> str:
        return f"<Action {self.name} of {self.agent.agent_id}>"
