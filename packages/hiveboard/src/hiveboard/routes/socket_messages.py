"""The messages of the live WebSocket: what a client may ask for, and which events and changes it wants to hear."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from hiveloop.events import SEVERITIES
from msgspec import Meta, Struct

from hiveboard.live import Notice
from hiveboard.projections.event_view import event_view
from hiveboard.store.records import StoredEvent

__all__ = ["CHANNELS", "Request", "Wish", "message", "read_request"]

CHANNELS = ("events", "agents")
Text = Annotated[str, Meta(max_length=256)]


class Filters(Struct, omit_defaults=True):
    """What a follower wants to hear of; all of them have to fit."""

    project_id: Text | None = None
    environment: Text | None = None
    group: Text | None = None
    agent_id: Text | None = None
    event_types: Annotated[list[Text], Meta(max_length=64)] = []
    min_severity: Text | None = None


class Request(Struct):
    """What a client says: ``subscribe`` replaces what it had, ``unsubscribe`` takes channels away, ``ping``."""

    action: Text = ""
    channels: Annotated[list[Text], Meta(max_length=16)] = []
    filters: Filters | None = None


_decode = msgspec.json.Decoder(Request).decode
_encode = msgspec.json.Encoder().encode


def read_request(raw: str | bytes) -> Request:
    """A message of a client. Raises ValueError with what is wrong with it."""
    try:
        return _decode(raw)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise ValueError("send one JSON object") from None


def message(kind: str, **fields: Any) -> str:
    """A message of the collector."""
    return _encode({"type": kind, **fields}).decode()


class Wish:
    """What one follower has subscribed to; nothing at first."""

    def __init__(self) -> None:
        self.channels: tuple[str, ...] = ()
        self.filters = Filters()

    def subscribe(self, request: Request) -> str:
        """Replace everything; channels nobody knows are left out. Returns the answer."""
        self.channels = tuple(channel for channel in CHANNELS if channel in request.channels)
        self.filters = request.filters or Filters()
        return message("subscribed", channels=self.channels, filters=self.filters)

    def unsubscribe(self, request: Request) -> str:
        """Take channels away. Returns the answer."""
        gone = [channel for channel in self.channels if channel in request.channels]
        self.channels = tuple(channel for channel in self.channels if channel not in gone)
        return message("unsubscribed", channels=gone)

    def of_event(self, event: StoredEvent) -> str | None:
        """``event.new`` when this event is wanted."""
        record, filters = event.record, self.filters
        wanted = (
            "events" in self.channels
            and filters.project_id in (None, record.project_id)
            and filters.agent_id in (None, record.agent_id)
            and filters.environment in (None, event.origin.environment)
            and filters.group in (None, event.origin.group)
            and (not filters.event_types or record.event_type in filters.event_types)
            and _rank(record.severity) >= _rank(filters.min_severity)
        )
        return message("event.new", data=event_view(event)) if wanted else None

    def of_notice(self, notice: Notice) -> str | None:
        """``agent.status_changed`` or ``agent.stuck`` when it is wanted."""
        if "agents" not in self.channels or not notice.name.startswith("agent."):
            return None
        told: dict[str, Any] = msgspec.json.decode(notice.data)
        filters = self.filters
        wanted = (
            filters.project_id in (None, told.get("current_project_id"))
            and filters.agent_id in (None, told.get("agent_id"))
            and filters.environment in (None, told.get("environment"))
            and filters.group in (None, told.get("group"))
        )
        return message(notice.name, data=told) if wanted else None


def _rank(severity: str | None) -> int:
    return SEVERITIES.index(severity) if severity in SEVERITIES else 0
