"""Code that an agent runs: an action with its exit code, and the approval it may need first."""

from __future__ import annotations

import copy
import functools
import uuid
from typing import Any

from hiveloop import Intervention
from hiveloop.adapters import contained
from hiveloop.adapters.preview import ARGUMENT_CHARS, RESULT_CHARS, preview

from . import _translate as translate
from ._errors import describe, outcome_of, tell_origin
from ._follow import Watch, await_inside
from ._gates import ask
from ._nodes import Node, ToolNode, place
from ._options import Options
from ._runs import new_root

__all__ = ["approving", "code_watch"]

_NAME = "execute_code"


class CodeWatch(Watch):
    """Follows one ``execute_code_block``."""

    def __init__(self, agent: Any, blocks: Any, options: Options) -> None:
        self.agent = agent
        self.blocks = blocks
        self.options = options
        self.node: ToolNode | None = None
        self.result: Any = None
        self.refused = False

    @contained
    def open(self) -> Node | None:
        where = place()
        if where is None or (isinstance(where.node, ToolNode) and where.node.subject is self.agent):
            return None
        above = where.node
        root = above.root if above is not None else new_root(self.options)
        node = ToolNode(self.agent, _NAME, root, where.work, above, None)
        code = _code_text(self.blocks)
        run = above.run() if above is not None else None
        details = {"args": {"code": preview(code, ARGUMENT_CHARS)}} if root.capture else None
        node.action_id = node.work.start(_NAME, "code", where.action_id, run, details)
        self.node = node
        try:
            text = ask(root, node.work.task, "tool", _NAME, {"code": code})
        except Intervention as intervention:
            node.work.fail(node.action_id, describe(intervention, root.capture))
            tell_origin(root, intervention, node.action_id)
            raise
        if text is not None:
            self.instead = _code_result(text)
            node.work.end(node.action_id, "substituted", {"result": text} if root.capture else None)
        return node

    def saw(self, item: Any) -> None:
        self.result = item

    @contained
    def closed(self) -> None:
        node = self.node
        if node is None or node.action_id is None:
            return
        code = getattr(self.result, "exit_code", None)
        output = getattr(self.result, "output", None)
        text = preview(output, RESULT_CHARS) if node.root.capture and isinstance(output, str) else None
        about: dict[str, Any] = {"exit_code": code} if isinstance(code, int) else {}
        if self.refused:
            node.work.end(node.action_id, "rejected", about)
        elif code in (0, None):
            node.work.end(node.action_id, None, {**about, "result": text} if text is not None else about)
        else:
            failed = translate.ErrorInfo("CodeExecutionError", text)
            node.work.fail(node.action_id, failed, None, {**about, "handled": True})

    @contained
    def failed(self, error: BaseException) -> Intervention | None:
        node = self.node
        if node is None or node.action_id is None:
            return None
        outcome = outcome_of(error)
        if outcome is not None:
            node.work.end(node.action_id, outcome)
        else:
            origin = tell_origin(node.root, error, node.action_id)
            node.work.fail(node.action_id, describe(error, node.root.capture), origin)
        return None


@contained
def code_watch(agent: Any, args: Any, kwargs: Any, options: Options) -> CodeWatch:
    """The watch of a call ``execute_code_block(code_blocks, cancellation_token)``."""
    return CodeWatch(agent, args[0] if args else kwargs.get("code_blocks"), options)


def approving(original: Any, options_of: Any) -> Any:
    """Wrap ``execute_code_block``: a question to the agent's approval function is an approval."""

    @functools.wraps(original)
    async def execute_code_block(self: Any, *args: Any, **kwargs: Any) -> Any:
        options = options_of()
        watch = code_watch(self, args, kwargs, options) if options is not None else None
        if watch is None:
            return await original.__get__(self, type(self))(*args, **kwargs)
        # The function may have been given before we came, and must be found unchanged when we have gone.
        twin = _asking(self, watch) or self
        bound = original.__get__(twin, type(twin))
        return await await_inside(lambda: bound(*args, **kwargs), watch)

    return execute_code_block


@contained
def _asking(agent: Any, watch: CodeWatch) -> Any:
    function = getattr(agent, "_approval_func", None)
    if not callable(function):
        return None
    twin = copy.copy(agent)
    asking = _ask_async if getattr(agent, "_approval_func_is_async", False) else _ask_sync
    twin._approval_func = functools.partial(asking, function, watch)
    return twin


def _ask_sync(function: Any, watch: CodeWatch, request: Any) -> Any:
    approval_id = _requested(watch, request)
    try:
        response = function(request)
    except BaseException as error:
        _unanswered(watch, approval_id, error)
        raise
    _answered(watch, approval_id, response)
    return response


async def _ask_async(function: Any, watch: CodeWatch, request: Any) -> Any:
    approval_id = _requested(watch, request)
    try:
        response = await function(request)
    except BaseException as error:
        _unanswered(watch, approval_id, error)
        raise
    _answered(watch, approval_id, response)
    return response


@contained
def _requested(watch: CodeWatch, request: Any) -> str | None:
    node = watch.node
    if node is None:
        return None
    approval_id = uuid.uuid4().hex
    details: dict[str, Any] = {"kind": "code_approval"}
    code = getattr(request, "code", None)
    if node.root.capture and isinstance(code, str):
        details["code"] = preview(code, ARGUMENT_CHARS)
    agent = node.parent.name if node.parent is not None else "agent"
    summary = f"May {agent} run this code?"
    node.work.emit(translate.approval_requested(node.action_id, approval_id, summary, details))
    return approval_id


@contained
def _answered(watch: CodeWatch, approval_id: str | None, response: Any) -> None:
    node, approved = watch.node, bool(getattr(response, "approved", False))
    watch.refused = not approved
    if node is None or approval_id is None:
        return
    reason = getattr(response, "reason", None)
    details = {"reason": preview(reason, ARGUMENT_CHARS)} if node.root.capture and reason else {}
    decision = "approved" if approved else "rejected"
    node.work.emit(translate.approval_received(node.action_id, approval_id, decision, details))


@contained
def _unanswered(watch: CodeWatch, approval_id: str | None, error: BaseException) -> None:
    if watch.node is not None and approval_id is not None:
        decision = outcome_of(error) or "error"
        watch.node.work.emit(translate.approval_received(watch.node.action_id, approval_id, decision, {}))


def _code_text(blocks: Any) -> str:
    return "\n\n".join(str(getattr(block, "code", "")) for block in blocks or ())


def _code_result(text: str) -> Any:
    from autogen_core.code_executor import CodeResult

    return CodeResult(exit_code=0, output=text)
