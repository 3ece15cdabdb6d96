"""Alert channels: list, make, change, delete, test."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from starlette.responses import Response

from hiveboard.alerts.alert import new_id
from hiveboard.alerts.channel import (
    Channel,
    Command,
    InvalidFieldError,
    StoredChannel,
    check_channel,
    reveal_secrets,
)
from hiveboard.errors import ApiError, BadRequestError, NotFoundError

from .alert_rules import invalid
from .alert_views import AlertView, ChannelView, alert_view, channel_view
from .paging import CURSOR, LIMIT, Pagination, read_cursor, write_cursor
from .table import Context, Endpoint

__all__ = ["ENDPOINTS"]

_MAX_CHANNELS = 200
_Name = Annotated[str, Meta(min_length=1, max_length=200)]


class NewChannel(Struct, kw_only=True, forbid_unknown_fields=True):
    """A channel to make."""

    name: _Name
    channel: Channel


class ChannelChange(Struct, kw_only=True, forbid_unknown_fields=True):
    """What to change; what is absent stays, and so does a secret that is sent as ``********``."""

    name: _Name | UnsetType = UNSET
    channel: Channel | UnsetType = UNSET


class ChannelList(Struct):
    """A page of channels, the newest first."""

    data: list[ChannelView]
    pagination: Pagination


class ChannelDeleted(Struct):
    """The channel is gone."""

    status: str
    channel_id: str


async def list_channels(context: Context) -> ChannelList:
    """A page of channels."""
    before = read_cursor("alert-channels", context.params["cursor"], tuple[str])
    repository = context.services.alerts.repository
    channels = [
        channel
        for channel in await repository.channels(context.tenant)
        if before is None or channel.id < before[0]
    ]
    page, rules = channels[: context.params["limit"]], await repository.rules(context.tenant)
    more = (page[-1].id,) if len(channels) > len(page) else None
    return ChannelList(
        [channel_view(channel, rules) for channel in page], write_cursor("alert-channels", more)
    )


async def _asked(context: Context) -> StoredChannel:
    channel_id = context.params["channel_id"]
    channel = await context.services.alerts.repository.channel(context.tenant, channel_id)
    if channel is None:
        raise _unknown(channel_id)
    return channel


def _unknown(channel_id: str) -> NotFoundError:
    return NotFoundError(f"there is no alert channel {channel_id[:64]!r} here", code="channel_not_found")


async def get_channel(context: Context) -> ChannelView:
    """One channel."""
    channel = await _asked(context)
    return channel_view(channel, await context.services.alerts.repository.rules(context.tenant))


def _checked(context: Context, sent: Channel, stored: Channel | None) -> Channel:
    """What is to be stored, secrets included. Raises the 400 that names the field."""
    if isinstance(sent, Command) and not context.services.settings.allow_commands:
        raise invalid("channel.type", "this collector runs no commands; start it with --allow-commands")
    try:
        complete = reveal_secrets(sent, stored)
        check_channel(complete)
    except InvalidFieldError as error:
        raise invalid(error.field, error.fix) from None
    return complete


async def _read(context: Context, kind: type[NewChannel] | type[ChannelChange]) -> NewChannel | ChannelChange:
    """The body; a wrong type of channel is told with those there are."""
    try:
        return await context.read(kind)
    except BadRequestError as error:
        if error.details.get("field") != "channel.type":
            raise
        raise invalid("channel.type", "send one of webhook, slack, email, command") from None


async def create_channel(context: Context) -> Response:
    """Make a channel."""
    new = await _read(context, NewChannel)
    assert isinstance(new, NewChannel)
    config = _checked(context, new.channel, None)
    repository, now = context.services.alerts.repository, context.services.clock()
    if len(await repository.channels(context.tenant)) >= _MAX_CHANNELS:
        raise ApiError(
            f"there are {_MAX_CHANNELS} channels already; delete some", code="too_many", status=409
        )
    channel = StoredChannel(id=new_id(now), name=new.name, config=config, created_at=now, updated_at=now)
    await repository.put_channel(context.tenant, channel)
    body = msgspec.json.encode(channel_view(channel, []))
    return Response(
        body, 201, {"Location": f"/v1/alerts/channels/{channel.id}"}, media_type="application/json"
    )


async def change_channel(context: Context) -> ChannelView:
    """Change what is named."""
    await _asked(context)
    change = await _read(context, ChannelChange)
    repository, now = context.services.alerts.repository, context.services.clock()

    def changed(channel: StoredChannel) -> StoredChannel:
        if not isinstance(change.channel, UnsetType):
            channel.config = _checked(context, change.channel, channel.config)
        if not isinstance(change.name, UnsetType):
            channel.name = change.name
        channel.updated_at = now
        return channel

    channel_id = context.params["channel_id"]
    channel = await repository.change_channel(context.tenant, channel_id, changed)
    if channel is None:
        raise _unknown(channel_id)
    return channel_view(channel, await repository.rules(context.tenant))


async def delete_channel(context: Context) -> ChannelDeleted:
    """Forget a channel that no rule names."""
    channel = await _asked(context)
    repository = context.services.alerts.repository
    users = [rule.name for rule in await repository.rules(context.tenant) if channel.id in rule.channels]
    if users:
        raise ApiError(
            f"{len(users)} rules name this channel ({', '.join(users)[:200]}); take it out of them first",
            code="channel_in_use",
            status=409,
        )
    await repository.delete_channel(context.tenant, channel.id)
    return ChannelDeleted("deleted", channel.id)


async def test_channel(context: Context) -> AlertView:
    """Deliver a marked alert to one channel, once, and tell how that went."""
    channel = await _asked(context)
    base = context.services.settings.public_url or str(context.request.base_url).rstrip("/")
    return alert_view(await context.services.alerts.test_channel(context.tenant, channel, base))


_BODY_ERRORS = (400, 403, 408, 413, 415)
_ONE = "/v1/alerts/channels/{channel_id}"

ENDPOINTS = (
    Endpoint("GET", "/v1/alerts/channels", list_channels, ChannelList, "Channels that alerts go to.", (LIMIT, CURSOR),
             tag="alerts", errors=(400,)),
    Endpoint("POST", "/v1/alerts/channels", create_channel, ChannelView, "Make a channel.", tag="alerts",
             needs="admin", body=NewChannel, errors=(*_BODY_ERRORS, 409),
             more_answers=((201, ChannelView, "It is made."),)),
    Endpoint("GET", _ONE, get_channel, ChannelView, "One channel.", tag="alerts", errors=(404,)),
    *(
        Endpoint(method, _ONE, change_channel, ChannelView, "Change what is named of a channel; what is absent stays.",
                 tag="alerts", needs="admin", body=ChannelChange, errors=(*_BODY_ERRORS, 404))
        for method in ("PUT", "PATCH")
    ),
    Endpoint("DELETE", _ONE, delete_channel, ChannelDeleted, "Delete a channel that no rule names.", tag="alerts",
             needs="admin", errors=(403, 404, 409)),
    Endpoint("POST", f"{_ONE}/test", test_channel, AlertView,
             "Deliver a marked test to a channel, once, and tell how it went.", tag="alerts", needs="admin",
             errors=(403, 404)),
)  # fmt: skip
