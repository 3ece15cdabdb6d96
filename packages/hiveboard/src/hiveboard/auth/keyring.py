"""The keys in a store: made, listed, found, revoked. They are documents of a namespace that no tenant has."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from hiveboard.store import Document, Store

from .caller import KeyType, Scope
from .key import KeyRecord, digest_of, mint

__all__ = [
    "EVERYONE",
    "KEYS_PER_TENANT",
    "LastUse",
    "create_key",
    "find_by_digest",
    "find_by_id",
    "has_keys",
    "last_uses",
    "list_keys",
    "note_use",
    "revoke_key",
]

#: The namespace of what belongs to no tenant; no tenant can be called so.
EVERYONE = "*"
#: A tenant's keys, revoked and expired ones included: of those the oldest make room for new ones.
KEYS_PER_TENANT = 1_000
_KEY, _USE = "api_key", "api_key_use"
_ID_CHARACTERS = 16
_MOST = 100_000


class LastUse(Struct, frozen=True):
    """When a key was last used; kept apart from the key, so that noting it can never undo a revocation."""

    last_used_at: int


async def create_key(
    store: Store,
    *,
    key_type: KeyType,
    tenant: str,
    name: str,
    scopes: tuple[Scope, ...],
    expires_at: int | None,
    created_by: str | None,
    now: int,
) -> tuple[str, KeyRecord] | None:
    """Make a key: the key itself, which nobody can ask for again, and its record. None when the tenant has too many."""
    existing = await list_keys(store, tenant)
    if len(existing) >= KEYS_PER_TENANT:
        dead = [record for record in existing if not record.is_active(now)]
        if not dead:
            return None
        oldest = min(dead, key=lambda record: record.created_at)
        await _forget(store, oldest.key_id)
    key, prefix = mint(key_type)
    digest = digest_of(key).hex()
    record = KeyRecord(
        key_id=digest[:_ID_CHARACTERS],
        prefix=prefix,
        key_type=key_type,
        tenant=tenant,
        name=name,
        scopes=scopes,
        created_at=now,
        created_by=created_by,
        expires_at=expires_at,
    )
    await _put(store, digest, record, now)
    return key, record


async def has_keys(store: Store) -> bool:
    """Whether a key was ever made in this store; revoked ones count, so that revoking the last opens nothing."""
    return bool(await store.documents(EVERYONE, _KEY, 1))


async def list_keys(store: Store, tenant: str | None = None) -> list[KeyRecord]:
    """All keys, or those of one tenant, the newest first."""
    records = [_read(document) for document in await store.documents(EVERYONE, _KEY, _MOST)]
    kept = [record for record in records if tenant is None or record.tenant == tenant]
    return sorted(kept, key=lambda record: (record.created_at, record.key_id), reverse=True)


async def find_by_digest(store: Store, digest: bytes) -> KeyRecord | None:
    """The key with a SHA-256."""
    document = await store.document(EVERYONE, _KEY, digest.hex())
    return None if document is None else _read(document)


async def find_by_id(store: Store, key_id: str) -> tuple[str, KeyRecord] | None:
    """The key that is listed under an id, and its SHA-256 in hexadecimal digits."""
    if len(key_id) != _ID_CHARACTERS or set(key_id) - set("0123456789abcdef"):
        return None
    # The greatest id below "…g" is the one that begins with key_id, if any does.
    for document in await store.documents(EVERYONE, _KEY, 1, key_id + "g"):
        if document.id.startswith(key_id):
            return document.id, _read(document)
    return None


async def revoke_key(store: Store, key_id: str, now: int) -> KeyRecord | None:
    """End a key; None when there is none of that id. One that was revoked before keeps its time."""
    found = await find_by_id(store, key_id)
    if found is None:
        return None

    def revoked(document: Document | None) -> Document | None:
        record = None if document is None else _read(document)
        if record is None or record.revoked_at is not None:
            return None
        ended = msgspec.structs.replace(record, revoked_at=now)
        return Document(_KEY, found[0], msgspec.json.encode(ended), now)

    stored = await store.change_document(EVERYONE, _KEY, found[0], revoked)
    return None if stored is None else _read(stored)


async def last_uses(store: Store) -> dict[str, int]:
    """When keys were last used, by key id."""
    return {
        document.id: msgspec.json.decode(document.body, type=LastUse).last_used_at
        for document in await store.documents(EVERYONE, _USE, _MOST)
    }


async def note_use(store: Store, key_id: str, now: int) -> None:
    """Keep that a key was used."""
    await store.put_document(EVERYONE, Document(_USE, key_id, msgspec.json.encode(LastUse(now)), now))


async def _put(store: Store, digest: str, record: KeyRecord, now: int) -> None:
    await store.put_document(EVERYONE, Document(_KEY, digest, msgspec.json.encode(record), now))


async def _forget(store: Store, key_id: str) -> None:
    found = await find_by_id(store, key_id)
    if found is not None:
        await store.delete_document(EVERYONE, _KEY, found[0])
        await store.delete_document(EVERYONE, _USE, key_id)


def _read(document: Document) -> KeyRecord:
    return msgspec.json.decode(document.body, type=KeyRecord)
