"""Whether revoking a key would leave its tenant without anybody to administer it."""

from __future__ import annotations

from hiveboard.store import Store

from .key import KeyRecord
from .keyring import list_keys

__all__ = ["is_last_admin"]


async def is_last_admin(store: Store, record: KeyRecord, now: int) -> bool:
    """Whether no other key at work has the scope admin. A test key administers the test namespace only."""
    if "admin" not in record.scopes or not record.is_active(now):
        return False
    return not any(
        other.key_id != record.key_id
        and "admin" in other.scopes
        and other.is_active(now)
        and (other.key_type != "test" or record.key_type == "test")
        for other in await list_keys(store, record.tenant)
    )
