"""What is running: one record per framework run, one per root, kept in bounded maps and linked by run id only."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from hiveloop import Agent, Intervention, Task
from hiveloop.adapters import RunMap
from hiveloop.events import Event

from ._plan import Plan
from ._table import RunTable
from ._translate import Prompt

if TYPE_CHECKING:
    from ._answers import UnheardAnswer
    from ._undecided import Undecided

__all__ = [
    "MAX_PAST",
    "Key",
    "LlmRun",
    "Options",
    "Root",
    "RootRun",
    "Run",
    "RunState",
    "id_number",
    "innermost_model",
    "millis_since",
    "state",
]

# Agents run for hours and people take days to answer: the cap bounds memory, the age only clears what leaked.
_MAX_RUNS = 50_000
_RUN_TTL_SECONDS = 24 * 3600.0
_MAX_RECENT = 512
MAX_PAST = 4_096
_MAX_WAITING = 10_000
_WAITING_TTL_SECONDS = 7 * 24 * 3600.0

#: Id of the model call begun last in this context. Only an id, never taken back: a call that ended is not found by it.
innermost_model: ContextVar[Any] = ContextVar("hiveloop_langchain_model", default=None)


class RootRun(NamedTuple):
    """What an ``agent=`` callable gets to choose the agent's name from."""

    name: str
    metadata: Mapping[str, Any]
    tags: tuple[str, ...]


class Options(NamedTuple):
    """Settings of one handler. ``agent``: a name, ``(RootRun) -> name``, or ``None`` to infer it."""

    agent: str | Callable[[RootRun], str] | None = None
    project: str | None = None
    capture_content: bool = True


class Key(NamedTuple):
    """Where a run that waits for a person is found again: thread, name of the graph, name given to the agent."""

    thread: str
    graph: str
    agent: str


class Run:
    """One run of the framework that later runs can be children of.

    ``action_id`` is ``None`` where the run is no action of its own; ``scope`` is the action its children belong to.
    ``number`` and ``parent_key`` are what :func:`id_number` makes of its id and its parent's.
    """

    __slots__ = (
        "action_id",
        "agent_name",
        "attempt",
        "calls",
        "details",
        "kind",
        "name",
        "ns",
        "number",
        "parent_action",
        "parent_key",
        "root",
        "scope",
        "started",
    )

    def __init__(
        self, number: Any, parent_key: Any, root: Root, kind: str, name: str, scope: str | None
    ) -> None:
        self.number = number
        self.parent_key = parent_key
        self.root = root
        self.kind = kind
        self.name = name
        self.scope = scope
        self.action_id: str | None = None
        self.parent_action: str | None = None
        #: The agent (`lc_agent_name`) this run belongs to: a child with another one is a nested agent.
        self.agent_name: Any = None
        #: Namespace of a node, call id of a tool: what stays the same when it is tried again.
        self.ns: str | None = None
        self.attempt = 1
        #: Ids of tool calls that had a run of their own below this one.
        self.calls: set[str] | None = None
        self.details: Any = None
        self.started = time.perf_counter_ns()


_NO_PROMPT = Prompt()


class LlmRun(Run):
    """A model call under way."""

    __slots__ = ("model", "prompt", "provider", "streams", "ttft_ms", "turn", "watched", "window")

    def __init__(self, number: Any, parent_key: Any, root: Root, name: str, scope: str | None) -> None:
        Run.__init__(self, number, parent_key, root, "llm", name, scope)
        self.prompt = _NO_PROMPT
        self.model: str | None = None
        self.provider: str | None = None
        self.window: int | None = None
        self.turn = next(root.turns)
        self.ttft_ms: int | None = None
        #: A piece of the answer has come: whoever reads it may leave it and come back.
        self.streams = False
        #: The asyncio task it was begun in, and what was added to that task's done callbacks.
        self.watched: tuple[asyncio.Task[Any], Callable[[asyncio.Task[Any]], None]] | None = None


class Failed(NamedTuple):
    """A try that failed, kept until the next try under the same key begins."""

    attempt: int
    error_type: str
    message: str | None
    model: str | None = None


