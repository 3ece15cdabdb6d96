"""One HTTP connection: uvicorn's fast parser, with caps on a request's head, on the wait for it, and on how many there are."""

from __future__ import annotations

import asyncio

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from .errors import ApiError, BadRequestError, TooManyRequestsError
from .headers import SECURITY_HEADERS

__all__ = ["Connection"]

_RETRY_SECONDS = 2


class Connection(HttpToolsProtocol):
    """Refuses what is not HTTP, a head that is too large (431), and one that does not come (closes).

    There are only so many connections: beyond them the one that has been silent longest makes room for the next. Where
    all are busy, the next is told to come back (429).
    """

    #: Bytes of request line and headers, and seconds from the first byte (or the connection) to the last of them.
    max_head_bytes = 64 * 1024
    head_seconds = 15.0
    #: Connections at a time. Most systems let a process have 1,024 files, and the store needs a few of them.
    max_connections = 900
    #: Seconds a client may leave what was written for it unread, and go on sending what was refused already.
    unread_seconds = 60.0
    linger_seconds = 5.0

    #: Since when no request has been under way, in the loop's time; None while one is.
    _silent_since: float | None = None
    _too_many = False
    _in_head = True
    _head_bytes = 0
    _refused = False
    _head_timer: asyncio.TimerHandle | None = None
    _unread_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client connected."""
        super().connection_made(transport)
        self._silent_since = self.loop.time()
        if len(self.connections) > self.max_connections:
            self._make_room()
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client left, or was cut off."""
        self._forget_timer()
        self._forget_unread()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes of one request or several."""
        if self._refused:
            return
        if self._in_head:
            self._await_head()
            self._head_bytes += len(data)
        try:
            super().data_received(data)
        except (UnicodeDecodeError, httptools.HttpParserError):
            # A path that is no ASCII, or one that cannot be split; uvicorn expects neither.
            self.send_400_response("Invalid HTTP request received.")
        if self._in_head and self._head_bytes > self.max_head_bytes:
            self._refuse_head()

    def pause_writing(self) -> None:
        """The client does not read as fast as is written for it."""
        super().pause_writing()
        if self._unread_timer is None:
            self._unread_timer = self.loop.call_later(self.unread_seconds, self.hang_up)

    def resume_writing(self) -> None:
        """The client has read on."""
        self._forget_unread()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Answer what cannot be parsed, in the envelope every error has, and hang up."""
        self._refuse(BadRequestError(msg, code="invalid_http"))

    def on_message_begin(self) -> None:
        """The parser saw the first byte of a request."""
        super().on_message_begin()
        self._in_head = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """The parser read a header."""
        if not self._refused:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The parser read the whole head."""
        self._in_head = False
        self._silent_since = None
        self._forget_timer()
        lines = sum(len(name) + len(value) + 4 for name, value in self.headers)
        if lines + len(self.url) > self.max_head_bytes:
            self._refuse_head()
        elif self._too_many:
            self._refuse(
                TooManyRequestsError(
                    f"{self.max_connections} connections are busy; try again", _RETRY_SECONDS
                )
            )
        elif not self._refused:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """The parser read a piece of the body."""
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The parser read the last byte of a request."""
        self._in_head = True
        self._head_bytes = 0
        if not self._refused:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """The last byte of an answer was handed over."""
        # A request that came meanwhile is under way already.
        self._silent_since = None if self.pipeline else self.loop.time()
        if not self._in_head:
            # It was answered before it was read to its end. Closing at once could cost the client the answer.
            self.loop.call_later(self.linger_seconds, self._end_unfinished, self.cycle)
        super().on_response_complete()

    def _make_room(self) -> None:
        """Hang up on the connection that has been silent longest, this one aside."""
        others = [one for one in self.connections if isinstance(one, Connection) and one is not self]
        silent = [(one._silent_since, at) for at, one in enumerate(others) if one._silent_since is not None]
        if silent:
            others[min(silent)[1]].hang_up()
        else:
            self._too_many = True

    def hang_up(self) -> None:
        """End the connection at once; it counts no more."""
        self.connections.discard(self)
        self.transport.abort()

    def _await_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(self.head_seconds, self._give_up)

    def _forget_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _forget_unread(self) -> None:
        if self._unread_timer is not None:
            self._unread_timer.cancel()
            self._unread_timer = None

    def _end_unfinished(self, answered: object) -> None:
        """Hang up on a request whose answer is long sent and whose body still comes."""
        if self.cycle is answered and not self._in_head and not self.transport.is_closing():
            self.transport.close()

    def _give_up(self) -> None:
        """Nobody listens for an answer to half a question."""
        if self._in_head and not self.transport.is_closing():
            self.transport.close()

    def _refuse_head(self) -> None:
        self._refuse(
            ApiError(
                f"request line and headers may have {self.max_head_bytes} bytes together",
                code="head_too_large",
                status=431,
                details={"max_bytes": self.max_head_bytes},
            )
        )

    def _refuse(self, error: ApiError) -> None:
        self._refused = True
        self._forget_timer()
        body = error.body()
        headers = {
            "content-type": "application/json",
            "content-length": str(len(body)),
            "connection": "close",
            **SECURITY_HEADERS,
            **error.headers,
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode()
        self.transport.write(STATUS_LINE[error.status] + head + b"\r\n" + body)
        self.transport.close()
