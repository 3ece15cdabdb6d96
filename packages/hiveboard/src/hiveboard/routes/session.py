"""Signing in with a browser: a key is exchanged for a cookie that no script can read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta, Struct
from starlette.responses import Response

from hiveboard.auth import Caller, Need
from hiveboard.auth.gate import HERE
from hiveboard.auth.key import digest_of
from hiveboard.auth.origin import require_local_name, require_own_origin
from hiveboard.auth.session import cookie_name, csrf_token, end_session, is_secure, open_session, token_of
from hiveboard.errors import ForbiddenError, UnauthorizedError
from hiveboard.instant import format_instant

from .table import Context, Endpoint

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ["ENDPOINTS"]


class SignIn(Struct):
    """The key to sign in with; it needs the scope read."""

    key: Annotated[str, Meta(max_length=256)]


class SessionView(Struct, kw_only=True):
    """Who the browser is here. ``auth`` is ``open`` when the collector asks nobody for a key.

    ``csrf_token`` goes into the header ``X-CSRF-Token`` of every request that changes something.
    """

    auth: Literal["open", "keys"]
    signed_in: bool
    csrf_token: str | None = None
    tenant: str | None = None
    is_test: bool = False
    name: str = ""
    may: list[Need] = []
    expires_at: str | None = None


async def show(context: Context) -> Response:
    """Whether the browser is signed in; never asks for a key."""
    gate, request = context.services.gate, context.request
    token = token_of(request)
    if not gate.is_open and "authorization" not in request.headers and token is None:
        return _answer(SessionView(auth="keys", signed_in=False))
    try:
        caller = await gate.identify(request, needs="read")
    except UnauthorizedError:
        if "authorization" in request.headers:
            raise
        return _answer(SessionView(auth="keys", signed_in=False))
    if gate.is_open:
        return _answer(_view("open", caller, csrf_token(""), None))
    if "authorization" in request.headers or token is None:
        return _answer(_view("keys", caller, None, None))
    found = await gate.session(token)
    return _answer(_view("keys", caller, csrf_token(token), None if found is None else found[1].expires_at))


async def sign_in(context: Context) -> Response:
    """Exchange a key for a session."""
    wanted = await context.read(SignIn)
    gate, request, now = context.services.gate, context.request, context.services.clock()
    require_own_origin(request)
    if gate.is_open:
        require_local_name(request)
        return _answer(_view("open", HERE, csrf_token(""), None))
    grant = await gate.admit(wanted.key.strip(), request)
    if "read" not in grant.caller.may:
        raise ForbiddenError("this key may only send events; sign in with one that has the scope read")
    before = token_of(request)
    if before is not None:
        await end_session(context.store, digest_of(before))
    token = await open_session(context.store, grant.digest, grant.expires_at, now)
    found = await gate.session(token)
    expires_at = now if found is None else found[1].expires_at
    answer = _answer(_view("keys", grant.caller, csrf_token(token), expires_at))
    _set_cookie(answer, request, token, max(0, (expires_at - now) // 1_000_000))
    return answer


async def sign_out(context: Context) -> Response:
    """End the session, also for those who copied its cookie."""
    request = context.request
    token = token_of(request)
    if token is not None:
        await end_session(context.store, digest_of(token))
        await context.services.gate.changed()
    is_open = context.services.gate.is_open
    answer = _answer(SessionView(auth="open" if is_open else "keys", signed_in=is_open))
    _set_cookie(answer, request, "", 0)
    return answer


def _view(
    auth: Literal["open", "keys"], caller: Caller, token: str | None, expires_at: int | None
) -> SessionView:
    return SessionView(
        auth=auth,
        signed_in=True,
        csrf_token=token,
        tenant=caller.workspace,
        is_test=caller.is_test,
        name=caller.name,
        may=sorted(caller.may),
        expires_at=None if expires_at is None else format_instant(expires_at),
    )


def _answer(view: SessionView) -> Response:
    headers = {"Cache-Control": "no-store"}
    return Response(msgspec.json.encode(view), headers=headers, media_type="application/json")


def _set_cookie(answer: Response, request: Request, token: str, seconds: int) -> None:
    answer.set_cookie(
        cookie_name(request),
        token,
        max_age=seconds,
        path="/",
        secure=is_secure(request),
        httponly=True,
        samesite="strict",
    )


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/session",
        show,
        SessionView,
        "Who the browser is here; needs no key.",
        tag="session",
        public=True,
        errors=(401, 403, 421, 429, 503),
    ),
    Endpoint(
        "POST",
        "/v1/session",
        sign_in,
        SessionView,
        "Sign in: sets a cookie that scripts cannot read, and answers the token that writes need.",
        tag="session",
        public=True,
        body=SignIn,
        errors=(400, 401, 403, 408, 413, 415, 421, 429, 503),
    ),
    Endpoint(
        "DELETE",
        "/v1/session",
        sign_out,
        SessionView,
        "Sign out.",
        tag="session",
        errors=(403, 429),
    ),
)
