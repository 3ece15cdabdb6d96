"""Is the collector alive, and what can it answer."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
from msgspec import Struct
from starlette.responses import Response

from hiveboard import __version__
from hiveboard.ingest.body import ACCEPTED_ENCODINGS

from .table import Context, Endpoint

__all__ = ["ENDPOINTS"]


class Health(Struct):
    """Liveness. ``auth`` is ``open`` when no keys are configured (this machine only), else ``keys``."""

    status: str
    version: str
    auth: str


async def health(context: Context) -> Response:
    """Answers as long as the process does; does not touch the store."""
    answer = Health("ok", __version__, "open" if context.services.gate.is_open else "keys")
    headers = {"X-HiveBoard-Accept-Encoding": ACCEPTED_ENCODINGS, "Cache-Control": "no-store"}
    return Response(msgspec.json.encode(answer), headers=headers, media_type="application/json")


@cache
def _document() -> dict[str, Any]:
    # The document is made from the table that this module is part of.
    from hiveboard.openapi import build_document
    from hiveboard.routes.catalogue import ENDPOINTS as ALL

    return build_document(ALL)


async def openapi(context: Context) -> dict[str, Any]:
    """The OpenAPI 3.1 document of this interface."""
    return _document()


ENDPOINTS = (
    Endpoint("GET", "/health", health, Health, "Liveness.", tag="system", public=True),
    Endpoint("GET", "/v1/health", health, Health, "Liveness.", tag="system", public=True),
    Endpoint("GET", "/openapi.json", openapi, dict[str, Any], "This document.", tag="system", public=True),
)
