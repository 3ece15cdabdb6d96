"""Tool calls of classic agents (``execute_function``) and the input they ask people for."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from hiveloop import Intervention
from hiveloop.adapters import contained
from hiveloop.adapters.preview import ARGUMENT_CHARS, RESULT_CHARS, preview

from hiveloop_autogen import _translate as translate
from hiveloop_autogen._decision import decision_of
from hiveloop_autogen._errors import outcome_of
from hiveloop_autogen._follow import Watch
from hiveloop_autogen._nodes import Node, Place, RunNode, here
from hiveloop_autogen._options import Options
from hiveloop_autogen._tools import ToolWatch

from ._pending import place_of

__all__ = ["InputWatch", "function_watch"]


class FunctionWatch(ToolWatch):
    """Follows one ``execute_function``, which returns ``(succeeded, {"content": ...})`` and raises nothing."""

    def __init__(self, agent: Any, *given: Any) -> None:
        super().__init__(agent, *given)
        self.agent = agent

    def _where(self) -> Place | None:
        return place_of(self.agent)

    @contained
    def saw(self, item: Any) -> None:
        succeeded, message = item if isinstance(item, tuple) and len(item) == 2 else (True, None)
        content = message.get("content") if isinstance(message, Mapping) else None
        self.result = content
        self.failed_with = None if succeeded else content


def function_watch(agent: Any, call: Any, call_id: Any, options: Options) -> FunctionWatch:
    """The watch of ``execute_function({"name": ..., "arguments": ...}, call_id)``."""
    call = call if isinstance(call, Mapping) else {}
    name = str(call.get("name") or "function")

    def substitute(text: str) -> Any:
        return True, {"name": name, "role": "function", "content": text}

    return FunctionWatch(agent, name, call.get("arguments"), call_id, substitute, options)


class InputWatch(Watch):
    """Follows one ``get_human_input``."""

    def __init__(self, agent: Any, prompt: Any) -> None:
        self.agent = agent
        self.prompt = prompt
        self.node: Node | None = None
        self.action_id: str | None = None
        self.approval_id = uuid.uuid4().hex
        self.answer: Any = None

    @contained
    def open(self) -> Node | None:
        where = place_of(self.agent)
        if where is None or where.node is None or _is_asking(where.node, self.agent):
            return None
        self.node, self.action_id = where.node, where.action_id
        name = str(getattr(self.agent, "name", "agent"))
        details: dict[str, Any] = {"approver": name, "kind": "input"}
        if self.node.root.capture and isinstance(self.prompt, str):
            details["reason"] = preview(self.prompt, ARGUMENT_CHARS)
        _asking.add(id(self.agent))
        self.node.work.emit(
            translate.approval_requested(
                self.action_id, self.approval_id, f"{name} is asked for input", details
            )
        )
        return self.node

    def saw(self, item: Any) -> None:
        self.answer = item

    def _tell(self, decision: str, details: Mapping[str, Any]) -> None:
        _asking.discard(id(self.agent))
        if self.node is not None:
            self.node.work.emit(
                translate.approval_received(self.action_id, self.approval_id, decision, details)
            )

    @contained
    def closed(self) -> None:
        details: dict[str, Any] = {"approved_by": str(getattr(self.agent, "name", "agent"))}
        if self.node is not None and self.node.root.capture and isinstance(self.answer, str) and self.answer:
            details["answer"] = preview(self.answer, RESULT_CHARS)
        self._tell(decision_of(self.answer), details)

    @contained
    def failed(self, error: BaseException) -> Intervention | None:
        self._tell(outcome_of(error) or "error", {})
        return None


#: Agents that are asking right now: the asynchronous question may be asked by way of the plain one.
_asking: set[int] = set()


def _is_asking(node: Node, agent: Any) -> bool:
    around = here()
    return isinstance(around, RunNode) and around.root is node.root and id(agent) in _asking
