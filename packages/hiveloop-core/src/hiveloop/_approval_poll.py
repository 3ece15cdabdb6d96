"""Asking the collector what became of one approval request: a long poll on a connection of its own, to be cut from any thread."""

from __future__ import annotations

import contextlib
import socket
from typing import Any
from urllib.parse import quote

import msgspec

from ._answer import retry_after_of
from ._http import CONNECT_TIMEOUT_SECONDS, read_whole
from ._outlet import is_audited

__all__ = ["Poll", "Said", "State"]

#: How much longer than it was asked to wait the collector may take to answer.
_ANSWER_SECONDS = 10.0


class State:
    """What became of a request, or of the question. Plain strings, so they read well in logs and tests."""

    PENDING = "pending"
    DECIDED = "decided"
    EXPIRED = "expired"  # the run ended; nobody will answer
    UNKNOWN = "unknown"  # the collector has no such request (yet)
    UNSUPPORTED = "unsupported"  # the collector, or what answers in its place, knows no approvals
    REFUSED = "refused"  # the key or the address is wrong
    RETRY = "retry"  # it is away or busy


class Said(msgspec.Struct, frozen=True):
    """One answer. ``decision``, ``approved_by`` and ``reason`` come with DECIDED; ``retry_after_seconds`` with RETRY."""

    state: str
    why: str = ""
    decision: str = ""
    approved_by: str | None = None
    reason: str | None = None
    retry_after_seconds: float | None = None


class _Body(msgspec.Struct):
    """What is read of an answer."""

    status: str = ""
    error: str = ""
    decision: str | None = None
    approved_by: str | None = None
    decision_reason: str | None = None


class Poll:
    """Asks again and again about one request. One thread asks; :meth:`cut` comes from any other."""

    def __init__(self, endpoint: str, api_key: str, approval_id: str) -> None:
        self._endpoint = endpoint
        self.url = f"{endpoint}/v1/approvals/{quote(approval_id, safe='', errors='replace')}"
        self._headers = {"Authorization": f"Bearer {api_key}", "Accept": "application/json"}
        self._pool: Any = None
        self._connection: Any = None
        self._is_cut = False

    def ask(self, wait_seconds: int) -> Said:
        """One question; comes back within ``wait_seconds`` and a little. Network errors are answers too."""
        import urllib3

        if is_audited():
            return Said(State.UNSUPPORTED, "hiveloop audit asks nobody")
        try:
            return self._ask(wait_seconds)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            self.close()
            return Said(State.RETRY, f"{type(error).__name__} at {self.url}")

    def _ask(self, wait_seconds: int) -> Said:
        import urllib3

        if self._pool is None:
            self._pool = urllib3.connection_from_url(self._endpoint, maxsize=1)
            self._pool.ConnectionCls = self._watched(self._pool.ConnectionCls)
        timeout = urllib3.Timeout(connect=CONNECT_TIMEOUT_SECONDS, read=wait_seconds + _ANSWER_SECONDS)
        response = self._pool.urlopen(
            "GET",
            f"/{self.url.split('/', 3)[3]}?wait={wait_seconds}",
            headers=self._headers,
            timeout=timeout,
            retries=False,
            redirect=False,
            preload_content=False,
        )
        try:
            content = read_whole(response)
        finally:
            response.close()
        return _said(response.status, response.headers.get("Retry-After"), content)

    def _watched(self, base: Any) -> Any:
        """The pool's kind of connection, which tells us of the socket it opened."""
        poll = self

        class Connection(base):  # type: ignore[misc]
            def connect(self) -> None:
                super().connect()
                poll._connection = self
                if poll._is_cut:
                    raise ConnectionAbortedError("nobody waits any more")

        return Connection

    def cut(self) -> None:
        """End the question under way, and every later one."""
        self._is_cut = True
        sock = getattr(self._connection, "sock", None)
        if sock is not None:
            # Unlike close(), this wakes a thread that reads.
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Drop the connection."""
        self._connection = None
        if self._pool is not None:
            self._pool.close()
            self._pool = None


def _said(status: int, retry_after: str | None, content: bytes) -> Said:
    try:
        body = msgspec.json.decode(content, type=_Body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        body = _Body()
    if status == 200:
        return _state_of(body)
    why = f"HTTP {status}" + (f": {body.error}" if body.error else "")
    if status == 404 and body.error == "approval_not_found":
        return Said(State.UNKNOWN, why)
    if status in (404, 405, 501):
        return Said(State.UNSUPPORTED, why)
    if status in (408, 425, 429) or status >= 500:
        return Said(State.RETRY, why, retry_after_seconds=retry_after_of(retry_after, content))
    return Said(State.REFUSED, why)


def _state_of(body: _Body) -> Said:
    if body.status in ("approved", "rejected", "answered"):
        decision = body.decision or body.status
        return Said(State.DECIDED, "", decision, body.approved_by, body.decision_reason)
    if body.status == "expired":
        return Said(State.EXPIRED)
    if body.status in ("pending", "lost"):
        return Said(State.PENDING)
    return Said(State.RETRY, "the answer was not the collector's")
