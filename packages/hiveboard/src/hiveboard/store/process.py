"""Which process sent an event, as its payload or the header of its batch names it."""

from __future__ import annotations

from typing import Any

from .values import dict_of, text_in

__all__ = ["header_process", "payload_process"]

_MAX_PROCESS = 256


def payload_process(payload: dict[str, Any] | None) -> str | None:
    """The process that ``hiveloop.process`` of a payload names: those of heartbeats and task starts do."""
    if payload is None or "hiveloop" not in payload:
        return None
    name = text_in(dict_of(payload["hiveloop"]), "process")
    return None if name is None else name[:_MAX_PROCESS]


def header_process(header: str | None) -> str | None:
    """The process that the header ``X-HiveLoop-Client: <process>:<number of the batch>`` names; None without one."""
    name = (header or "").rpartition(":")[0].strip()
    return name[:_MAX_PROCESS] or None
