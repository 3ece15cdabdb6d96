"""The gate: decides on every request under ``/v1`` who asks, from where, and whether it may."""

from __future__ import annotations

import asyncio
import hmac
import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from hiveboard.errors import ForbiddenError, TooManyRequestsError, UnauthorizedError
from hiveboard.settings import Settings
from hiveboard.store import Store, StoreFailedError

from .bucket import FailedAttempts
from .caller import DEFAULT_TENANT, EVERYTHING, READS, Caller, Need, namespace_of
from .grants import FRESH_SECONDS, Grant, Grants, caller_of_prefix
from .key import digest_of
from .keyring import has_keys
from .origin import require_local_name, require_own_origin
from .session import CSRF_HEADER, SessionRecord, csrf_token, token_of

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

__all__ = ["HERE", "Gate"]

_USE_TICKS = 60
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_ANYBODY = Caller(namespace_of(DEFAULT_TENANT, is_test=False), READS)
#: Whoever is on this machine, where there are no keys.
HERE = Caller(namespace_of(DEFAULT_TENANT, is_test=False), EVERYTHING)
_REFUSALS = {
    "read": "this key may only send events; query with one that has the scope read",
    "write": "this key may only query (hb_read_, or the scope read); send events with one that has the scope ingest",
    "admin": "this key may not change how the collector works; use one with the scope admin",
}


