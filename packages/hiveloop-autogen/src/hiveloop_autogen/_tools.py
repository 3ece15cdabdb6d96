"""Tool calls: an action each, asked for at the gate, timed where they run."""

from __future__ import annotations

import asyncio
import contextvars
import copy
import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from hiveloop import Intervention
from hiveloop.adapters import attempt, contained, guarded
from hiveloop.adapters.preview import RESULT_CHARS, preview

from . import _translate as translate
from ._errors import describe, note_cause, outcome_of, tell_origin
from ._extract import call_arguments
from ._follow import Watch
from ._gates import ask
from ._messages import requested_call
from ._nodes import Node, Place, RunNode, ToolNode, place
from ._options import Options
from ._runs import new_root

__all__ = ["ToolWatch", "keep_context"]

#: What workbenches return.
_RESULT = "ToolResult"


class ToolWatch(Watch):
    """Follows one ``run_json``, ``run_json_stream`` or a foreign workbench's ``call_tool``."""

    def __init__(
        self, subject: Any, name: str, given: Any, call_id: Any, substitute: Any, options: Options
    ) -> None:
        self.subject = subject
        self.name = name[:200]
        self.given = given
        self.call_id = call_id if isinstance(call_id, str) and call_id else None
        self.substitute = substitute
        self.options = options
        #: Makes what stands for the result of a refused call, where AutoGen cannot bear that it raises.
        self.refusal: Callable[[str], Any] | None = None
        self.node: ToolNode | None = None
        self.result: Any = None
        #: What a call that does not raise says of its failure.
        self.failed_with: Any = None

    @contained
    def open(self) -> Node | None:
        where = self._where()
        if where is None:
            return None
        above = where.node
        if isinstance(above, ToolNode) and (above.subject is self.subject or _same_call(above, self)):
            return None
        run = above.run() if above is not None else None
        root = above.root if above is not None else new_root(self.options)
        node = ToolNode(self.subject, self.name, root, where.work, above, None)
        node.call_id = self.call_id
        if run is not None:
            _note_call(run, node, self.given)
        self._start(node, run, where.action_id)
        return node

    def _where(self) -> Place | None:
        return place()

    def _start(self, node: ToolNode, run: RunNode | None, parent: str | None) -> None:
        details: dict[str, Any] = {}
        if node.call_id is not None:
            details["tool_call_id"] = node.call_id
        if node.root.capture:
            details["args"] = call_arguments(self.given)
        self.node = node
        try:
            text = ask(node.root, node.work.task, "tool", self.name, self.given)
        except Intervention as intervention:
            self._begin(node, run, parent, details)
            action_id = node.action_id or ""
            origin = tell_origin(node.root, intervention, action_id)
            node.work.fail(action_id, describe(intervention, node.root.capture), origin)
            self._refuse(run, intervention)
            return
        self._begin(node, run, parent, details)
        if text is not None:
            self.instead = self.substitute(text)
            node.work.end(node.action_id or "", "substituted", self._shown(text))

    def _begin(
        self, node: ToolNode, run: RunNode | None, parent: str | None, details: dict[str, Any]
    ) -> None:
        kind = "handoff" if _is_handoff(run, self.name) else "tool"
        node.action_id = node.work.start(self.name, kind, parent, run, details)

    def _refuse(self, run: RunNode | None, intervention: Intervention) -> None:
        """Stop the call, and by it the run."""
        if self.refusal is not None:
            self.instead = self.refusal(str(intervention))
        elif _is_handoff(run, self.name):
            self.instead = self.substitute(str(intervention))
        else:
            raise intervention
        # An assistant waits for ever when one of these raises. It is raised where the agent reports the results.

    def _shown(self, result: Any) -> dict[str, Any]:
        if self.node is None or not self.node.root.capture or result is None:
            return {}
        return {"result": preview(result, RESULT_CHARS)}

    def saw(self, item: Any) -> None:
        self.result = item

    @contained
    def closed(self) -> None:
        node = self.node
        if node is None or node.action_id is None:
            return
        # A result is an object of the program: where it cannot be read, the call has ended all the same.
        shown = guarded(lambda: _result_text(self.result), None)
        if type(self.result).__name__ == _RESULT and guarded(lambda: bool(self.result.is_error), False):
            self.failed_with = shown if shown is not None else "error"
        if self.failed_with is not None:
            text = (
                attempt(lambda: preview(self.failed_with, RESULT_CHARS), "tool error of hiveloop_autogen")[1]
                if node.root.capture
                else None
            )
            node.work.fail(node.action_id, translate.ErrorInfo("ToolError", text), None, {"handled": True})
        else:
            node.work.end(
                node.action_id,
                None,
                attempt(lambda: self._shown(shown), "tool result of hiveloop_autogen")[1],
            )

    @contained
    def failed(self, error: BaseException) -> Intervention | None:
        node = self.node
        if node is None or node.action_id is None:
            return None
        outcome = outcome_of(error)
        if outcome is not None:
            node.work.end(node.action_id, outcome)
            return None
        note_cause(node.parent, error)
        about = describe(error, node.root.capture)
        node.work.fail(node.action_id, about, tell_origin(node.root, error, node.action_id))
        return None


def _same_call(above: ToolNode, watch: ToolWatch) -> bool:
    """A workbench that hands on to a tool object: one call, seen twice."""
    return above.name == watch.name and (watch.call_id is None or above.call_id == watch.call_id)


def _note_call(run: RunNode, node: ToolNode, given: Any) -> None:
    """So that the message with the results is not taken for calls that never ran."""
    if node.call_id is None:
        node.call_id = requested_call(run, node.name, given)
    if node.call_id is not None:
        run.requested.pop(node.call_id, None)
        run.calls[node.call_id] += 1
    else:
        run.names[node.name] += 1


def _is_handoff(run: RunNode | None, name: str) -> bool:
    handoffs = getattr(run.subject, "_handoffs", None) if run is not None else None
    return isinstance(handoffs, Mapping) and name in handoffs


def _result_text(result: Any) -> Any:
    """A result, or the text of what stands for one: a tool result's parts, the last message of a run."""
    # By the name of its type: a result may be any object of the program, and asking that could run its code.
    kind = type(result).__name__
    if kind == _RESULT:
        return "\n".join(str(getattr(part, "content", type(part).__name__)) for part in result.result[:20])
    if kind == "TaskResult":
        return getattr(result.messages[-1], "content", None) if result.messages else None
    return result


def keep_context(original: Any) -> Any:
    """Wrap ``FunctionTool.run``: a plain function keeps its place in the run in the thread AutoGen moves it to."""

    @functools.wraps(original)
    async def run(self: Any, *args: Any, **kwargs: Any) -> Any:
        carried = _with_context(self) or self
        return await original.__get__(carried, type(carried))(*args, **kwargs)

    return run


@contained
def _with_context(tool: Any) -> Any:
    function = getattr(tool, "_func", None)
    if not callable(function) or _is_asynchronous(function) or place() is None:
        return None
    context = contextvars.copy_context()
    twin = copy.copy(tool)
    twin._func = lambda *args, **kwargs: context.run(function, *args, **kwargs)
    return twin


def _is_asynchronous(function: Any) -> bool:
    """What AutoGen asks of a tool's function (``asyncio.iscoroutinefunction``), in the words of all its versions.

    Some libraries mark callables that return coroutines by an attribute, which ``inspect`` does not look at.
    """
    mark = getattr(asyncio.coroutines, "_is_coroutine", None)
    return inspect.iscoroutinefunction(function) or (
        mark is not None and guarded(lambda: getattr(function, "_is_coroutine", None), None) is mark
    )
