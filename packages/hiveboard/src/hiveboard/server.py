"""Running the application: uvicorn with tight limits, on a socket that is bound before anything else."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import Callable

import uvicorn

from .app import create_app, make_services
from .boundary import SafetyBoundary
from .connection import Connection
from .live import Hub
from .settings import Settings

__all__ = ["bind", "configure", "make_server", "url_of"]

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


class _Server(uvicorn.Server):
    """Ends live streams first when told to stop; they would never end by themselves."""

    def __init__(self, config: uvicorn.Config, hub: Hub) -> None:
        super().__init__(config)
        self._hub = hub

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
    return uvicorn.Config(
        app,
        http=Connection,
        # Named because another loop would be taken where it is installed; this one is what we measured.
        loop="asyncio",
        log_level="warning",
        access_log=False,
        lifespan="on",
        ws="none",
        timeout_keep_alive=30,
        timeout_graceful_shutdown=5,
        server_header=False,
    )


def make_server(settings: Settings) -> uvicorn.Server:
    """A server that is ready to run, with its store open. Raises SettingsError and sqlite3.Error.

    ``run([listener])`` serves until told to stop (SIGINT, SIGTERM); what was accepted is written before it returns.
    """
    services = make_services(settings)
    app = create_app(services)
    # Batches are many short-lived objects without cycles: scanning them often is wasted work.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    return _Server(configure(app), services.hub)
