"""Keys and sessions that were found good: remembered for half a second, then looked up again."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Iterable

import msgspec

from hiveboard.settings import Limits
from hiveboard.store import Store

from .bucket import Bucket
from .caller import DEFAULT_TENANT, EVERYTHING, READS, Caller, may_of, namespace_of
from .key import digest_of, key_type_of
from .keyring import find_by_digest, note_use
from .session import SessionRecord, find_session

__all__ = ["FRESH_SECONDS", "Grant", "Grants", "caller_of_prefix"]

#: A revocation, also one by another process on the same file, is noticed within this time and one lookup.
FRESH_SECONDS = 0.5
_MAX_ADDRESSES = 1_000
_MAX_SESSIONS = 10_000

_KEY_PROOF, _SESSION_PROOF = b"k", b"s"


def caller_of_prefix(key: str) -> Caller:
    """The caller that a key of the default tenant stands for where only its prefix says what it may do."""
    kind = key_type_of(key)
    is_test = kind == "test"
    may = READS if kind == "read" else EVERYTHING
    return Caller(namespace_of(DEFAULT_TENANT, is_test=is_test), may, DEFAULT_TENANT, is_test)


class Grant:
    """A key that opened something: its caller, its allowance, and the addresses it came from."""

    __slots__ = ("addresses", "bucket", "caller", "checked", "digest", "expires_at", "used")

    def __init__(self, caller: Caller, digest: bytes, expires_at: int | None, bucket: Bucket | None) -> None:
        self.caller, self.digest, self.expires_at, self.bucket = caller, digest, expires_at, bucket
        self.checked = 0.0
        self.used = False
        self.addresses: set[str] = set()

    def came_from(self, address: str) -> None:
        """Remember that the key was good from there."""
        if address not in self.addresses and len(self.addresses) < _MAX_ADDRESSES:
            self.addresses.add(address)


class _Session:
    __slots__ = ("caller", "checked", "record")

    def __init__(self, record: SessionRecord, caller: Caller, checked: float) -> None:
        self.record, self.caller, self.checked = record, caller, checked


class Grants:
    """Looks keys and sessions up by the SHA-256 of their secret. Raises StoreFailedError."""

    def __init__(self, fixed: Iterable[str], store: Store, limits: Limits, clock: Callable[[], int]) -> None:
        self._store, self._limits, self._clock = store, limits, clock
        self._keys: dict[bytes, Grant] = {}
        self._sessions: dict[bytes, _Session] = {}
        for key in fixed:
            digest = digest_of(key)
            caller = msgspec.structs.replace(caller_of_prefix(key), proof=_KEY_PROOF + digest)
            grant = Grant(caller, digest, None, self._bucket())
            grant.checked = float("inf")
            self._keys[digest] = grant

    def known(self, digest: bytes) -> Grant | None:
        """The key, if it was found good before; it may have ended since."""
        return self._keys.get(digest)

    async def by_key(self, digest: bytes) -> Grant | None:
        """The key with a SHA-256, if it is good now."""
        grant = self._keys.get(digest)
        now = time.monotonic()
        if grant is None or now - grant.checked >= FRESH_SECONDS:
            if grant is not None:
                # Those who come while it is looked up go by what was known.
                grant.checked = now
            grant = await self._look_up(digest, grant, now)
        if grant is None or not hmac.compare_digest(grant.digest, digest):
            return None
        if grant.expires_at is not None and self._clock() >= grant.expires_at:
            return None
        return grant

    async def _look_up(self, digest: bytes, known: Grant | None, now: float) -> Grant | None:
        record = await find_by_digest(self._store, digest)
        if record is None or record.revoked_at is not None:
            self._keys.pop(digest, None)
            return None
        if known is not None:
            return known
        is_test = record.key_type == "test"
        caller = Caller(
            tenant=namespace_of(record.tenant, is_test=is_test),
            may=may_of(record.scopes),
            workspace=record.tenant,
            is_test=is_test,
            key_id=record.key_id,
            name=record.name,
            proof=_KEY_PROOF + digest,
        )
        # Another request may have been here meanwhile; there is one allowance for a key.
        grant = self._keys.setdefault(digest, Grant(caller, digest, record.expires_at, self._bucket()))
        grant.checked = now
        return grant

    async def by_session(self, digest: bytes) -> tuple[Grant, Caller, SessionRecord] | None:
        """The session with a SHA-256, if it and the key behind it are good now."""
        session = self._sessions.get(digest)
        now = time.monotonic()
        if session is None or now - session.checked >= FRESH_SECONDS:
            record = await find_session(self._store, digest)
            grant = None if record is None else await self.by_key(bytes.fromhex(record.key_digest))
            if record is None or grant is None:
                self._sessions.pop(digest, None)
                return None
            caller = msgspec.structs.replace(grant.caller, proof=_SESSION_PROOF + digest)
            session = _Session(record, caller, now)
            while len(self._sessions) >= _MAX_SESSIONS:
                del self._sessions[next(iter(self._sessions))]
            self._sessions[digest] = session
        else:
            grant = await self.by_key(bytes.fromhex(session.record.key_digest))
        if grant is None or self._clock() >= session.record.expires_at:
            return None
        return grant, session.caller, session.record

    async def is_good(self, proof: bytes) -> bool:
        """Whether a caller's proof would still be taken."""
        find = self.by_session if proof.startswith(_SESSION_PROOF) else self.by_key
        return await find(proof[1:]) is not None

    def expire(self) -> None:
        """Have everything looked up again: something was changed here."""
        self._sessions.clear()
        for grant in self._keys.values():
            if grant.caller.key_id is not None:
                grant.checked = 0.0

    async def note_uses(self) -> None:
        """Write down which keys were used since the last time."""
        for grant in [one for one in self._keys.values() if one.used]:
            grant.used = False
            if grant.caller.key_id is not None:
                await note_use(self._store, grant.caller.key_id, self._clock())

    def _bucket(self) -> Bucket | None:
        per_second = self._limits.key_requests_per_second
        if not per_second:
            return None
        burst = max(1.0, per_second * self._limits.key_burst_seconds)
        return Bucket(per_second, burst, time.monotonic())
