"""From an ASGI request to a handler and back: method check, key check, parameters, JSON, error envelopes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from hiveboard.errors import ApiError, NotFoundError, StoreUnavailableError
from hiveboard.store import StoreFailedError

from .params import read_params
from .table import Context, Endpoint, Services

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

__all__ = ["PathDispatcher", "error_response", "not_found"]


def error_response(error: ApiError) -> Response:
    """The error envelope as a response."""
    return Response(error.body(), error.status, error.headers, media_type="application/json")


class PathDispatcher:
    """Serves all methods of one path."""

    def __init__(self, services: Services, endpoints: list[Endpoint]) -> None:
        self._services = services
        self._by_method = {endpoint.method: endpoint for endpoint in endpoints}
        if "GET" in self._by_method:
            self._by_method["HEAD"] = self._by_method["GET"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; every refusal is an error envelope."""
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except ApiError as error:
            response = error_response(error)
        except StoreFailedError as error:
            response = error_response(StoreUnavailableError(f"the store cannot answer: {error}"))
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        endpoint = self._by_method.get(request.method)
        if endpoint is None:
            allowed = ", ".join(sorted(self._by_method))
            raise ApiError(
                f"{request.method[:16]} is not possible here; use {allowed}",
                code="method_not_allowed",
                status=405,
                headers={"Allow": allowed},
            )
        caller = await self._services.gate.identify(request, needs=endpoint.needs, public=endpoint.public)
        params = {**request.path_params, **read_params(endpoint.params, request.query_params)}
        answer = await endpoint.handler(Context(self._services, request, caller, params))
        if isinstance(answer, Response):
            return answer
        return Response(
            msgspec.json.encode(answer), headers={"Cache-Control": "no-store"}, media_type="application/json"
        )


async def not_found(scope: Scope, receive: Receive, send: Send) -> None:
    """Any path that is not served."""
    error = NotFoundError("there is nothing at this address; GET /openapi.json lists what there is")
    await error_response(error)(scope, receive, send)
