"""The Agent handle: identity, registration, heartbeat, tasks and actions."""

from __future__ import annotations

import platform
from collections.abc import Callable
from typing import Any, TypeVar, overload

from . import _scope
from ._action import Action
from ._agent_insight import AgentInsight
from ._agent_story import AgentStory
from ._arguments import identifier, seconds, text
from ._buffer import Lane
from ._decision import is_settled
from ._encode import encode_envelope
from ._heartbeat import Callback
from ._runtime import Session, runtime
from ._safety import contained
from ._task import Task, run_details
from ._track import tracker
from ._version import SDK_VERSION
from ._vital_signs import queue_event, vital_signs
from .events import AgentRegistered, Custom, Event, Heartbeat
from .payloads import Payload

__all__ = ["Agent"]

F = TypeVar("F", bound=Callable[..., Any])

_RUNTIME = f"python-{platform.python_version()}"


class Registration(Payload):
    """Body of ``agent_registered``."""

    data: dict[str, Any] = {}


class Agent(AgentStory, AgentInsight):
    """A worker. Made by ``hb.agent(...)`` or ``hiveloop.agent(...)``; usable before ``init`` (then it does nothing)."""

    def __init__(self, agent_id: str) -> None:
        self.agent_id = agent_id
        self._forget()

    def _forget(self) -> None:
        """Know nothing but the name: at first, and after ``reset``, for whoever still holds the handle."""
        self.agent_type = "general"
        self.version: str | None = None
        self.framework = "custom"
        self.heartbeat_interval = 30.0
        self.stuck_threshold = 300
        self._heartbeat_payload: Callback | None = None
        self._queue_provider: Callback | None = None
        #: ``task_run_id`` → ``task_id`` of tasks started here and not ended.
        self.open_tasks: dict[str, str] = {}
        self._lane: Lane | None = None
        self._generation = -1
        self._last_progress: str | None = None
        self._beats = 0

    # -- identity --

    @contained
    def configure(
        self,
        type: Any = None,
        version: Any = None,
        framework: Any = None,
        heartbeat_interval: Any = None,
        stuck_threshold: Any = None,
        heartbeat_payload: Callable[[], Any] | None = None,
        queue_provider: Callable[[], Any] | None = None,
    ) -> None:
        """Change what is named (not ``None``); intervals in seconds. A new identity is registered at once."""
        before = self._identity()
        self.agent_type = identifier(type) or self.agent_type
        self.version = identifier(version) or self.version
        self.framework = identifier(framework) or self.framework
        interval = seconds(heartbeat_interval, "heartbeat_interval")
        if interval is not None:
            self.heartbeat_interval = interval
        threshold = seconds(stuck_threshold, "stuck_threshold")
        if threshold is not None:
            self.stuck_threshold = max(1, round(threshold))
        if heartbeat_payload is not None:
            self._heartbeat_payload = Callback(heartbeat_payload, "heartbeat_payload")
        if queue_provider is not None:
            self._queue_provider = Callback(queue_provider, "queue_provider")
        if runtime.pipeline is not None and (
            self._identity() != before or self._generation != runtime.generation
        ):
            self.register()

    def _identity(self) -> tuple[Any, ...]:
        return (self.agent_type, self.version, self.framework, self.heartbeat_interval, self.stuck_threshold)

    @contained
    def register(self) -> None:
        """Make this agent known to the running pipeline: its lane, its event, its heartbeat."""
        session = runtime.session
        if session is None:
            return
        self._generation = runtime.generation
        self._lane = session.lanes[self.agent_id] = Lane(
            self.agent_id, encode_envelope(self._envelope(session))
        )
        data = {
            "type": self.agent_type,
            "version": self.version,
            "framework": self.framework,
            "stuck_threshold": self.stuck_threshold,
            "heartbeat_interval": self.heartbeat_interval,
        }
        present = {key: value for key, value in data.items() if value is not None}
        session.pipeline.emit(
            self._lane,
            AgentRegistered(
                payload=Registration(summary=text(f"Agent {self.agent_id} registered"), data=present)
            ),
        )
        if session.heartbeats is not None:
            session.heartbeats.schedule(self, self.heartbeat_interval)

    @property
    def is_registered(self) -> bool:
        """Known to the pipeline that runs now."""
        return runtime.pipeline is not None and self._generation == runtime.generation

    def _envelope(self, session: Session) -> dict[str, Any]:
        return {
            "agent_id": self.agent_id,
            "agent_type": self.agent_type,
            "agent_version": self.version,
            "framework": self.framework,
            "runtime": _RUNTIME,
            "sdk_version": SDK_VERSION,
            "environment": session.environment,
            "group": session.group,
        }

    def _start_afresh(self) -> None:
        """In a forked child, where open tasks and beats are the parent's."""
        self.open_tasks = {}
        self._beats = 0
        self._last_progress = None

    # -- work --

    def task(
        self,
        task_id: Any = None,
        project: str | None = None,
        type: str | None = None,
        task_run_id: str | None = None,
        correlation_id: str | None = None,
        *,
        session_id: str | None = None,
        user_id: str | None = None,
        user_group: str | None = None,
        inputs: Any = None,
        metadata: dict[str, Any] | None = None,
        enforce_policy: bool = False,
    ) -> Task:
        """A task for ``with`` or ``async with``: started on entry, ended on exit. ``task_id`` is generated when absent.

        With ``enforce_policy`` a policy may forbid it (:class:`hiveloop.policies.PolicyViolationError`, before it
        starts) or stop it at a tool or model call.
        """
        details = run_details(session_id, user_id, user_group, inputs, metadata)
        ids = {"task_run_id": task_run_id, "correlation_id": correlation_id}
        return Task(self, task_id, project, type, **ids, details=details, enforce_policy=enforce_policy)

    def start_task(
        self,
        task_id: Any = None,
        project: str | None = None,
        type: str | None = None,
        task_run_id: str | None = None,
        correlation_id: str | None = None,
        *,
        session_id: str | None = None,
        user_id: str | None = None,
        user_group: str | None = None,
        inputs: Any = None,
        metadata: dict[str, Any] | None = None,
        enforce_policy: bool = False,
    ) -> Task:
        """Start a task now; end it with ``task.complete()`` or ``task.fail()``, from anywhere."""
        task = self.task(
            task_id,
            project,
            type,
            task_run_id,
            correlation_id,
            session_id=session_id,
            user_id=user_id,
            user_group=user_group,
            inputs=inputs,
            metadata=metadata,
            enforce_policy=enforce_policy,
        )
        if task.enforces_start:
            task._admit()
        task._start()
        task._enter_scope(_scope.caller_frame(1))
        return task

    def track_context(self, name: Any = None, *, action_name: Any = None) -> Action:
        """An action named at run time: ``with agent.track_context(tool_name) as action`` (or ``action_name=``)."""
        return Action(self, identifier(name) or identifier(action_name) or "action")

    @overload
    def track(self, name: F) -> F: ...
    @overload
    def track(self, name: str | None = None, *, action_name: str | None = None) -> Callable[[F], F]: ...
    def track(self, name: Any = None, *, action_name: Any = None) -> Any:
        """Decorate a function, coroutine function, generator or async generator: each call is an action."""
        return tracker(action_name if name is None else name, lambda: self)

    # -- events --

    @contained
    def emit(self, event: Event) -> None:
        """Send a catalogue event of this agent, outside any task."""
        self.send(event)

    def send(self, event: Event) -> None:
        """Hand an event to the running pipeline, registering first where the pipeline is new."""
        pipeline = runtime.pipeline
        if pipeline is None or (runtime.settled_approvals and is_settled(event)):
            return
        if self._generation != runtime.generation:
            self.register()
        lane = self._lane
        if lane is not None:
            pipeline.emit(lane, event)
            self._last_progress = event.timestamp

    @property
    def calls_back(self) -> bool:
        """Whether a beat runs code of the program."""
        return self._heartbeat_payload is not None or self._queue_provider is not None

    @contained
    def beat(self) -> None:
        """Send one heartbeat and, with a queue provider, one queue snapshot. Called by the timer."""
        pipeline = runtime.pipeline
        lane = self._lane
        if pipeline is None or lane is None:
            return
        if runtime.policies is not None:
            runtime.policies.refresh()
        self._beats += 1
        payload = (self._heartbeat_payload.call() if self._heartbeat_payload is not None else None) or {}
        signs = {"hiveloop": self._signs()}
        # First, so that it is kept even where the program's own part is too large; and last, so that it is ours.
        pipeline.emit(lane, Heartbeat(payload={**signs, **payload, **signs}))
        queue = self._queue_provider.call() if self._queue_provider is not None else None
        if queue is not None:
            pipeline.emit(lane, queue_event(queue))

    def _signs(self) -> dict[str, Any]:
        late = sum(callback.late for callback in (self._heartbeat_payload, self._queue_provider) if callback)
        return vital_signs(self._beats, self.open_tasks, self._last_progress, late)

    @contained
    def say_goodbye(self) -> None:
        """The last event: the agent stops, and what a beat would have said now, the drops among it."""
        payload = {"kind": "runtime", "summary": "Agent stopped", "data": {"event": "agent_stopped"}}
        self.send(Custom(payload={**payload, "hiveloop": self._signs()}))

    def __repr__(self) -> str:
        return f"<Agent {self.agent_id}>"


def ambient_agent() -> Agent | None:
    """The agent of the innermost scope."""
    scope = _scope.current()
    return None if scope is None else scope.agent
