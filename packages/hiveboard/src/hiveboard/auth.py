"""Who asks: keys compared by hash, what each may do, and the namespace it sees."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from .errors import ApiError, ForbiddenError, UnauthorizedError
from .settings import Settings

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ["Caller", "Gate", "Need"]

LIVE, TEST = "live", "test"

#: What a request needs a key for: to query, to tell (events, decisions), to change how the collector works.
Need = Literal["read", "write", "admin"]

_READS: frozenset[Need] = frozenset(("read",))
_EVERYTHING: frozenset[Need] = frozenset(("read", "write", "admin"))
_REFUSALS = {
    "write": "an hb_read_ key can only query; send events with an hb_live_ or hb_test_ key",
    "admin": "this key may not change how the collector works; use one with the scope admin",
}


class Caller(Struct, frozen=True):
    """The namespace of a request, and what it may do."""

    tenant: str
    may: frozenset[Need]


class Gate:
    """Decides on every request under ``/v1``. Keys are kept as SHA-256 and compared in constant time."""

    def __init__(self, settings: Settings) -> None:
        self._known = [(_digest(key), _caller_of(key)) for key in settings.keys]

    @property
    def is_open(self) -> bool:
        """Whether no keys are configured: a collector for this machine alone."""
        return not self._known

    def identify(self, request: Request, *, needs: Need, public: bool = False) -> Caller:
        """The caller, or an error: 401 without a good key, 403 when the key may only read. Public paths ask for nothing."""
        if public:
            return Caller(LIVE, _READS)
        header = request.headers.get("authorization", "")
        if self.is_open:
            _require_local_name(request)
            if not header and needs == "read":
                return Caller(LIVE, _READS)
        scheme, _, key = header.partition(" ")
        key = key.strip()
        if scheme.lower() != "bearer" or not key.startswith("hb_"):
            raise UnauthorizedError("send your key as 'Authorization: Bearer hb_…'")
        caller = _caller_of(key) if self.is_open else self._lookup(key)
        if needs not in caller.may:
            raise ForbiddenError(_REFUSALS[needs])
        return caller

    def _lookup(self, key: str) -> Caller:
        digest = _digest(key)
        found = None
        for known, caller in self._known:
            if hmac.compare_digest(known, digest):
                found = caller
        if found is None:
            raise UnauthorizedError("this key is not known here")
        return found


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()


def _caller_of(key: str) -> Caller:
    return Caller(
        TEST if key.startswith("hb_test_") else LIVE, _READS if key.startswith("hb_read_") else _EVERYTHING
    )


def _require_local_name(request: Request) -> None:
    """Refuse a foreign Host: a web page that points its own name at 127.0.0.1 must not read this collector."""
    host = request.headers.get("host", "")
    name = host[: host.index("]") + 1] if host.startswith("[") and "]" in host else host.partition(":")[0]
    if name.lower() in ("localhost", "") or name.lower().endswith(".localhost"):
        return
    try:
        if ipaddress.ip_address(name.strip("[]")).is_loopback:
            return
    except ValueError:
        pass
    raise ApiError(
        f"without keys this collector answers to localhost only, not to {name[:64]!r}; start it with --key",
        code="misdirected_request",
        status=421,
    )
