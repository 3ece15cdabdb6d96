"""The tree of what is under way, and which node of it the running code is in. No token is kept across a yield."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import Any, NamedTuple

import hiveloop
from hiveloop import Intervention
from hiveloop.adapters import add_scope_resolver

from ._options import Options
from ._work import Work

__all__ = [
    "LlmNode",
    "Node",
    "Place",
    "Root",
    "RunNode",
    "ToolNode",
    "here",
    "inside",
    "place",
    "resolve_scopes",
    "running_teams",
]


class Root:
    """What everything below one outermost run shares."""

    __slots__ = ("capture", "correlation", "intervention", "options", "reported")

    def __init__(self, options: Options, capture: bool) -> None:
        self.options = options
        self.capture = capture
        #: Run id of the outermost task: every task below it carries it.
        self.correlation: str | None = None
        #: Once raised, raised again at every further call: a framework that swallows it must not go on.
        self.intervention: Intervention | None = None
        #: The error last told in full and the action that told it: its way up through the parents is not news.
        self.reported: tuple[BaseException, str] | None = None


class Node:
    """Something under way that later things can belong to. ``action_id``: the action of what runs inside it."""

    __slots__ = ("action_id", "ended", "name", "parent", "root", "started", "subject", "work")

    def __init__(
        self, subject: Any, name: str, root: Root, work: Work, parent: Node | None, action_id: str | None
    ) -> None:
        self.subject = subject
        self.name = name
        self.root = root
        self.work = work
        self.parent = parent
        self.action_id = action_id
        self.started = time.perf_counter_ns()
        self.ended = False

    def run(self) -> RunNode | None:
        """The run or turn this belongs to."""
        node: Node | None = self
        while node is not None and not isinstance(node, RunNode):
            node = node.parent
        return node


class RunNode(Node):
    """A team's run, an agent's run, or a participant's turn."""

    __slots__ = (
        "calls",
        "cause",
        "handed_to",
        "kind",
        "last_handoff",
        "mapped",
        "mapping",
        "names",
        "outer",
        "owns",
        "pending",
        "plan",
        "requested",
        "result",
        "selections",
        "team_id",
    )

    def __init__(self, kind: str, *given: Any) -> None:
        super().__init__(*given)
        #: ``team``, ``agent`` or ``turn``.
        self.kind = kind
        #: Whether its task was opened for it.
        self.owns = False
        #: Where it is told as an action of the run around it.
        self.outer: tuple[Work, str] | None = None
        self.team_id: str | None = None
        #: Whether a stream of its messages is being read already.
        self.mapping = False
        self.mapped = False
        self.result: Any = None
        #: The last real exception seen below: AutoGen hands on its text only.
        self.cause: BaseException | None = None
        #: Tool calls the model asked for: call id → (name, arguments), until they run.
        self.requested: dict[str, tuple[str, Any]] = {}
        #: Ids (models may use one twice), and where a version gives none names, of the tool calls that ran.
        self.calls: Counter[str] = Counter()
        self.names: Counter[str] = Counter()
        #: Approvals asked for and not answered: request id → approval id.
        self.pending: dict[str, str] = {}
        self.handed_to: str | None = None
        #: Of a team: whom its last speaker handed over to.
        self.last_handoff: str | None = None
        self.plan: Any = None
        #: Of a team: how often its selector was asked since the last turn began.
        self.selections = 0


class ToolNode(Node):
    """A tool call."""

    __slots__ = ("call_id",)

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.call_id: str | None = None


class LlmNode(Node):
    """A model call."""

    __slots__ = ("is_transparent", "model", "prompt", "requested", "stream", "ttft_ms", "turn")

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.model: str | None = None
        self.requested: str | None = None
        self.prompt: Any = None
        self.stream = False
        self.ttft_ms: int | None = None
        #: Its client asked others, and their calls are told instead.
        self.is_transparent = False
        self.turn = 0


_current: ContextVar[Node | None] = ContextVar("hiveloop_autogen", default=None)

#: Teams under way by their id: how a turn is placed when the runtime was started before the run.
running_teams: dict[str, RunNode] = {}


@contextmanager
def inside(node: Node | None) -> Iterator[None]:
    """Run a stretch of code, without a yield to anybody else, as part of this node."""
    token = _current.set(node)
    try:
        yield
    finally:
        _restore(token)


def _restore(token: Token[Node | None]) -> None:
    try:
        _current.reset(token)
    except ValueError:
        # The coroutine was thrown away by another context, which has nothing of ours to restore.
        return


def here() -> Node | None:
    """The innermost node the running code is in."""
    node = _current.get()
    team_id = _handler_key()
    if team_id is None:
        return node
    team = running_teams.get(team_id)
    if team is None or team.ended:
        return node
    above: Node | None = node
    while above is not None:
        if above is team:
            return node
        above = above.parent
    return team


def _handler_key() -> str | None:
    """Key of the core agent whose handler runs: AgentChat uses the id of the team."""
    module = sys.modules.get("autogen_core._message_handler_context")
    variable = getattr(getattr(module, "MessageHandlerContext", None), "_MESSAGE_HANDLER_CONTEXT", None)
    found = variable.get(None) if isinstance(variable, ContextVar) else None
    key = getattr(found, "key", None)
    return key if isinstance(key, str) else None


class Place(NamedTuple):
    """Where something new belongs: the node around it (``None`` in a task of the program itself), work and action."""

    node: Node | None
    work: Work
    action_id: str | None


def place() -> Place | None:
    """Where the running code is; ``None`` outside of any run and task."""
    node = here()
    task = hiveloop.current_task()
    if node is not None and (task is None or task is node.work.task):
        action = hiveloop.current_action() if task is not None else None
        return Place(node, node.work, action.action_id if action is not None else node.action_id)
    if task is None:
        return None
    action = hiveloop.current_action()
    return Place(None, Work(task.agent, task), action.action_id if action is not None else None)


def _scope() -> tuple[Any, Any, str | None] | None:
    node = here()
    if node is None or node.ended or node.work.task is None or not node.work.task.is_open:
        return None
    return node, node.work.task, node.action_id


_resolving: list[bool] = []


def resolve_scopes() -> None:
    """From now on `hiveloop.current_task()` and its kin know the turn and tool that user code executes in."""
    if not _resolving:
        _resolving.append(True)
        add_scope_resolver(_scope)
