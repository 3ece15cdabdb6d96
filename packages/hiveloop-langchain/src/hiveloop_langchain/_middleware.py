"""The middleware for ``create_agent`` through which a gate can answer in a tool's place: a callback cannot change a result."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from hiveloop import Intervention
from hiveloop.adapters import contained, has_gates
from langchain.agents.middleware import AgentMiddleware
from langchain_core.tools import BaseTool

from ._context import ask, current_run
from ._gated import asked

__all__ = ["GateMiddleware"]


class GateMiddleware(AgentMiddleware[Any, Any]):
    """Lets detectors with ``on_detect="nudge"`` and policies answer in a tool's place.

    ``create_agent(model, tools, middleware=[GateMiddleware()])``, beside the callback handler or ``instrument``, which
    still observe. Put it last, so that it is the closest to the tool. Without a gate it passes everything on.
    """

    def wrap_tool_call(self, request: Any, handler: Callable[[Any], Any]) -> Any:
        """Run the tool, or have the text of the gate in its place."""
        if not has_gates():
            return handler(request)
        call, request = _passed(request) or (None, request)
        with asked(call):
            return handler(request)

    async def awrap_tool_call(self, request: Any, handler: Callable[[Any], Awaitable[Any]]) -> Any:
        """Run the tool, or have the text of the gate in its place."""
        if not has_gates():
            return await handler(request)
        call, request = _passed(request) or (None, request)
        with asked(call):
            return await handler(request)


@contained
def _passed(request: Any) -> tuple[tuple[str, str | None], Any] | None:
    """A call that has passed the gate, and what is to be run for it; None where nobody was asked."""
    run = current_run()
    if run is None:
        return None
    call = request.tool_call
    try:
        text = ask(run.root, "tool", call["name"], call["args"])
    except Intervention:
        # The root remembers: it is raised where the tool begins, so that the attempt is told there.
        return None
    if text is not None:
        request = request.override(tool=_Stand(name=call["name"], description="", text=text))
    return (call["name"], call["id"]), request


class _Stand(BaseTool):
    """Has the text of the gate as its result, whatever it is asked; observed like the tool it stands for."""

    args_schema: Any = {"type": "object", "properties": {}, "additionalProperties": True}
    text: str

    def _run(self, *args: Any, **kwargs: Any) -> str:
        return self.text

    async def _arun(self, *args: Any, **kwargs: Any) -> str:
        return self.text
