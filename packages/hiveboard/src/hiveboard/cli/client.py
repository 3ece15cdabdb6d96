"""Talking to a running collector: typed answers, and errors that say in one line what to do."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, NoReturn, TypeVar
from urllib.parse import urlencode, urlsplit

import msgspec
import urllib3
from msgspec import Raw, Struct

from .terminal import fail

__all__ = ["Answer", "Client", "ClientError", "reporting"]

T = TypeVar("T")
_CONNECT_SECONDS, _READ_SECONDS = 5.0, 60.0
_PAGE = 200
#: The key the SDK sends to a collector on its own machine that has no keys; such a collector accepts any.
_LOCAL_KEY = "hb_live_local"


class ClientError(Exception):
    """The collector cannot be reached or refused; the message is one line that says what to do."""


class Answer(Struct):
    """Status, headers (names in lower case) and body of an answer."""

    status: int
    headers: dict[str, str]
    body: bytes


class _Envelope(Struct):
    message: str
    error: str = ""


class _Pagination(Struct):
    cursor: str | None = None


class _Page(Struct):
    data: list[Raw]
    pagination: _Pagination


class Client:
    """One collector at ``url``, asked with ``key`` (several may be given, as for ``serve``: the first counts)."""

    def __init__(self, url: str, key: str | None) -> None:
        try:
            parts = urlsplit(url)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise ClientError(f"--url: {url!r} is no address; name one such as http://127.0.0.1:8000")
        self.url = url.rstrip("/")
        self._key = (key or "").split()[0] if (key or "").split() else None
        if self._key is not None and not (self._key.isascii() and self._key.isprintable()):
            raise ClientError("--key: a key is made of ASCII letters, digits and _")
        timeout = urllib3.Timeout(connect=_CONNECT_SECONDS, read=_READ_SECONDS)
        self._pool = urllib3.PoolManager(retries=False, timeout=timeout)

    def read(self, kind: type[T], path: str, **params: Any) -> T:
        """The answer to a question as ``kind``."""
        answer = self.send("GET", path, **params)
        self.require_success(answer)
        return self._decode(kind, answer.body)

    def text(self, path: str, **params: Any) -> str:
        """The answer to a question as text."""
        answer = self.send("GET", path, **params)
        self.require_success(answer)
        return answer.body.decode("utf-8", "replace")

    def rows(self, kind: type[T], path: str, limit: int | None = None, **params: Any) -> Iterator[T]:
        """The rows of a list, page by page, up to ``limit`` of them."""
        cursor, left = None, limit
        while left is None or left > 0:
            size = _PAGE if left is None else min(_PAGE, left)
            page = self.read(_Page, path, **params, limit=size, cursor=cursor)
            for row in page.data:
                yield self._decode(kind, row)
            left = None if left is None else left - len(page.data)
            cursor = page.pagination.cursor
            if cursor is None:
                return

    def send(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None, **params: Any
    ) -> Answer:  # fmt: skip
        """One request; raises ClientError when there is no answer."""
        response = self._request(method, path, body, headers, params, preload=True)
        return Answer(
            response.status, {name.lower(): value for name, value in response.headers.items()}, response.data
        )

    def stream(
        self, path: str, headers: dict[str, str] | None = None, silence_seconds: float = _READ_SECONDS, **params: Any
    ) -> urllib3.BaseHTTPResponse:  # fmt: skip
        """An answer that is read while it comes; the caller closes it. Raises ClientError, also for a refusal."""
        timeout = urllib3.Timeout(connect=_CONNECT_SECONDS, read=silence_seconds)
        response = self._request("GET", path, None, headers, params, preload=False, timeout=timeout)
        if response.status != 200:
            with response:
                self.require_success(Answer(response.status, {}, response.read()))
        return response

    def _request(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str] | None, params: dict[str, Any],
        *, preload: bool, **more: Any,
    ) -> urllib3.BaseHTTPResponse:  # fmt: skip
        given = {name: value for name, value in params.items() if value is not None}
        sent = {"Accept": "application/json", **(headers or {})}
        key = self._key or (None if method == "GET" else _LOCAL_KEY)
        if key is not None:
            sent["Authorization"] = f"Bearer {key}"
        url = self.url + path + (f"?{urlencode(given)}" if given else "")
        try:
            return self._pool.request(
                method, url, body=body, headers=sent, preload_content=preload, redirect=False, **more
            )
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise ClientError(f"cannot reach {self.url} ({_reason(error)}); is a collector running there? "
                              "Start one with 'hiveboard serve', or name it with --url") from None  # fmt: skip

    def require_success(self, answer: Answer) -> None:
        """Raise ClientError for an answer that is none."""
        if 200 <= answer.status < 300:
            return
        if answer.status == 401:
            has_key = self._key is not None
            fix = "this key is not known there" if has_key else "it asks for a key"
            raise ClientError(f"{self.url}: {fix}; pass --key hb_… or set HIVEBOARD_KEY")
        try:
            told = msgspec.json.decode(answer.body, type=_Envelope)
        except msgspec.MsgspecError:
            self._refuse_stranger(answer.status)
        if answer.status == 404 and told.error == "not_found":
            raise ClientError(
                f"{self.url} does not offer this; it may be an older HiveBoard (try 'hiveboard doctor')"
            )
        raise ClientError(told.message)

    def _decode(self, kind: type[T], body: bytes | Raw) -> T:
        try:
            return msgspec.json.decode(body, type=kind)
        except msgspec.MsgspecError:
            self._refuse_stranger(200)

    def _refuse_stranger(self, status: int) -> NoReturn:
        raise ClientError(
            f"what answers at {self.url} is no HiveBoard (status {status}); name another address with --url"
        )


def _reason(error: Exception) -> str:
    cause: object = getattr(error, "reason", None) or error
    if not isinstance(cause, BaseException):
        return str(cause)
    inner = cause.__cause__ or cause
    text = getattr(inner, "strerror", None) or str(inner).rpartition(": ")[2] or type(inner).__name__
    return str(text).lower() if str(text)[:1].isupper() else str(text)


@contextlib.contextmanager
def reporting() -> Iterator[None]:
    """Within it a ClientError ends the command with its one line."""
    try:
        yield
    except ClientError as error:
        raise fail(str(error)) from None
