"""Routing by the path as it was sent, so that an escaped slash in an id is not taken for one between parts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["RawPath"]


class RawPath:
    """Gives the router the undecoded path where ids stand in it; the ids are decoded one by one after the match.

    ``paths`` are those of the routes; what comes before the first ``{name:id}`` of one tells such paths.
    """

    def __init__(self, app: ASGIApp, paths: Iterable[str]) -> None:
        self._app = app
        self._with_ids = tuple({path[: path.index("{")].encode() for path in paths if ":id}" in path})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        raw: bytes = scope.get("raw_path") or b""
        if scope["type"] == "http" and raw.startswith(self._with_ids):
            scope = {**scope, "path": raw.decode("latin-1")}
        await self._app(scope, receive, send)
