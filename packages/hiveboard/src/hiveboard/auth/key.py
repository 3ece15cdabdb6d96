"""A key: how it is made, what is kept of it, and what its prefix says."""

from __future__ import annotations

import hashlib
import secrets
import string

from msgspec import Struct

from .caller import KeyType, Scope

__all__ = ["KeyRecord", "digest_of", "key_type_of", "mint"]

_LETTERS = string.ascii_letters + string.digits
_RANDOM_CHARACTERS = 32
_SHOWN_CHARACTERS = 4


class KeyRecord(Struct, frozen=True, kw_only=True):
    """All that is kept of a key: of itself only its SHA-256, and the first characters, so that people know it again.

    Times are microseconds since 1970. ``key_id`` begins the SHA-256.
    """

    key_id: str
    prefix: str
    key_type: KeyType
    tenant: str
    name: str
    scopes: tuple[Scope, ...]
    created_at: int
    created_by: str | None = None
    expires_at: int | None = None
    revoked_at: int | None = None

    def is_active(self, now: int) -> bool:
        """Whether it opens anything."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def mint(key_type: KeyType) -> tuple[str, str]:
    """A new key with 190 random bits, and as much of it as may be shown."""
    start = f"hb_{key_type}_"
    key = start + "".join(secrets.choice(_LETTERS) for _ in range(_RANDOM_CHARACTERS))
    return key, key[: len(start) + _SHOWN_CHARACTERS]


def digest_of(secret: str) -> bytes:
    """The SHA-256 of a key or a session's token. Both are random, so that a plain hash cannot be searched."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()


def key_type_of(key: str) -> KeyType:
    """What a key's prefix says; any other ``hb_`` key is taken for a live one."""
    if key.startswith("hb_test_"):
        return "test"
    return "read" if key.startswith("hb_read_") else "live"