class Gate:
    """Keys and sessions are known by SHA-256 only. Without any key the collector is open to this machine alone."""

    def __init__(self, settings: Settings, store: Store, clock: Callable[[], int]) -> None:
        self._store = store
        self._grants = Grants(settings.keys, store, settings.limits, clock)
        self._failed = FailedAttempts(
            settings.limits.failed_keys_per_minute, settings.limits.failed_keys_burst
        )
        #: Keys given on the command line or in the environment; these administer the default tenant.
        self.has_fixed_keys = bool(settings.keys)
        self._open = not settings.keys
        self._followers: dict[int, tuple[bytes, Callable[[], None]]] = {}
        self._last_follower = 0
        #: One revocation at a time, so that of the last two admins each is not taken for the other's successor.
        self.revoking = asyncio.Lock()

    @property
    def is_open(self) -> bool:
        """Whether there are no keys: a collector for this machine alone. Once a key was made it is closed for good."""
        return self._open

    async def identify(
        self, connection: HTTPConnection, *, needs: Need, public: bool = False, token: str | None = None
    ) -> Caller:
        """The caller, or the error to answer with: 401 without a good key, 403 when it may not, 429 when too often.

        ``token`` is a key that came otherwise than in the header Authorization. Public paths ask for nothing.
        """
        if public:
            return _ANYBODY
        shown = f"Bearer {token}" if token is not None else connection.headers.get("authorization", "")
        if self._open:
            caller = self._neighbour(connection, shown)
            return _allowed(caller, needs)
        if shown:
            grant = await self._by_key(_bearer(shown), _address_of(connection))
            caller = grant.caller
        else:
            grant, caller = await self._by_cookie(connection)
        grant.used = True
        wait = 0.0 if grant.bucket is None else grant.bucket.take(time.monotonic())
        if wait:
            raise TooManyRequestsError("this key makes too many requests; slow down", math.ceil(wait))
        return _allowed(caller, needs)

    def _neighbour(self, connection: HTTPConnection, shown: str) -> Caller:
        """Somebody on this machine; web pages of others must not be."""
        require_local_name(connection)
        require_own_origin(connection)
        if shown:
            return caller_of_prefix(_bearer(shown))
        # No page can set this header on a request to another origin without asking first, and is then refused.
        if (
            connection.scope.get("method") not in (*_SAFE_METHODS, None)
            and CSRF_HEADER not in connection.headers
        ):
            raise UnauthorizedError(
                "send a key as 'Authorization: Bearer hb_…' (any will do while there is none), or the header X-CSRF-Token"
            )
        return HERE

    async def _by_key(self, key: str, address: str) -> Grant:
        digest = digest_of(key)
        now = time.monotonic()
        wait = self._failed.wait(address, now)
        if wait:
            known = self._grants.known(digest)
            # Those who worked from there before go on working, whatever others behind the same address try.
            if known is None or address not in known.addresses:
                raise TooManyRequestsError("too many wrong keys came from this address", wait)
        grant = await self._grants.by_key(digest)
        if grant is None:
            self._failed.note(address, now)
            raise UnauthorizedError("this key is not known here, was revoked, or has expired")
        grant.came_from(address)
        return grant

    async def _by_cookie(self, connection: HTTPConnection) -> tuple[Grant, Caller]:
        token = token_of(connection)
        if token is None:
            raise UnauthorizedError("send your key as 'Authorization: Bearer hb_…'")
        found = await self._grants.by_session(digest_of(token))
        if found is None:
            raise UnauthorizedError("this session is over; sign in again")
        grant, caller, _ = found
        method = connection.scope.get("method")
        # A socket has no method and can send no header of ours: there the Origin must be told, and be ours.
        require_own_origin(connection, always=method is None)
        if method is not None and method not in _SAFE_METHODS:
            given = connection.headers.get(CSRF_HEADER, "").encode()
            if not hmac.compare_digest(given, csrf_token(token).encode()):
                raise ForbiddenError(
                    "send the session's csrf_token (GET /v1/session) as X-CSRF-Token",
                    code="csrf_token_missing",
                )
        return grant, caller

    async def admit(self, key: str, connection: HTTPConnection) -> Grant:
        """The key somebody signs in with. Raises as :meth:`identify` does."""
        return await self._by_key(_bearer(f"Bearer {key}"), _address_of(connection))

    async def session(self, token: str) -> tuple[Caller, SessionRecord] | None:
        """The session of a token, None when it is over."""
        found = await self._grants.by_session(digest_of(token))
        return None if found is None else (found[1], found[2])

    def on_end(self, caller: Caller, tell: Callable[[], None]) -> Callable[[], None]:
        """Call ``tell`` once the caller's key or session is no longer good. Returns what takes that back."""
        self._last_follower += 1
        number = self._last_follower
        self._followers[number] = (caller.proof, tell)

        def forget() -> None:
            self._followers.pop(number, None)

        return forget

    async def refresh(self) -> None:
        """Learn what changed in the store, and tell those whose key or session ended. Raises StoreFailedError."""
        if self._open and await has_keys(self._store):
            self._open = False
        good: dict[bytes, bool] = {b"": self._open}
        for number, (proof, tell) in [*self._followers.items()]:
            if proof not in good:
                good[proof] = await self._grants.is_good(proof)
            if not good[proof] and number in self._followers:
                del self._followers[number]
                tell()

    async def changed(self) -> None:
        """Keys or sessions were changed here: what was known of them is looked up again."""
        self._grants.expire()
        await self.refresh()

    async def note_uses(self) -> None:
        """Write down when keys were last used. Raises StoreFailedError."""
        await self._grants.note_uses()

    async def watch(self) -> None:
        """Keep up with the store until cancelled."""
        tick = 0
        while True:
            await asyncio.sleep(FRESH_SECONDS)
            tick += 1
            try:
                await self.refresh()
                if tick % _USE_TICKS == 0:
                    await self.note_uses()
            except StoreFailedError:
                continue


def _allowed(caller: Caller, needs: Need) -> Caller:
    if needs != "any" and needs not in caller.may:
        raise ForbiddenError(_REFUSALS[needs])
    return caller


def _bearer(shown: str) -> str:
    scheme, _, key = shown.partition(" ")
    key = key.strip()
    if scheme.lower() != "bearer" or not key.startswith("hb_"):
        raise UnauthorizedError("send your key as 'Authorization: Bearer hb_…'")
    return key


def _address_of(connection: HTTPConnection) -> str:
    return connection.client.host if connection.client else ""