class Root:
    """One run of the framework from its outermost call: what it belongs to and what its parts share."""

    __slots__ = (
        "agent",
        "base_action",
        "capture",
        "emit",
        "ended",
        "failed",
        "goal",
        "graph_run",
        "interrupted",
        "intervention",
        "key",
        "models",
        "name",
        "nodes",
        "number",
        "open",
        "owned",
        "past",
        "pending",
        "plan",
        "reported",
        "seen_interrupts",
        "task",
        "turns",
        "undecided",
        "unheard",
        "wraps",
    )

    def __init__(self, name: str, agent: Agent, task: Task | None, owned: bool, capture: bool) -> None:
        self.name = name
        #: Of its outermost run, as in :class:`Run`.
        self.number: Any = None
        self.agent = agent
        self.task = task
        #: Whether the task was opened for this run, and so ends with it.
        self.owned = owned
        self.capture = capture
        self.base_action: str | None = None
        self.goal = name
        self.key: Key | None = None
        #: A call without a thread: a graph inside of it may have one.
        self.wraps = False
        #: Number of that graph's run: where it stops to ask, this root waits.
        self.graph_run: Any = None
        #: Nodes seen of a graph on a thread: by them one that nobody named is known again.
        self.nodes: set[str] | None = None
        self.undecided: Undecided | None = None
        self.unheard: UnheardAnswer | None = None
        #: Counts the model calls of the task; a resumed run goes on counting.
        self.turns = itertools.count(1)
        self.plan: Plan | None = None
        #: Sends an event of this run: of its task, or of its agent where a bare call has no task.
        self.emit: Callable[[Event], None] = task.emit if task is not None else agent.emit
        #: Actions under way.
        self.open: set[Run] = set()
        #: Model calls under way, by the run that made them.
        self.models: dict[Any, set[LlmRun]] = {}
        self.failed: dict[Any, Failed] = {}
        #: Runs that ended, by their number → the action their children belong to. Numbers and texts only:
        #: records that live on make the garbage collector work, which costs more than all the rest of it.
        self.past: dict[Any, str | None] = {}
        #: ``perf_counter_ns`` of the end.
        self.ended: int | None = None
        #: The error last reported and the action that reported it: its way up through the parents is not news.
        self.reported: tuple[int, str, str] | None = None
        #: Once raised, raised again at every further call: a framework that swallows it must not go on.
        self.intervention: Intervention | None = None
        self.interrupted = False
        #: Approvals asked for and not answered: interrupt id → approval id.
        self.pending: dict[str, str] = {}
        self.seen_interrupts: dict[str, int] = {}

    def begin_call(self, call: LlmRun) -> None:
        """Note a model call under way."""
        made = self.models.get(call.parent_key)
        if made is None:
            self.models[call.parent_key] = {call}
        else:
            made.add(call)

    def end_call(self, call: LlmRun) -> None:
        """Forget a model call that was told."""
        made = self.models.get(call.parent_key)
        if made is not None:
            made.discard(call)
            if not made:
                self.models.pop(call.parent_key, None)

    def pass_by(self, number: Any, scope: str | None) -> None:
        """Note a run that ended."""
        if len(self.past) >= MAX_PAST:
            self.past.clear()
        self.past[number] = scope


class RunState:
    """All that is kept between callbacks, for the whole process: several handlers may see the same runs."""

    def __init__(self) -> None:
        self.runs: RunTable[Run] = RunTable(_MAX_RUNS, _RUN_TTL_SECONDS)
        #: Model calls without content so far. Mostly empty, so that a token costs one look at it.
        self.awaiting: dict[Any, LlmRun] = {}
        #: Roots that began or ended lately: what their steps left behind still belongs to their task.
        self.recent: deque[Root] = deque(maxlen=_MAX_RECENT)
        self.waiting: RunMap[list[Root]] = RunMap(_MAX_WAITING, _WAITING_TTL_SECONDS)
        #: Model calls that outlived their root or task: (perf_counter_ns deadline, timestamp of that end, record).
        self.late: deque[tuple[int, str, LlmRun]] = deque()

    def await_content(self, run: LlmRun) -> None:
        """Note a model call that begins."""
        if len(self.awaiting) >= _MAX_RUNS:
            # Calls that never ended; all that is lost is a time to first token.
            self.awaiting.clear()
        self.awaiting[run.number] = run


state = RunState()


def id_number(run_id: Any) -> Any:
    """A run id as the number it is; ids that are none stay what they are.

    What is kept by run is kept by number: the hash of a UUID is computed by Python code, at every look into a dict.
    """
    return run_id.int if isinstance(run_id, UUID) else run_id


def millis_since(started_ns: int) -> int:
    """Whole milliseconds since a ``perf_counter_ns`` reading."""
    return (time.perf_counter_ns() - started_ns) // 1_000_000
