"""The safety boundary: the only place that catches every exception, so that one bad moment never ends the process."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from .errors import ApiError
from .headers import SECURITY_HEADERS

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["SafetyBoundary", "attempt"]

_log = logging.getLogger("hiveboard")
T = TypeVar("T")


def attempt(work: Callable[[], T]) -> tuple[T | None, Exception | None]:
    """Run ``work``: its result and no error, or no result and the error. For threads that must go on."""
    try:
        return work(), None
    except Exception as error:  # noqa: BLE001 - this module is the safety boundary
        return None, error


class SafetyBoundary:
    """Outermost ASGI layer: an unexpected exception becomes the 500 envelope and a logged traceback."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        #: How often the boundary was reached; tests assert that no client can raise it.
        self.reached = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception:
            self.reached += 1
            _log.exception("unexpected error while serving %r", scope.get("path", ""))
            if started or scope["type"] != "http":
                raise
            await _answer_500(send)


async def _answer_500(send: Send) -> None:
    body = ApiError("something went wrong in the collector; its log has the details").body()
    told = {"Content-Type": "application/json", "Content-Length": str(len(body)), **SECURITY_HEADERS}
    headers = [(name.lower().encode(), value.encode()) for name, value in told.items()]
    await send({"type": "http.response.start", "status": 500, "headers": headers})
    await send({"type": "http.response.body", "body": body})
