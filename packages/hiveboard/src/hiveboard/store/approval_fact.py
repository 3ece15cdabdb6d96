"""What an approval event says: its fields, under ``data`` or flat in the payload as older agents send them."""

from __future__ import annotations

from typing import Any

from .values import dict_of, text_in

__all__ = ["approval_body", "approval_field"]

_FIELDS = ("summary", "approver", "reason", "decision", "approved_by")


def approval_field(payload: dict[str, Any] | None, name: str) -> str | None:
    """One field; None when it is absent or no text."""
    return text_in(dict_of((payload or {}).get("data")), name) or text_in(payload, name)


def approval_body(payload: dict[str, Any] | None) -> dict[str, str]:
    """The fields that are told, of those that people read."""
    return {name: value for name in _FIELDS if (value := approval_field(payload, name)) is not None}
