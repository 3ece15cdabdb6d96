"""The running client: buffer, sender, heartbeats and pipeline of one ``init``, and how they survive a fork."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from ._agent import Agent
from ._approval import Approvals
from ._buffer import Lane, MemoryBuffer
from ._decision import Decision
from ._heartbeat import Heartbeats
from ._http import Http
from ._pipeline import Middleware, Pipeline
from ._prices import PriceTable
from ._registry import agent
from ._runtime import Session, runtime
from ._safety import contained
from ._sender import DEFAULT_TIMEOUT_SECONDS, Sender, patience
from .config import Settings
from .middleware import DropContent

if TYPE_CHECKING:
    from .detectors._chain import DetectorChain

__all__ = ["HiveBoard"]


#: Children of multiprocessing are terminated rather than ended (``with Pool() as pool``), so they deliver at once.
_CHILD_INTERVAL_SECONDS = 0.05


class HiveBoard:
    """The running client, as returned by ``init``. One per process."""

    def __init__(
        self,
        settings: Settings,
        middleware: Iterable[Middleware],
        prices: PriceTable | None,
        on_shutdown: Callable[[float], None],
        detectors: DetectorChain | None = None,
    ) -> None:
        self.settings = settings
        self.is_running = True
        self._on_shutdown = on_shutdown
        self._detectors = detectors
        self._buffer = MemoryBuffer(settings.max_queue_size, settings.max_queue_bytes)
        self._sender = Sender(
            self._buffer,
            lambda: Http(settings.endpoint, settings.api_key, runtime.process),
            settings.batch_size,
            settings.flush_interval,
        )
        self._append = self._buffer.append
        self._wake_every = settings.batch_size
        self._heartbeats = Heartbeats()
        self._approvals = Approvals(settings.endpoint, settings.api_key, self._sender.settle)
        chain: list[Middleware] = [*([] if settings.capture_content else [DropContent()]), *middleware]
        lanes: dict[str, Lane] = {}
        self._session = Session(
            Pipeline(runtime.clock, self, chain, lanes, None if detectors is None else detectors.watch),
            lanes,
            buffer=self._buffer,
            heartbeats=self._heartbeats,
            approvals=self._approvals,
            prices=prices,
            collector=(settings.endpoint, settings.api_key),
            capture_content=settings.capture_content,
            environment=settings.environment,
            group=settings.group,
        )

    def start(self) -> None:
        """Let events through. No I/O and no thread yet: both come with the first event."""
        if self._detectors is not None:
            self._detectors.start(self._session)
        runtime.start(self._session)

    # -- sink of the pipeline --

    def put(self, lane: Lane, data: bytes) -> None:
        """Take one encoded event."""
        pending = self._append(lane, data)
        if pending % self._wake_every == 0 or not self._sender.is_started:
            self._sender.notice()

    def count_drop(self, reason: str, events: int = 1) -> None:
        """Count events a middleware dropped."""
        self._buffer.count_drop(reason, events)

    # -- for the program --

    def agent(
        self,
        agent_id: Any,
        type: str | None = None,
        version: str | None = None,
        framework: str | None = None,
        heartbeat_interval: float | None = None,
        stuck_threshold: float | None = None,
        heartbeat_payload: Callable[[], dict[str, Any] | None] | None = None,
        queue_provider: Callable[[], dict[str, Any] | None] | None = None,
    ) -> Agent:
        """The agent of this id, see :func:`hiveloop.agent`."""
        return agent(
            agent_id,
            type,
            version,
            framework,
            heartbeat_interval,
            stuck_threshold,
            heartbeat_payload,
            queue_provider,
        )

    def get_agent(self, agent_id: str) -> Agent | None:
        """The agent of this id if it is known."""
        return runtime.agents.get(agent_id)

    def wait_for_approval(self, approval_id: str, timeout: float | None = None) -> Decision | None:
        """Block until a person decides, see :meth:`hiveloop.Task.wait_for_approval`: for requests an adapter made."""
        return self._approvals.wait(approval_id, timeout)

    async def wait_for_approval_async(
        self, approval_id: str, timeout: float | None = None
    ) -> Decision | None:
        """The same for coroutines; cancelling it ends the wait at once."""
        return await self._approvals.wait_async(approval_id, timeout)

    def flush(self, timeout: float = DEFAULT_TIMEOUT_SECONDS) -> bool:
        """Block until delivered, see :func:`hiveloop.flush`."""
        return bool(self._flush(timeout))

    @contained
    def _flush(self, timeout: float) -> bool:
        return self._sender.flush(patience(timeout))

    def shutdown(self, timeout: float = DEFAULT_TIMEOUT_SECONDS) -> None:
        """Deliver and stop, see :func:`hiveloop.shutdown`."""
        self._on_shutdown(timeout)

    # -- life cycle --

    def stop(self, timeout: float, give_up_seconds: float) -> None:
        """Say goodbye for every agent, take nothing more, deliver what can be delivered, end the threads."""
        self.is_running = False
        self._approvals.release()
        self._heartbeats.stop()
        # The goodbyes tell how many events were dropped, so none may be dropped to make room for them.
        self._buffer.lift_limits()
        for known in list(runtime.agents.values()):
            if known.is_registered:
                known.say_goodbye()
        if self._detectors is not None:
            self._detectors.stop()
        runtime.stop(self._session)
        self._sender.stop(timeout, give_up_seconds)

    def hasten(self) -> None:
        """This process is a child of multiprocessing."""
        self._sender.hasten(_CHILD_INTERVAL_SECONDS)

    def before_fork(self) -> None:
        """No thread may be inside the buffer while the process is copied."""
        self._buffer.hold()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        self._buffer.unhold()

    def after_fork_in_child(self) -> None:
        """Start empty: what was pending is the parent's to send; threads and sockets are the parent's too."""
        self._buffer.reset()
        self._sender.reset()
        self._heartbeats.reset()
        self._approvals.after_fork_in_child()
