"""The state of this process that handles consult: the running pipeline, known agents, gates. Empty before ``init``."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from msgspec import Struct

from . import _sanitize
from ._clock import Clock, new_process_id

if TYPE_CHECKING:
    from ._agent import Agent
    from ._pipeline import Pipeline
    from ._task import Task

__all__ = ["Gate", "Runtime", "Session", "runtime"]

#: ``(task, kind, name, arguments) -> replacement for the tool's result, or None``. May raise an Intervention.
Gate = Callable[["Task | None", str, str, Any], "str | None"]


class Session(Struct, eq=False):
    """What one ``init`` (or one capture) set up, and what its agents say in their envelopes."""

    pipeline: Any  # Pipeline
    lanes: dict[str, Any]  # agent id → Lane
    buffer: Any = None  # Buffer | None
    heartbeats: Any = None  # Heartbeats | None
    approvals: Any = None  # Approvals | None
    prices: Any = None  # PriceTable | None
    #: Where its policies are asked for: endpoint and key.
    collector: tuple[str, str] | None = None
    capture_content: bool = True
    environment: str = "production"
    group: str = "default"


class Runtime:
    """One per process. ``pipeline`` is ``None`` while nothing is to be sent; handles then do nothing."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.clock = Clock()
        self.process = new_process_id()
        #: The pipeline of :attr:`session`, at hand for the hot path.
        self.pipeline: Pipeline | None = None
        self.session: Session | None = None
        #: Grows with every change of session, so that an agent handle knows when to register anew.
        self.generation = 0
        self.agents: dict[str, Agent] = {}
        #: Every handle somebody still holds, the forgotten ones included: the same id is the same handle.
        self.handles: WeakValueDictionary[str, Agent] = WeakValueDictionary()
        self.gates: tuple[Gate, ...] = ()
        #: Those of them that are asked about model calls told after they were made, too.
        self.made_gates: tuple[Gate, ...] = ()
        #: Approval id → decision, of those the collector decided: it has the event, so none is sent for them.
        self.settled_approvals: dict[str, str] = {}
        #: PolicyBook, once policies are used.
        self.policies: Any = None
        #: Sessions covered by captures, outermost first; the last one comes back when its capture ends.
        self._covered: list[Session | None] = []

    def start(self, session: Session) -> None:
        """Send events through this session. While a capture runs it takes effect when the capture ends."""
        with self.lock:
            if self._covered:
                self._covered[0] = session
                return
            self._activate(session)
        self._register_known_agents()

    def stop(self, session: Session) -> None:
        """Nothing goes through this session any more; without another one, handles do nothing."""
        with self.lock:
            self._covered = [None if covered is session else covered for covered in self._covered]
            if self.session is session:
                self._activate(None)

    def cover(self, session: Session, clock: Clock) -> Clock:
        """Let a capture take everything until :meth:`uncover`; returns the clock to give back then."""
        with self.lock:
            self._covered.append(self.session)
            before, self.clock = self.clock, clock
            self._activate(session)
        self._register_known_agents()
        return before

    def uncover(self, clock: Clock) -> None:
        """End the innermost capture."""
        with self.lock:
            self.clock = clock
            self._activate(self._covered.pop())

    def _activate(self, session: Session | None) -> None:
        self.session = session
        self.pipeline = None if session is None else session.pipeline
        _sanitize.scrubbers = () if self.pipeline is None else self.pipeline.scrubbers
        self.generation += 1
        if self.policies is not None and self.pipeline is not None:
            self.policies.join(self.pipeline)

    def _register_known_agents(self) -> None:
        for agent in list(self.agents.values()):
            agent.register()

    def after_fork_in_child(self) -> None:
        """A child is a new process: own id, own event ids, own registration, no open tasks of its parent."""
        self.lock = threading.RLock()
        self.process = new_process_id()
        self.clock.reseed()
        self.generation += 1
        for agent in self.agents.values():
            agent._start_afresh()


runtime = Runtime()
