"""Browser sessions: a cookie that scripts cannot read, of which the store keeps the SHA-256 and the key behind it."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from hiveboard.store import Document, Store

from .key import digest_of
from .keyring import EVERYONE

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

__all__ = [
    "CSRF_HEADER",
    "SESSION_SECONDS",
    "SessionRecord",
    "cookie_name",
    "csrf_token",
    "end_session",
    "find_session",
    "is_secure",
    "open_session",
    "token_of",
]

#: How long a session lasts, whether it is used or not.
SESSION_SECONDS = 7 * 24 * 3600
CSRF_HEADER = "x-csrf-token"
_SESSION = "session"
_MOST_PER_KEY = 100
_MOST = 100_000
_PORT = re.compile(r":(\d{1,5})$")


class SessionRecord(Struct, frozen=True):
    """What is kept of a session: the SHA-256 of the key it was opened with, and its times in microseconds since 1970."""

    key_digest: str
    created_at: int
    expires_at: int


def cookie_name(connection: HTTPConnection) -> str:
    """The cookie's name. Browsers keep one set of cookies for all ports of a machine, so the port is part of it."""
    port = _PORT.search(connection.headers.get("host", ""))
    return f"hiveboard_session_{port[1]}" if port else "hiveboard_session"


def is_secure(connection: HTTPConnection) -> bool:
    """Whether the browser came by https, here or at the proxy before us."""
    forwarded = connection.headers.get("x-forwarded-proto", "").partition(",")[0].strip()
    return "https" in (connection.scope.get("scheme"), forwarded)


def token_of(connection: HTTPConnection) -> str | None:
    """The session's token, where the request carries one."""
    return connection.cookies.get(cookie_name(connection)) if "cookie" in connection.headers else None


def csrf_token(token: str) -> str:
    """What the pages of a session send with every write; no other page can know it."""
    return hmac.new(token.encode("utf-8", "surrogateescape"), b"csrf", hashlib.sha256).hexdigest()


async def open_session(store: Store, key_digest: bytes, expires_at: int | None, now: int) -> str:
    """Begin a session: its token, for the cookie. Sessions that are over, and a key's oldest beyond a hundred, go."""
    mine: list[tuple[int, str]] = []
    for document in await store.documents(EVERYONE, _SESSION, _MOST):
        record = _read(document)
        if record.expires_at <= now:
            await store.delete_document(EVERYONE, _SESSION, document.id)
        elif record.key_digest == key_digest.hex():
            mine.append((record.created_at, document.id))
    for _, session_id in sorted(mine)[: max(0, len(mine) - _MOST_PER_KEY + 1)]:
        await store.delete_document(EVERYONE, _SESSION, session_id)
    token = secrets.token_urlsafe(32)
    end = now + SESSION_SECONDS * 1_000_000
    record = SessionRecord(key_digest.hex(), now, end if expires_at is None else min(end, expires_at))
    body = msgspec.json.encode(record)
    await store.put_document(EVERYONE, Document(_SESSION, digest_of(token).hex(), body, now))
    return token


async def find_session(store: Store, digest: bytes) -> SessionRecord | None:
    """The session whose token has a SHA-256."""
    document = await store.document(EVERYONE, _SESSION, digest.hex())
    return None if document is None else _read(document)


async def end_session(store: Store, digest: bytes) -> None:
    """Sign out."""
    await store.delete_document(EVERYONE, _SESSION, digest.hex())


def _read(document: Document) -> SessionRecord:
    return msgspec.json.decode(document.body, type=SessionRecord)
