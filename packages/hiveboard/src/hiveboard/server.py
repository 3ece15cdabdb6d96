"""Running the application: uvicorn with tight limits, on a socket that is bound before anything else."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import Callable
from pathlib import Path

import uvicorn

from . import scrubbing
from .app import create_app, make_services
from .boundary import SafetyBoundary
from .connection import Connection
from .routes.table import Services
from .settings import Settings, SettingsError
from .socket_connection import MAX_MESSAGE_BYTES, PING_SECONDS, SocketConnection
from .store import StoreFailedError

__all__ = ["Server", "bind", "configure", "make_server", "url_of"]

#: When stopping: how long a client may leave an answer unread, and how long a request may still take.
_UNREAD_SECONDS = 0.5
_GRACE_SECONDS = 4.0


def bind(settings: Settings) -> socket.socket:
    """A listening socket. Raises OSError when the address is taken."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # The protocol is named because asyncio sets TCP_NODELAY only then: without it every answer waits 40 ms for an ACK.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host.strip("[]"), settings.port))
    except OSError:
        listener.close()
        raise
    listener.listen(512)
    return listener


def url_of(listener: socket.socket) -> str:
    """The address to open in a browser."""
    host, port = listener.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port}"


class Server(uvicorn.Server):
    """Ends live streams first when told to stop; they would never end by themselves."""

    def __init__(self, config: uvicorn.Config, services: Services) -> None:
        super().__init__(config)
        self._hub = services.hub
        self._gate = services.gate

    @property
    def is_open(self) -> bool:
        """Whether it asks nobody for a key, because there is none."""
        return self._gate.is_open

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._hub.close()
        cutting = asyncio.create_task(self._cut_off())
        try:
            await super().shutdown(sockets)
        finally:
            cutting.cancel()

    async def _cut_off(self) -> None:
        """Let go of clients that would hold the process up: soon those that do not take what was written for them,
        in the end everyone. A client that is cut off is told by its connection; a cancelled task would only log."""
        await asyncio.sleep(_UNREAD_SECONDS)
        self._abort(lambda transport: transport.get_write_buffer_size() > 0)
        await asyncio.sleep(_GRACE_SECONDS - _UNREAD_SECONDS)
        self._abort(lambda transport: True)

    def _abort(self, chosen: Callable[[asyncio.WriteTransport], bool]) -> None:
        for connection in list(self.server_state.connections):
            transport = getattr(connection, "transport", None)
            if isinstance(transport, asyncio.WriteTransport) and chosen(transport):
                transport.abort()


def configure(app: SafetyBoundary) -> uvicorn.Config:
    """How the application is served, here and in tests."""
    scrubbing.install()
    return uvicorn.Config(
        app,
        http=Connection,
        # Named because another loop would be taken where it is installed; this one is what we measured.
        loop="asyncio",
        log_level="warning",
        access_log=False,
        lifespan="on",
        ws=SocketConnection,
        ws_max_size=MAX_MESSAGE_BYTES,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PING_SECONDS,
        ws_per_message_deflate=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=5,
        server_header=False,
    )


def _nobody_could_enter(settings: Settings) -> SettingsError:
    return SettingsError(
        f"{settings.host} can be reached from other machines, so a key is required: make one with "
        f"'hiveboard keys create --store {settings.store}', add --key hb_live_… (or set HIVEBOARD_KEY), "
        "or listen on 127.0.0.1"
    )


async def _look_for_keys(services: Services) -> None:
    """Learn whether the store holds keys. Raises SettingsError, with the store closed, where one is missing."""
    try:
        await services.gate.refresh()
        if services.gate.is_open and services.settings.needs_stored_key:
            raise _nobody_could_enter(services.settings)
    except StoreFailedError as error:
        await services.store.close()
        raise SettingsError(f"the store cannot be read: {error}") from None
    except SettingsError:
        await services.store.close()
        raise


def make_server(settings: Settings) -> Server:
    """A server that is ready to run, with its store open. Raises SettingsError and StoreFailedError.

    ``run([listener])`` serves until told to stop (SIGINT, SIGTERM); what was accepted is written before it returns.
    """
    has_file = isinstance(settings.store, Path) and settings.store.is_file()
    if settings.needs_stored_key and not has_file:
        raise _nobody_could_enter(settings)
    services = make_services(settings)
    asyncio.run(_look_for_keys(services))
    app = create_app(services)
    # Batches are many short-lived objects without cycles: scanning them often is wasted work.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    return Server(configure(app), services)
