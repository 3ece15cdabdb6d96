"""GET /v1/stream: events and status changes as they happen, as server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from starlette.responses import Response

from hiveboard.errors import BadRequestError
from hiveboard.live import Hub, Subscriber
from hiveboard.projections.event_view import EventView, event_view
from hiveboard.store import Store, StoreFailedError
from hiveboard.store.records import StoredEvent

from .params import flag, text
from .table import Context, Endpoint

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

__all__ = ["ENDPOINTS", "Skipped", "read_on"]

_FRAME_SECONDS = 0.1
_PING_SECONDS = 15.0
_SEND_SECONDS = 10.0
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class Skipped(Struct):
    """Data of ``events.skipped``: more happened than is shown one by one; ask ``/v1/events`` for the rest."""

    skipped: int
    resume_from: int


class EventStream(Response):
    """Sends frames until the client leaves, falls too far behind, or the collector stops."""

    media_type = "text/event-stream"

    def __init__(self, frames: AsyncIterator[bytes], leave: Callable[[], None]) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._frames = frames
        self._leave = leave

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream; a client that does not take a frame within ten seconds is dropped and may resume."""
        try:
            await self._stream(scope, receive, send)
        finally:
            self._leave()

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body", "body": b""})
            return
        left = asyncio.create_task(_until_gone(receive))
        try:
            async for frame in self._frames:
                if left.done():
                    return
                async with asyncio.timeout(_SEND_SECONDS):
                    await send({"type": "http.response.body", "body": frame, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        except (TimeoutError, OSError):
            return
        finally:
            left.cancel()
            await self._frames.aclose()  # type: ignore[attr-defined]


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def stream(context: Context) -> EventStream:
    """Follow the tenant's events from now, or from ``Last-Event-ID`` on."""
    services = context.services
    last = context.request.headers.get("last-event-id") or context.params["last_event_id"]
    newest = services.hub.newest_seq()
    if newest is None:
        newest = await services.store.last_seq()
    seq = newest
    if last is not None:
        if not (last.isascii() and last.isdigit() and len(last) < 19):
            fix = "send the id of the last event received"
            raise BadRequestError(f"Last-Event-ID: {fix}", details={"field": "Last-Event-ID", "fix": fix})
        seq = min(int(last), newest)
    subscriber = services.hub.subscribe(context.tenant, seq)
    stop_listening = services.gate.on_end(context.caller, subscriber.end)

    def leave() -> None:
        stop_listening()
        services.hub.unsubscribe(subscriber)

    limit = services.settings.limits.stream_frame_events
    frames = _frames(services.hub, services.store, subscriber, limit, not context.params["heartbeats"])
    return EventStream(frames, leave)


async def _frames(
    hub: Hub, store: Store, subscriber: Subscriber, limit: int, exclude_heartbeats: bool
) -> AsyncIterator[bytes]:
    yield b"retry: 2000\n: connected\n\n"
    while not (hub.closed or subscriber.ended):
        frame = await _next_frame(hub, store, subscriber, limit, exclude_heartbeats)
        if frame:
            yield frame
            # Everything that happens meanwhile goes into the next frame.
            await asyncio.sleep(_FRAME_SECONDS)
            continue
        try:
            async with asyncio.timeout(_PING_SECONDS):
                await subscriber.wake.wait()
        except TimeoutError:
            yield b": ping\n\n"


async def read_on(hub: Hub, store: Store, subscriber: Subscriber, limit: int) -> list[StoredEvent]:
    """What happened since the follower read last; from the store at most ``limit`` at a time, and then there is more."""
    subscriber.wake.clear()
    found = hub.after(subscriber.tenant, subscriber.seq)
    if found is None:
        try:
            found = await store.events_after(subscriber.tenant, subscriber.seq, limit)
        except StoreFailedError:
            return []
        if len(found) == limit:
            subscriber.wake.set()
    if found:
        subscriber.seq = found[-1].seq
    return found


async def _next_frame(
    hub: Hub, store: Store, subscriber: Subscriber, limit: int, exclude_heartbeats: bool
) -> bytes:
    frame = bytearray()
    found = await read_on(hub, store, subscriber, limit)
    shown = [event for event in found if not (exclude_heartbeats and event.record.event_type == "heartbeat")]
    if len(shown) > limit:
        skipped = Skipped(len(shown) - limit, shown[-limit - 1].seq)
        frame += _message("events.skipped", msgspec.json.encode(skipped), skipped.resume_from)
        shown = shown[-limit:]
    frame += b"".join(_event_message(event) for event in shown)
    for notice in hub.notices(subscriber):
        frame += _message(notice.name, notice.data)
    return bytes(frame)


def _event_message(event: StoredEvent) -> bytes:
    return _message("event.new", msgspec.json.encode(event_view(event)), event.seq)


def _message(name: str, data: bytes, seq: int | None = None) -> bytes:
    # A payload is kept as it was sent and may span lines; an SSE field may not.
    data = b"\ndata: ".join(data.splitlines())
    prefix = b"" if seq is None else f"id: {seq}\n".encode()
    return prefix + f"event: {name}\ndata: ".encode() + data + b"\n\n"


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/stream",
        stream,
        EventView,
        "Server-sent events: `event.new` (data as described, id is its `seq`), `agent.status_changed`, `agent.stuck`, "
        "`events.skipped`. Resumes after the id in the header `Last-Event-ID`.",
        (
            text("last_event_id", "For clients that cannot send the header Last-Event-ID.", max_length=19),
            flag("heartbeats", "Send heartbeats too.", default=False),
        ),
        tag="live",
        errors=(400, 429),
        media_type="text/event-stream",
    ),
)
