"""GET /v1/events/export: every event of a namespace, line by line, in the order it was stored."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from msgspec import Struct
from starlette.responses import Response, StreamingResponse

from hiveboard.projections.event_line import EventLine, event_line
from hiveboard.store import Store, StoreFailedError
from hiveboard.store.records import Origin, StoredEvent

from .params import instant, integer, text
from .table import Context, Endpoint

__all__ = ["ENDPOINTS"]

_MEDIA_TYPE = "application/x-ndjson"
_CHUNK = 1_000
_MOST_ORIGINS = 20_000


class ExportEnd(Struct, kw_only=True):
    """The last line of an export: how many events came before it, and the number it counted up to."""

    record: str = "end"
    events: int
    last_seq: int


async def export(context: Context) -> Response:
    """Stream what was stored until now. Without its last line, of the record ``end``, an export is not complete."""
    last = await context.store.last_seq()
    headers = {"X-HiveBoard-Last-Seq": str(last), "Cache-Control": "no-store"}
    if context.request.method == "HEAD":
        return Response(headers=headers, media_type=_MEDIA_TYPE)
    lines = _lines(context.store, context.tenant, context.params, last)
    return StreamingResponse(lines, headers=headers, media_type=_MEDIA_TYPE)


async def _lines(store: Store, tenant: str, params: dict[str, Any], last: int) -> AsyncIterator[bytes]:
    seq, origins = params["after"], dict[int, Origin]()
    sent = 0
    while seq < last:
        try:
            found = await store.events_after(tenant, seq, _CHUNK)
        except StoreFailedError:
            return
        found = [event for event in found if event.seq <= last]
        if not found:
            break
        seq = found[-1].seq
        chosen = [event for event in found if _is_wanted(event, params)]
        if len(origins) > _MOST_ORIGINS:
            origins.clear()
        unknown = {event.record.origin_id for event in chosen} - origins.keys()
        if unknown:
            origins.update(await store.origins(sorted(unknown)))
        chunk = await asyncio.to_thread(_encode, chosen, origins)
        sent += len(chosen)
        if chunk:
            yield chunk
    yield msgspec.json.encode(ExportEnd(events=sent, last_seq=last)) + b"\n"


def _encode(events: list[StoredEvent], origins: dict[int, Origin]) -> bytes:
    return b"".join(event_line(event, origins.get(event.record.origin_id, event.origin)) for event in events)


def _is_wanted(event: StoredEvent, params: dict[str, Any]) -> bool:
    record, since, until = event.record, params["since"], params["until"]
    return (
        (since is None or record.ts >= since)
        and (until is None or record.ts < until)
        and params["project_id"] in (None, record.project_id)
        and params["agent_id"] in (None, record.agent_id)
    )


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/events/export",
        export,
        EventLine,
        "Every event, heartbeats too, one JSON object a line (as described), in the order it was stored; the last "
        'line is `{"record": "end", "events": …, "last_seq": …}`.',
        (
            text("project_id", "Only this project."),
            text("agent_id", "Only this agent."),
            instant("since", "Happened at this time or later."),
            instant("until", "Happened before this time."),
            integer(
                "after",
                "Only events stored after this number (`seq`).",
                minimum=0,
                maximum=(1 << 62),
                default=0,
            ),
        ),
        media_type=_MEDIA_TYPE,
        errors=(400,),
    ),
)
