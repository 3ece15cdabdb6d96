"""Policies for the SDK: read cheaply by every process that follows them, replaced as a whole."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from hiveboard.errors import ApiError
from hiveboard.setup.policies import PolicyChange, PolicySet, load_policies, save_policies

from .table import Context, Endpoint

__all__ = ["ENDPOINTS"]


async def read_policies(context: Context) -> Response:
    """All policies, or 304 for one who knows them."""
    found = await load_policies(context.store, context.tenant)
    headers = {"ETag": _tag(found), "Cache-Control": "no-cache"}
    if _names(context.request.headers.getlist("if-none-match"), found):
        return Response(status_code=304, headers=headers)
    return Response(msgspec.json.encode(found), headers=headers, media_type="application/json")


async def write_policies(context: Context) -> Response:
    """Replace all policies; with ``If-Match`` only those one knows."""
    change = await context.read(PolicyChange)
    known = context.request.headers.getlist("if-match")
    if known and not _names(known, await load_policies(context.store, context.tenant)):
        raise ApiError(
            "the policies were changed meanwhile; read them again", code="precondition_failed", status=412
        )
    saved = await save_policies(context.store, context.tenant, change, context.services.clock())
    headers = {"ETag": _tag(saved), "Cache-Control": "no-cache"}
    return Response(msgspec.json.encode(saved), headers=headers, media_type="application/json")


def _tag(found: PolicySet) -> str:
    return f'"{found.version}"'


def _names(tags: list[str], found: PolicySet) -> bool:
    given = [tag.strip().removeprefix("W/") for line in tags for tag in line.split(",")]
    return "*" in given or _tag(found) in given


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/policies",
        read_policies,
        PolicySet,
        "Policies for the SDK. Answers 304 without a body to a request whose `If-None-Match` is the last `ETag`. Any key may ask: agents with a key that only sends follow policies too.",
        tag="admin",
        needs="any",
    ),
    Endpoint(
        "PUT",
        "/v1/policies",
        write_policies,
        PolicySet,
        "Replace all policies; with `If-Match` only when nobody changed them since.",
        tag="admin",
        needs="admin",
        body=PolicyChange,
        errors=(400, 403, 408, 412, 413, 415),
    ),
)
