"""One WebSocket connection: uvicorn's protocol, which hangs up on clients that do not read."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

if TYPE_CHECKING:
    from uvicorn._types import ASGISendEvent

__all__ = ["MAX_MESSAGE_BYTES", "PING_SECONDS", "SocketConnection"]

#: Largest message a client may send; those it has to send are a few hundred bytes.
MAX_MESSAGE_BYTES = 64 * 1024
#: How often the other side is asked whether it is there, and how long it may take to say so.
PING_SECONDS = 20.0


class SocketConnection(WebSocketsSansIOProtocol):
    """Ends without waiting where the other side takes nothing: what was written for it would wait for ever."""

    #: Seconds a client may leave what was written for it unread.
    unread_seconds = 10.0
    _unread_timer: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        """The client does not read as fast as is written for it."""
        super().pause_writing()
        if self._unread_timer is None:
            self._unread_timer = self.loop.call_later(self.unread_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """The client has read on."""
        self._forget_unread()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client left, or was cut off."""
        self._forget_unread()
        super().connection_lost(exc)

    async def send(self, message: ASGISendEvent) -> None:
        """What the application says."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and self.close_sent:
            # A refusal is the end of the handshake too; without this the server takes it for an error of ours.
            self.handshake_complete = True

    def keepalive_timeout(self) -> None:
        """The client did not answer a ping: nobody is there to say goodbye to."""
        super().keepalive_timeout()
        self.transport.abort()

    def _forget_unread(self) -> None:
        if self._unread_timer is not None:
            self._unread_timer.cancel()
            self._unread_timer = None
