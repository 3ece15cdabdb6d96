"""Policies for the SDK: read cheaply by every process that follows them, replaced as a whole."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from hiveboard.setup.policies import PolicyChange, PolicySet, load_policies, save_policies

from .conditional import entity_tag, is_known, require_match
from .table import Context, Endpoint

__all__ = ["ENDPOINTS"]


async def read_policies(context: Context) -> Response:
    """All policies, or 304 for one who knows them."""
    found = await load_policies(context.store, context.tenant)
    if is_known(context.request, found.version):
        return Response(status_code=304, headers=_headers(found))
    return _answer(found)


async def write_policies(context: Context) -> Response:
    """Replace all policies; with ``If-Match`` only those one knows."""
    change = await context.read(PolicyChange)

    def require(known: PolicySet) -> None:
        require_match(context.request, known.version)

    now = context.services.clock()
    return _answer(await save_policies(context.store, context.tenant, change, now, require))


def _answer(found: PolicySet) -> Response:
    return Response(msgspec.json.encode(found), headers=_headers(found), media_type="application/json")


def _headers(found: PolicySet) -> dict[str, str]:
    return {"ETag": entity_tag(found.version), "Cache-Control": "no-cache"}


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/policies",
        read_policies,
        PolicySet,
        "Policies for the SDK. Answers 304 without a body to a request whose `If-None-Match` is the last `ETag`. Any key may ask: agents with a key that only sends follow policies too.",
        tag="admin",
        needs="any",
        more_answers=((304, None, "They are those of `If-None-Match`."),),
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
