"""The batch as typed structs: the fast way in, taken by every well-formed request."""

from __future__ import annotations

from typing import Annotated

import msgspec
from hiveloop.events import LIMITS
from msgspec import Meta, Raw, Struct

__all__ = [
    "MAX_ID",
    "WireBatch",
    "WireEnvelope",
    "WireEvent",
    "batch_decoder",
    "event_decoder",
    "outline_decoder",
]

#: Longest id of any kind, in characters.
MAX_ID = LIMITS["task_id"]

Id = Annotated[str, Meta(max_length=MAX_ID)]


class WireEnvelope(Struct, kw_only=True):
    """Who sends. Lengths are judged later: a long environment is shortened, not refused."""

    agent_id: str
    agent_type: str | None = None
    agent_version: str | None = None
    framework: str | None = None
    runtime: str | None = None
    sdk_version: str | None = None
    environment: str | None = None
    group: str | None = None


class WireEvent(Struct, kw_only=True, gc=False):
    """One event with the right types; unknown fields are ignored. ``payload`` stays as it came."""

    event_id: Annotated[str, Meta(min_length=1, max_length=MAX_ID)]
    timestamp: Annotated[str, Meta(min_length=1, max_length=64)]
    event_type: str
    agent_id: Id | None = None
    agent_type: Id | None = None
    project_id: Id | None = None
    task_id: Id | None = None
    task_type: Id | None = None
    task_run_id: Id | None = None
    correlation_id: Id | None = None
    action_id: Id | None = None
    parent_action_id: Id | None = None
    parent_event_id: Id | None = None
    severity: Id | None = None
    status: Id | None = None
    duration_ms: int | float | None = None
    payload: Raw = Raw(b"")


class WireBatch(Struct):
    """A request in which every event has the right types."""

    envelope: WireEnvelope
    events: list[WireEvent]


class _Outline(Struct):
    """The batch shape alone, for requests in which something is amiss."""

    envelope: Raw
    events: list[Raw]


batch_decoder = msgspec.json.Decoder(WireBatch)
event_decoder = msgspec.json.Decoder(WireEvent)
outline_decoder = msgspec.json.Decoder(_Outline)
