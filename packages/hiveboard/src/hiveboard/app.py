"""The application: services, routes, security headers and the safety boundary, assembled."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders
from starlette.routing import BaseRoute, Route, Router, WebSocketRoute

from .alerts.service import AlertService
from .auth import Gate
from .boundary import SafetyBoundary
from .headers import SECURITY_HEADERS
from .instant import now_us
from .live import Hub
from .pricing import PriceBook, load_overrides
from .retention import keep_retention
from .routes.catalogue import ENDPOINTS
from .routes.dashboard import Dashboard
from .routes.dispatch import PathDispatcher
from .routes.raw_path import RawPath
from .routes.table import Endpoint, Services
from .routes.websocket import StreamSocket, refuse_socket
from .settings import Settings
from .setup.prices import load_prices
from .store import StoreFailedError
from .store.opening import open_store
from .watch import watch_statuses

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["create_app", "make_services"]

_DASHBOARD_FOLDER = Path(__file__).parent / "dashboard" / "static"


def make_services(settings: Settings, clock: Callable[[], int] = now_us) -> Services:
    """Open the store and everything handlers need. Raises SettingsError and StoreFailedError."""
    hub = Hub(
        settings.limits.stream_ring_events, settings.limits.stream_clients, settings.limits.approval_waiters
    )
    prices = PriceBook(load_overrides(settings.prices) if settings.prices else None)
    store = open_store(settings.store, settings.limits, hub.publish)
    return Services(
        settings=settings,
        gate=Gate(settings, store, clock),
        prices=prices,
        hub=hub,
        store=store,
        alerts=AlertService(store, settings, clock, hub.newest_seq),
        clock=clock,
    )


def create_app(services: Services, dashboard_folder: Path = _DASHBOARD_FOLDER) -> SafetyBoundary:
    """The ASGI application. Its lifespan closes the store."""
    by_path: dict[str, list[Endpoint]] = {}
    for endpoint in ENDPOINTS:
        by_path.setdefault(endpoint.path, []).append(endpoint)
    routes: list[BaseRoute] = [
        Route(path, PathDispatcher(services, endpoints)) for path, endpoints in by_path.items()
    ]

    @contextlib.asynccontextmanager
    async def lifespan(app: object) -> AsyncIterator[None]:
        services.hub.bind(asyncio.get_running_loop())
        await services.gate.refresh()
        await load_prices(services.store, services.prices)
        guarding = asyncio.create_task(services.gate.watch())
        # The price table takes half a second of CPU: it loads while the first requests are answered.
        loading = asyncio.create_task(services.prices.ready())
        watching = asyncio.create_task(watch_statuses(services.store, services.hub, services.clock))
        alerting = asyncio.create_task(services.alerts.run())
        forgetting = asyncio.create_task(keep_retention(services.store, services.clock))
        yield
        services.hub.close()
        watching.cancel()
        guarding.cancel()
        alerting.cancel()
        forgetting.cancel()
        await asyncio.gather(loading, watching, guarding, alerting, forgetting, return_exceptions=True)
        with contextlib.suppress(StoreFailedError):
            await services.gate.note_uses()
        await services.store.close()

    routes.append(WebSocketRoute("/v1/stream", StreamSocket(services)))
    routes.append(WebSocketRoute("/{path:path}", refuse_socket))
    router = Router(routes, redirect_slashes=False, default=Dashboard(dashboard_folder), lifespan=lifespan)
    return SafetyBoundary(_SecurityHeaders(RawPath(router, by_path)))


class _SecurityHeaders:
    """Adds to every answer what keeps browsers from misusing it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers)
