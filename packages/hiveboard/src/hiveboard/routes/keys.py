"""API keys: made, listed and revoked by an admin of their tenant."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct
from starlette.responses import Response

from hiveboard.auth import DEFAULT_TENANT, Caller, Scope
from hiveboard.auth.caller import KeyType
from hiveboard.auth.key import KeyRecord
from hiveboard.auth.keyring import (
    KEYS_PER_TENANT,
    create_key,
    find_by_id,
    last_uses,
    list_keys,
    revoke_key,
)
from hiveboard.auth.last_admin import is_last_admin
from hiveboard.errors import ApiError, BadRequestError, ForbiddenError, NotFoundError
from hiveboard.instant import format_instant, parse_instant

from .paging import CURSOR, LIMIT, Pagination, read_cursor, write_cursor
from .params import flag
from .table import Context, Endpoint

__all__ = ["ENDPOINTS"]

_DAY_US = 24 * 3600 * 1_000_000


class NewKey(Struct, kw_only=True):
    """What a key is to be. Without ``scopes``: ingest and read; of an hb_read_ key read alone."""

    name: Annotated[str, Meta(max_length=128)] = ""
    #: The same as ``name``, as published clients call it.
    label: Annotated[str, Meta(max_length=128)] = ""
    key_type: KeyType = "live"
    scopes: Annotated[list[Scope], Meta(min_length=1, max_length=3)] | None = None
    expires_at: Annotated[str, Meta(max_length=40)] | None = None
    expires_in_days: Annotated[int, Meta(ge=1, le=3650)] | None = None


class KeyView(Struct, kw_only=True):
    """A key, of which ``key_prefix`` is all that is known. ``last_used_at`` is true to a minute."""

    key_id: str
    key_prefix: str
    key_type: KeyType
    name: str
    label: str
    tenant: str
    scopes: list[Scope]
    created_at: str
    created_by: str | None
    expires_at: str | None
    last_used_at: str | None
    revoked_at: str | None
    is_active: bool


class MadeKey(KeyView, kw_only=True):
    """A key that was just made. ``raw_key`` is the key itself; it is kept nowhere and cannot be asked for again."""

    raw_key: str


class KeyList(Struct):
    """A page of keys, the newest first; revoked and expired ones too."""

    data: list[KeyView]
    pagination: Pagination


class RevokedKey(Struct):
    """The key is of no use any more."""

    status: Literal["revoked"]
    key_id: str
    revoked_at: str


async def list_all(context: Context) -> KeyList:
    """A page of the keys the caller may manage."""
    after = read_cursor("keys", context.params["cursor"], tuple[int, str])
    limit = context.params["limit"]
    records = [
        record
        for record in await list_keys(context.store, context.caller.workspace)
        if _manages(context.caller, record)
        and (after is None or (record.created_at, record.key_id) < tuple(after))
    ]
    page, uses = records[:limit], await last_uses(context.store)
    now = context.services.clock()
    more = len(records) > limit
    return KeyList(
        [_view(record, uses.get(record.key_id), now) for record in page],
        write_cursor("keys", (page[-1].created_at, page[-1].key_id) if more else None),
    )


async def create(context: Context) -> Response:
    """Make a key of the caller's tenant. 201; the key itself is in the answer and nowhere else."""
    wanted = await context.read(NewKey)
    caller, gate, now = context.caller, context.services.gate, context.services.clock()
    scopes = _scopes_of(wanted)
    if gate.is_open and (wanted.key_type != "live" or "admin" not in scopes):
        raise ApiError(
            "the first key closes this collector to those without one, so it must be able to make others: "
            "key_type live with the scope admin",
            code="first_key_must_be_admin",
            status=409,
        )
    if caller.is_test and wanted.key_type != "test":
        raise ForbiddenError("an hb_test_ key makes hb_test_ keys only")
    made = await create_key(
        context.store,
        key_type=wanted.key_type,
        tenant=caller.workspace,
        name=wanted.name or wanted.label,
        scopes=scopes,
        expires_at=_expiry_of(wanted, now),
        created_by=caller.name or caller.key_id,
        now=now,
    )
    if made is None:
        raise ApiError(
            f"a tenant has at most {KEYS_PER_TENANT} keys at work; revoke some first",
            code="too_many_keys",
            status=409,
        )
    await gate.changed()
    raw_key, record = made
    view = msgspec.structs.asdict(_view(record, None, now))
    return Response(
        msgspec.json.encode(MadeKey(**view, raw_key=raw_key)),
        201,
        {"Cache-Control": "no-store"},
        media_type="application/json",
    )


