"""What a route is: path, method, parameters, answer; and what a handler gets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, unquote

from msgspec import Struct
from starlette.convertors import Convertor, register_url_convertor

from hiveboard.auth import Caller, Gate
from hiveboard.instant import now_us
from hiveboard.live import Hub
from hiveboard.pricing import PriceBook
from hiveboard.settings import Settings
from hiveboard.store import Store

from .params import Param

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

__all__ = ["Context", "Endpoint", "IdConvertor", "Services"]


class Services(Struct):
    """What handlers work with; made once when the application starts."""

    settings: Settings
    gate: Gate
    prices: PriceBook
    hub: Hub
    store: Store
    clock: Callable[[], int] = now_us


class Context(NamedTuple):
    """One request: the services, who asks, the parameters by name (path and query)."""

    services: Services
    request: Request
    caller: Caller
    params: dict[str, Any]

    @property
    def store(self) -> Store:
        """The store."""
        return self.services.store

    @property
    def tenant(self) -> str:
        """The namespace the caller sees."""
        return self.caller.tenant


class Endpoint(NamedTuple):
    """One method of one path. A handler returns a struct (sent as JSON) or a response of its own."""

    method: str
    path: str
    handler: Callable[[Context], Awaitable[Any]]
    answer: Any
    summary: str
    params: tuple[Param, ...] = ()
    tag: str = "queries"
    public: bool = False
    writes: bool = False
    errors: tuple[int, ...] = ()
    media_type: str = "application/json"
    body: Any = None
    more_answers: tuple[tuple[int, Any, str], ...] = ()


Handler = Callable[[Context], "Awaitable[Struct | Response]"]


class IdConvertor(Convertor[str]):
    """``{name:id}`` in a path: any text, percent-encoded, and slashes that are not (Starlette's ``path`` ends at a line)."""

    regex = "(?s:.*)"

    def convert(self, value: str) -> str:
        """The id, decoded: see :class:`hiveboard.routes.raw_path.RawPath`."""
        return unquote(value)

    def to_string(self, value: str) -> str:
        """The id, so that it stands for itself in a path."""
        return quote(value, safe="")


register_url_convertor("id", IdConvertor())
