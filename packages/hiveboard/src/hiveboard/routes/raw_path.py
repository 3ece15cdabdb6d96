"""Routing by the path as it was sent, so that an escaped slash in an id is not taken for one between parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["RawPath"]

_WITH_IDS = (b"/v1/agents/", b"/v1/tasks/", b"/v1/approvals/", b"/v1/issues/")


class RawPath:
    """Gives the router the undecoded path where ids stand in it; the ids are decoded one by one after the match."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        raw: bytes = scope.get("raw_path") or b""
        if scope["type"] == "http" and raw.startswith(_WITH_IDS):
            scope = {**scope, "path": raw.decode("latin-1")}
        await self._app(scope, receive, send)
