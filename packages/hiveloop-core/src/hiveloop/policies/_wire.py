"""The collector's policies, read: what an SDK does not know is left out and said once, never a reason to fail."""

from __future__ import annotations

import logging
from typing import Any

import msgspec

from hiveloop.errors import HiveLoopConfigError

from ._rules import Approval, Budget, Models, Policy, Rate, Tools

__all__ = ["read_policies"]

log = logging.getLogger("hiveloop")

_KINDS: dict[str, type[Policy]] = {cls.kind: cls for cls in (Budget, Rate, Tools, Models, Approval)}


class _Entry(msgspec.Struct):
    kind: str
    id: str
    action: str
    limit: dict[str, Any]
    name: str = ""
    reason: str = ""
    match: dict[str, Any] = {}


class _Answer(msgspec.Struct):
    policies: list[msgspec.Raw]


def read_policies(body: bytes) -> tuple[Policy, ...]:
    """The policies of an answer of ``GET /v1/policies``. Raises ``msgspec.DecodeError`` for what is no such answer."""
    entries = msgspec.json.decode(body, type=_Answer).policies
    return tuple(policy for entry in entries if (policy := _read(entry)) is not None)


def _read(raw: msgspec.Raw) -> Policy | None:
    try:
        entry = msgspec.json.decode(raw, type=_Entry)
        match = {name: entry.match.get(name) for name in ("agent", "type", "user_group")}
        given = {"action": entry.action, "reason": entry.reason, "name": entry.name, "id": entry.id}
        return _KINDS[entry.kind](**entry.limit, **match, **given)  # type: ignore[arg-type]
    except (msgspec.DecodeError, HiveLoopConfigError, KeyError, TypeError) as error:
        log.warning("a policy of the collector is not followed: %s: %s", type(error).__name__, error)
        return None
