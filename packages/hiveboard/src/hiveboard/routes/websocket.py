"""WS /v1/stream: the published messages of the live connection, for clients that speak them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from hiveboard.auth import Caller
from hiveboard.auth.origin import require_own_origin
from hiveboard.errors import ApiError, NotFoundError
from hiveboard.instant import format_instant
from hiveboard.live import Subscriber
from hiveboard.store import StoreFailedError

from .dispatch import error_response
from .socket_messages import Wish, message, read_request
from .stream import read_on
from .table import Services

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

__all__ = ["StreamSocket", "refuse_socket"]

_FRAME_SECONDS = 0.1
_PING_SECONDS = 30.0
_MAX_MISTAKES = 20
#: Codes of a close: the collector stops; the client does not speak the language; its key is no longer good.
_GOING_AWAY, _POLICY, _KEY_ENDED = 1001, 1008, 4001


async def refuse_socket(socket: WebSocket) -> None:
    """Any path where no WebSocket is served."""
    await _refuse(socket, NotFoundError("there is no WebSocket at this address; the live one is /v1/stream"))


async def _refuse(socket: WebSocket, error: ApiError) -> None:
    # Published clients know 403 for a key that is not good.
    status = 403 if error.status == 401 else error.status
    refusal = ApiError(
        error.message, code=error.code, status=status, details=error.details, headers=error.headers
    )
    await socket.send_denial_response(error_response(refusal))


class StreamSocket:
    """Serves one client after the other; each has its own subscription and reads at its own pace."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one client until it leaves, its key ends, or the collector stops."""
        socket = WebSocket(scope, receive, send)
        token = socket.query_params.get("token")
        # A key in an address would end in logs; from here on nobody sees it.
        scope["query_string"] = b""
        services = self._services
        try:
            require_own_origin(socket)
            caller = await services.gate.identify(socket, needs="read", token=token)
            newest = services.hub.newest_seq()
            if newest is None:
                newest = await services.store.last_seq()
            subscriber = services.hub.subscribe(caller.tenant, newest)
        except ApiError as error:
            await _refuse(socket, error)
            return
        except StoreFailedError as error:
            await _refuse(
                socket, ApiError(f"the store cannot answer: {error}", code="store_unavailable", status=503)
            )
            return
        try:
            await self._serve(socket, caller, subscriber)
        finally:
            services.hub.unsubscribe(subscriber)

    async def _serve(self, socket: WebSocket, caller: Caller, subscriber: Subscriber) -> None:
        stop_listening = self._services.gate.on_end(caller, subscriber.end)
        wish = Wish()
        try:
            await socket.accept()
            tasks = {
                asyncio.create_task(self._hear(socket, wish)),
                asyncio.create_task(self._tell(socket, wish, subscriber)),
                asyncio.create_task(_ping(socket)),
            }
            done, others = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            for task in done:
                task.result()
        except (WebSocketDisconnect, OSError):
            return
        finally:
            stop_listening()

    async def _hear(self, socket: WebSocket, wish: Wish) -> None:
        """Answer what the client says. An action nobody knows is met with silence."""
        mistakes = 0
        while True:
            received = await socket.receive()
            if received["type"] == "websocket.disconnect":
                return
            try:
                request = read_request(received.get("text") or received.get("bytes") or "")
            except ValueError as error:
                mistakes += 1
                if mistakes > _MAX_MISTAKES:
                    await socket.close(_POLICY, "too many messages that cannot be read")
                    return
                await socket.send_text(message("error", error="invalid_message", message=str(error)))
                continue
            if request.action == "subscribe":
                await socket.send_text(wish.subscribe(request))
            elif request.action == "unsubscribe":
                await socket.send_text(wish.unsubscribe(request))
            elif request.action == "ping":
                await socket.send_text(message("pong", server_time=format_instant(self._services.clock())))

    async def _tell(self, socket: WebSocket, wish: Wish, subscriber: Subscriber) -> None:
        """Send what happens, as long as somebody may hear it."""
        services = self._services
        limit = services.settings.limits.stream_frame_events
        while not (services.hub.closed or subscriber.ended):
            events = await read_on(services.hub, services.store, subscriber, limit)
            told = [text for event in events if (text := wish.of_event(event)) is not None]
            if len(told) > limit:
                await socket.send_text(message("events.skipped", data={"skipped": len(told) - limit}))
            notices = services.hub.notices(subscriber)
            told = told[-limit:] + [text for one in notices if (text := wish.of_notice(one)) is not None]
            for text in told:
                await socket.send_text(text)
            if events or notices:
                # Everything that happens meanwhile is sent in one go.
                await asyncio.sleep(_FRAME_SECONDS)
            else:
                await subscriber.wake.wait()
        if socket.application_state is WebSocketState.CONNECTED:
            await socket.close(_KEY_ENDED if subscriber.ended else _GOING_AWAY)


async def _ping(socket: WebSocket) -> None:
    """Say something now and then, for clients that take silence for the end. Nobody has to answer."""
    while True:
        await asyncio.sleep(_PING_SECONDS)
        await socket.send_text(message("ping"))
