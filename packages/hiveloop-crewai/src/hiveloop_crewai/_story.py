"""The story as it is told: each fact, in order, changes the tree of what is under way and sends what it means."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from hiveloop.adapters import end_task, format_timestamp

from . import _approvals as approvals
from . import _insight as insight
from . import _models as models
from . import _runs as runs
from . import _steps as steps
from . import _translate as translate
from ._actions import end_action, explain, fail_action, spent_ms
from ._crew import clear_queue
from ._facts import CANCELLED, END, OUTERMOST, POINT, START, Ambient, Fact
from ._identity import Role, agent_of
from ._misclosed import Misclosed
from ._translate import ErrorInfo
from ._tree import Node, Root, Run, Tree

__all__ = ["Story"]

#: How long after the end of what is around it a step may still say that it ended.
_GRACE_SECONDS = 2.0
_MAX_ENDED_CALLS = 10_000

_Life = Callable[[Node, Fact], None]
_Point = Callable[[Node | None, Fact, Run | None], None]


class _Kind(NamedTuple):
    open: _Life
    end: _Life
    fail: _Life


def _quiet(node: Node, fact: Fact) -> None:
    """Only its place matters."""


_RUN = (runs.end_run, runs.fail_run)
_STEP = (steps.end_step, steps.fail_step)
_MEMORY = _Kind(_quiet, insight.tell_memory, insight.tell_memory)
KINDS: dict[str, _Kind] = {
    "crew": _Kind(runs.open_crew, *_RUN),
    "task": _Kind(runs.open_task, *_RUN),
    "lite": _Kind(runs.open_lite, *_RUN),
    "flow": _Kind(runs.open_flow, *_RUN),
    "agent": _Kind(steps.open_agent, steps.end_agent, steps.fail_agent),
    "tool": _Kind(steps.open_tool, steps.end_tool, steps.fail_tool),
    "guardrail": _Kind(steps.open_guardrail, steps.end_guardrail, steps.fail_step),
    "method": _Kind(steps.open_method, *_STEP),
    "mcp": _Kind(steps.open_named, steps.end_step, steps.end_mcp),
    "a2a": _Kind(steps.open_remote, steps.end_remote, steps.fail_step),
    "llm": _Kind(models.open_model, models.end_model, models.fail_model),
    "reasoning": _Kind(_quiet, insight.tell_plan, _quiet),
    "memory_query": _MEMORY,
    "memory_save": _MEMORY,
    "memory_retrieval": _Kind(_quiet, _quiet, insight.tell_memory),
    "knowledge_search": _MEMORY,
    "knowledge_query": _Kind(_quiet, _quiet, insight.tell_memory),
    "transparent": _Kind(_quiet, _quiet, _quiet),
}
POINTS: dict[str, _Point] = {
    "tool_failure": steps.tell_tool_failure,
    "tool_refused": steps.tell_refused_tool,
    "asks": approvals.tell_question,
    approvals.PAUSED: approvals.tell_question,
    "answers": approvals.tell_answer,
    "plan_step_started": insight.tell_step_started,
    "plan_step_completed": insight.tell_step_completed,
    "replan": insight.tell_replan,
    "goal_achieved": insight.tell_goal_achieved,
    "compacted": insight.tell_compaction,
    "learning": insight.tell_learning,
    "learned": insight.tell_learning,
    "hook": insight.tell_hook,
    "mcp_unknown": steps.tell_unknown_server,
}
#: What starts without anything around it and can still be told: as its agent's, outside any task.
_LONE_POINTS = frozenset({"learning", "learned", "mcp_unknown"})
_LONE = frozenset({"llm", "tool", "mcp", "a2a", "reasoning", "guardrail"})


class _Ending(NamedTuple):
    """What ended at ``at``, by ``error`` or otherwise; what is still open in it by the deadline ends as ``how``."""

    deadline: float
    node: Node
    at: float
    error: ErrorInfo | None
    how: str


class Story:
    """Knows what is under way. Called by one thread at a time."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.tree = Tree()
        self._misclosed = Misclosed()
        self._now = now
        #: Ended surroundings whose open steps are given up after a while, in the order of their deadlines.
        self._ending: list[_Ending] = []
        #: Some providers say twice that a call failed, and the second time names the wrong start.
        self._ended_calls: OrderedDict[str, None] = OrderedDict()

    def tell(self, fact: Fact) -> None:
        """Tell one fact whose cause has been told."""
        if fact.kind == CANCELLED:
            self._cancel(fact)
        elif fact.phase == POINT or fact.kind == "learning":
            self._point(fact)
        elif fact.phase == START:
            self._open(fact)
        else:
            self._close(fact)

    # -- beginnings --

    def _open(self, fact: Fact) -> None:
        parent = self.tree.get(fact.parent_id)
        is_outermost = fact.kind in OUTERMOST and not fact.data.get("internal")
        if parent is not None and is_outermost and parent.was_over(fact.at):
            # A run that was stopped leaves its place on the bus's stack: whatever comes next seems to be inside it.
            parent = None
        if fact.kind == "llm":
            parent = self._misclosed.around(parent, fact.data["role"], fact.data["agent_key"])
        root = parent.root if parent is not None else Root(fact.event_id)
        node = Node(fact.event_id, fact.kind, fact.key, parent, root, fact.at)
        overfull = self.tree.put(node)
        if overfull is not None:
            self._give_up(overfull, fact.at, None)
        if node.run is None and fact.kind in _LONE:
            node.run = self._lone_run(fact, root)
            node.scope = fact.ambient.action_id if fact.ambient is not None else None
        KINDS[node.kind].open(node, fact)

    def _lone_run(self, fact: Fact, root: Root) -> Run:
        ambient: Ambient | None = fact.ambient
        if ambient is not None:
            return Run(ambient.task.agent, ambient.task, False, root, fact.at)
        return Run(agent_of(Role(fact.data.get("role") or "crewai")), None, False, root, fact.at)

    # -- points --

    def _point(self, fact: Fact) -> None:
        parent = self.tree.get(fact.parent_id)
        run = parent.run if parent is not None else None
        if run is None and fact.kind in _LONE_POINTS:
            run = self._lone_run(fact, Root(fact.event_id))
        POINTS[fact.kind](parent, fact, run)

    # -- ends --

    def _close(self, fact: Fact) -> None:
        node = self._node_of(fact)
        if node is None:
            return
        kind = KINDS[node.kind]
        # Closed first: whatever goes wrong in telling it, it ends once.
        self.tree.close(node, fact.at)
        if node.kind == "task" and fact.phase == END and fact.data.get("plans"):
            insight.tell_planned_tasks(node, fact)
        (kind.end if fact.phase == END else kind.fail)(node, fact)
        if node.opens or node.kind in ("crew", "agent", "lite"):
            error = None
            if fact.phase != END and node.run is not None:
                known = explain(node, fact.data)
                error = ErrorInfo(known.type, None, known.origin or node.action_id)
            self._ending.append(_Ending(self._now() + _GRACE_SECONDS, node, fact.at, error, "aborted"))

    def _node_of(self, fact: Fact) -> Node | None:
        """The open node an end belongs to; its start's id is not always right."""
        node = self.tree.get(fact.started_id)
        if fact.kind == "llm":
            return self._call_of(fact, node)
        if node is not None and node.kind == "transparent" and not node.closed:
            return node
        if node is not None and node.kind == fact.kind and not node.closed:
            return node
        near = node or self.tree.get(fact.parent_id)
        return self.tree.alike(fact.kind, fact.key, near)

    def _call_of(self, fact: Fact, node: Node | None) -> Node | None:
        if fact.key in self._ended_calls:
            # Told again: by that the bus has closed what was around the call, which is still open.
            if node is not None and node.kind != "llm" and not node.closed:
                self._misclosed.note(node)
            return None
        self._ended_calls[fact.key] = None
        if len(self._ended_calls) > _MAX_ENDED_CALLS:
            self._ended_calls.popitem(last=False)
        if node is not None and node.kind == "llm" and node.key == fact.key:
            return node
        return self.tree.alike("llm", fact.key, None) or self._call_without_start(fact)

    def _call_without_start(self, fact: Fact) -> Node:
        """What was spent counts, even where nobody heard the call begin."""
        parent = self.tree.get(fact.parent_id)
        root = parent.root if parent is not None else Root(fact.event_id)
        node = Node(fact.event_id, "llm", fact.key, parent, root, fact.at)
        node.run = node.run or self._lone_run(fact, root)
        node.data = {"model": fact.data.get("model"), "is_startless": True}
        return node

    # -- what never ends by itself --

    def sweep(self, everything: bool) -> float | None:
        """Give up open steps of what ended a while ago (or ``everything`` that ended); seconds until the next time."""
        now = self._now()
        while self._ending and (everything or self._ending[0].deadline <= now):
            _, ended, at, error, how = self._ending.pop(0)
            for node in self.tree.inside(ended):
                self._give_up(node, at, error, how)
        return self._ending[0].deadline - now if self._ending else None

    def _cancel(self, fact: Fact) -> None:
        """A run was stopped from outside: it ends with all that is in it, and what comes next is not inside it."""
        stopped, how = self.tree.get(fact.started_id or fact.parent_id), fact.data["outcome"]
        if stopped is None or stopped.closed:
            return
        for node in (*self.tree.inside(stopped), stopped):
            # A client that works in a thread of its own is not stopped: what it spends is still told for a while.
            if node.kind != "llm":
                self._give_up(node, fact.at, None, how)
        self._ending.append(_Ending(self._now() + _GRACE_SECONDS, stopped, fact.at, None, how))

    def abort(self, at: float) -> None:
        """Nothing will be told any more: end all that is open, innermost first."""
        self.sweep(True)
        for node in sorted(self.tree.open.values(), key=lambda node: -node.at):
            self._give_up(node, at, None)

    def _give_up(self, node: Node, at: float, error: ErrorInfo | None, how: str = "aborted") -> None:
        at = max(at, node.at)
        self.tree.close(node, at)
        approvals.tell_outcome(node, None)
        if node.kind == "crew":
            clear_queue(node.root, at)
        if node.kind == "llm":
            models.give_up_model(node, at, how)
        elif node.opens and node.run is not None and node.run.task is not None:
            if how != "aborted":
                approvals.withdraw_questions(node.run, at, how)
            event = translate.task_completed(f"{node.name} {how}", spent_ms(node, at), how, None, how)
            event.timestamp = format_timestamp(at)
            end_task(node.run.task, event)
        elif error is not None and node.kind in ("agent", "tool", "lite"):
            fail_action(node, at, error, None, {})
        else:
            end_action(node, at, {"outcome": how}, how)
