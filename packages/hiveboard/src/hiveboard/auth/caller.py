"""A caller: the namespace of a request and what it may do there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

__all__ = [
    "DEFAULT_TENANT",
    "EVERYTHING",
    "KEY_TYPES",
    "READS",
    "SCOPES",
    "Caller",
    "KeyType",
    "Need",
    "Scope",
    "is_tenant_name",
    "may_of",
    "namespace_of",
]

#: What a request needs a key for: to query, to tell (events, decisions), to change how the collector works; any good
#: key will do for ``any``.
Need = Literal["read", "write", "admin", "any"]
#: What a key was made for. ``admin`` includes the others.
Scope = Literal["ingest", "read", "admin"]
#: The word in a key's prefix.
KeyType = Literal["live", "test", "read"]

KEY_TYPES: tuple[KeyType, ...] = ("live", "test", "read")
SCOPES: tuple[Scope, ...] = ("ingest", "read", "admin")
READS: frozenset[Need] = frozenset(("read",))
EVERYTHING: frozenset[Need] = frozenset(("read", "write", "admin"))
#: The tenant of the keys given by ``--key``, and of everything in a store that knows no others.
DEFAULT_TENANT = "default"

_NEEDS: dict[Scope, frozenset[Need]] = {"ingest": frozenset(("write",)), "read": READS, "admin": EVERYTHING}
_TENANT_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


class Caller(Struct, frozen=True):
    """Who asks. ``tenant`` is the namespace all of the request's reading and writing happens in.

    ``workspace`` is the tenant's name as people know it, of which ``tenant`` is the live or the test namespace.
    ``name`` is the key's; ``proof`` tells the gate what to look up again (empty: nothing was shown).
    """

    tenant: str
    may: frozenset[Need]
    workspace: str = DEFAULT_TENANT
    is_test: bool = False
    key_id: str | None = None
    name: str = ""
    proof: bytes = b""


def is_tenant_name(name: str) -> bool:
    """Lower-case letters, digits and dashes, 1 to 63: safe in files, addresses and namespaces."""
    return _TENANT_NAME.fullmatch(name) is not None


def namespace_of(workspace: str, *, is_test: bool) -> str:
    """Where a tenant's events are kept. The default tenant's are ``live`` and ``test``, as they always were.

    No tenant name holds a colon, so that no two tenants share one.
    """
    kind = "test" if is_test else "live"
    return kind if workspace == DEFAULT_TENANT else f"{workspace}:{kind}"


def may_of(scopes: Iterable[Scope]) -> frozenset[Need]:
    """What the holder of some scopes may do."""
    return frozenset(need for scope in scopes for need in _NEEDS[scope])
