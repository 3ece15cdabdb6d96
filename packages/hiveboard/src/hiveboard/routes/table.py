"""What a route is: path, method, parameters, answer; and what a handler gets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import quote, unquote

from msgspec import Struct
from starlette.convertors import Convertor, register_url_convertor

from hiveboard.alerts.service import AlertService
from hiveboard.auth import Caller, Gate, Need
from hiveboard.instant import now_us
from hiveboard.live import Hub
from hiveboard.pricing import PriceBook
from hiveboard.settings import Settings
from hiveboard.store import Store

from .params import Param
from .request_body import read_json

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

T = TypeVar("T")

__all__ = ["Context", "Endpoint", "IdConvertor", "Services"]


class Services(Struct):
    """What handlers work with; made once when the application starts."""

    settings: Settings
    gate: Gate
    prices: PriceBook
    hub: Hub
    store: Store
    alerts: AlertService
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

    async def read(self, kind: type[T]) -> T:
        """The request's JSON as a struct. Raises the fitting 4xx that names the field and the fix."""
        return await read_json(self.request, kind, self.services.settings.limits)


class Endpoint(NamedTuple):
    """One method of one path. A handler returns a struct (sent as JSON) or a response of its own.

    ``needs`` is what the caller's key must allow; ``body`` the struct of the JSON a request carries, for ``context.read``;
    ``more_answers`` are (status, struct or None for no body, description); ``also`` names text media types in which the answer is given on demand.
    """

    method: str
    path: str
    handler: Callable[[Context], Awaitable[Any]]
    answer: Any
    summary: str
    params: tuple[Param, ...] = ()
    tag: str = "queries"
    public: bool = False
    needs: Need = "read"
    errors: tuple[int, ...] = ()
    media_type: str = "application/json"
    body: Any = None
    more_answers: tuple[tuple[int, Any, str], ...] = ()
    also: tuple[str, ...] = ()


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