async def revoke(context: Context) -> RevokedKey:
    """End a key of the caller's tenant, within a second everywhere; its sessions and live streams end too."""
    async with context.services.gate.revoking:
        return await _revoke(context)


async def _revoke(context: Context) -> RevokedKey:
    key_id, now = context.params["key_id"], context.services.clock()
    found = await find_by_id(context.store, key_id)
    if found is None or not _manages(context.caller, found[1]):
        raise NotFoundError("there is no key of that id; GET /v1/keys lists them")
    if not context.params["force"] and await _is_last_admin(context, found[1], now):
        raise ApiError(
            "this is the last key with the scope admin: without it only 'hiveboard keys create' on the collector's own "
            "machine can make another; add force=true to revoke it nevertheless",
            code="last_admin_key",
            status=409,
        )
    record = await revoke_key(context.store, key_id, now)
    await context.services.gate.changed()
    ended = now if record is None or record.revoked_at is None else record.revoked_at
    return RevokedKey("revoked", key_id, format_instant(ended))


def _manages(caller: Caller, record: KeyRecord) -> bool:
    return record.tenant == caller.workspace and (not caller.is_test or record.key_type == "test")


async def _is_last_admin(context: Context, record: KeyRecord, now: int) -> bool:
    if context.services.gate.has_fixed_keys and record.tenant == DEFAULT_TENANT:
        return False
    return await is_last_admin(context.store, record, now)


def _scopes_of(wanted: NewKey) -> tuple[Scope, ...]:
    if wanted.key_type == "read":
        if wanted.scopes and set(wanted.scopes) != {"read"}:
            raise BadRequestError(
                "scopes: an hb_read_ key has the scope read alone",
                details={"field": "scopes", "fix": "leave scopes out, or make a live or test key"},
            )
        return ("read",)
    return tuple(sorted(set(wanted.scopes))) if wanted.scopes else ("ingest", "read")


def _expiry_of(wanted: NewKey, now: int) -> int | None:
    if wanted.expires_in_days is not None:
        return now + wanted.expires_in_days * _DAY_US
    if wanted.expires_at is None:
        return None
    moment = parse_instant(wanted.expires_at)
    if moment is None or moment <= now:
        fix = "send an ISO 8601 time in the future, such as 2027-01-31T00:00:00Z"
        raise BadRequestError(f"expires_at: {fix}", details={"field": "expires_at", "fix": fix})
    return moment


def _view(record: KeyRecord, last_used_at: int | None, now: int) -> KeyView:
    def moment(at: int | None) -> str | None:
        return None if at is None else format_instant(at)

    return KeyView(
        key_id=record.key_id,
        key_prefix=record.prefix,
        key_type=record.key_type,
        name=record.name,
        label=record.name,
        tenant=record.tenant,
        scopes=list(record.scopes),
        created_at=format_instant(record.created_at),
        created_by=record.created_by,
        expires_at=moment(record.expires_at),
        last_used_at=moment(last_used_at),
        revoked_at=moment(record.revoked_at),
        is_active=record.is_active(now),
    )


_FORCE = flag("force", "Revoke it even if no other key could administer the tenant.", default=False)


def _endpoints(base: str, also: str) -> tuple[Endpoint, ...]:
    one = base + "/{key_id}"
    return (
        Endpoint(
            "GET",
            base,
            list_all,
            KeyList,
            f"Keys of your tenant.{also}",
            (LIMIT, CURSOR),
            tag="admin",
            needs="admin",
            errors=(400, 403, 429),
        ),
        Endpoint(
            "POST",
            base,
            create,
            MadeKey,
            f"Make a key. The answer, with 201, shows it once.{also}",
            tag="admin",
            needs="admin",
            body=NewKey,
            errors=(400, 403, 408, 409, 413, 415, 429),
            more_answers=((201, MadeKey, "The key was made."),),
        ),
        Endpoint(
            "DELETE",
            one,
            revoke,
            RevokedKey,
            f"Revoke a key.{also}",
            (_FORCE,),
            tag="admin",
            needs="admin",
            errors=(400, 403, 404, 409, 429),
        ),
        Endpoint(
            "POST",
            one + "/revoke",
            revoke,
            RevokedKey,
            f"Revoke a key.{also}",
            (_FORCE,),
            tag="admin",
            needs="admin",
            errors=(400, 403, 404, 409, 429),
        ),
    )


ENDPOINTS = (*_endpoints("/v1/keys", ""), *_endpoints("/v1/api-keys", " The same as /v1/keys."))
