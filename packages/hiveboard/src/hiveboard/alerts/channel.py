"""Where alerts go: one struct per kind of channel, what is wrong with one, and how its secrets are hidden."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct

__all__ = [
    "HIDDEN",
    "Channel",
    "Command",
    "Email",
    "InvalidFieldError",
    "Slack",
    "Smtp",
    "StoredChannel",
    "Webhook",
    "check_channel",
    "hide_secrets",
    "reveal_secrets",
    "target_of",
]

#: Stands for a secret in answers; sent back, it means that the stored secret stays.
HIDDEN = "********"

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
_OWN_HEADERS = ("host", "content-length", "content-type", "connection", "transfer-encoding", "user-agent",
                "hiveboard-signature", "idempotency-key")  # fmt: skip

_Url = Annotated[str, Meta(min_length=1, max_length=2_048, description="An http or https address.")]
_Text = Annotated[str, Meta(min_length=1, max_length=256)]
_Mail = Annotated[str, Meta(min_length=3, max_length=320)]


class InvalidFieldError(ValueError):
    """A field cannot be used: which one, and what to send instead."""

    def __init__(self, field: str, fix: str) -> None:
        super().__init__(f"{field}: {fix}")
        self.field, self.fix = field, fix


class _Channel(Struct, frozen=True, kw_only=True, tag_field="type", forbid_unknown_fields=True):
    """Fields are those of one kind; ``type`` says which."""


class Webhook(_Channel, tag="webhook", frozen=True):
    """POSTs the alert as JSON. With a ``secret`` it is signed; ``headers`` are sent along, their values are hidden."""

    url: _Url
    secret: Annotated[str, Meta(min_length=8, max_length=256)] | None = None
    headers: Annotated[dict[str, str], Meta(max_length=20)] = {}


class Slack(_Channel, tag="slack", frozen=True):
    """POSTs to an incoming-webhook address in Slack's format. The address is a secret."""

    url: _Url


class Smtp(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The server that takes e-mail. ``starttls`` insists on encryption before anything is said, ``tls`` begins with it."""

    host: _Text
    port: Annotated[int, Meta(ge=1, le=65_535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: _Text | None = None
    password: Annotated[str, Meta(min_length=1, max_length=1_024)] | None = None


class Email(_Channel, tag="email", frozen=True):
    """Sends plain text with an HTML form beside it."""

    to: Annotated[list[_Mail], Meta(min_length=1, max_length=50)]
    sender: _Mail
    smtp: Smtp


class Command(_Channel, tag="command", frozen=True):
    """Starts a program without a shell, the alert as JSON on its standard input. Needs ``--allow-commands``."""

    argv: Annotated[list[Annotated[str, Meta(max_length=4_096)]], Meta(min_length=1, max_length=64)]
    timeout_seconds: Annotated[float, Meta(ge=0.1, le=300)] = 10


Channel = Webhook | Slack | Email | Command


class StoredChannel(Struct, kw_only=True):
    """A channel as it is kept."""

    id: str
    name: str
    config: Channel
    created_at: int
    updated_at: int


def check_channel(channel: Channel) -> None:
    """Raise InvalidFieldError for what the types cannot say."""
    if isinstance(channel, Webhook | Slack):
        _check_url(channel.url)
    if isinstance(channel, Webhook):
        _check_headers(channel.headers)
    if isinstance(channel, Email):
        _check_email(channel)
    if isinstance(channel, Command) and any("\0" in part for part in channel.argv):
        raise InvalidFieldError("channel.argv", "leave out NUL characters")
    if isinstance(channel, Command) and not channel.argv[0].strip():
        raise InvalidFieldError("channel.argv", "name the program first")


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host:
        raise InvalidFieldError(
            "channel.url", "send an address that begins with http:// or https:// and names a host"
        )
    if not url.isascii() or any(ord(letter) <= 32 or ord(letter) == 127 for letter in url):
        raise InvalidFieldError(
            "channel.url", "percent-encode spaces and what is not ASCII; write the host as punycode"
        )
    if parts.username is not None or parts.password is not None:
        raise InvalidFieldError("channel.url", "leave out user and password; send them in channel.headers")
    if _is_metadata(host):
        raise InvalidFieldError(
            "channel.url", "link-local, multicast and unspecified addresses are not delivered to"
        )


def _is_metadata(host: str) -> bool:
    """Addresses at which only a machine's own cloud answers, or nobody; loopback and private ones are wanted here."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_link_local or address.is_multicast or address.is_unspecified


def _check_headers(headers: dict[str, str]) -> None:
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _OWN_HEADERS:
            raise InvalidFieldError("channel.headers", f"{name[:64]!r} cannot be set; use another name")
        if len(value) > 2_048 or not value.isascii() or not value.isprintable():
            raise InvalidFieldError(
                "channel.headers", f"the value of {name} must be printable ASCII, at most 2,048 characters"
            )


def _check_email(channel: Email) -> None:
    for field, address in (*(("channel.to", one) for one in channel.to), ("channel.sender", channel.sender)):
        if not _ADDRESS.fullmatch(address) or not address.isascii():
            raise InvalidFieldError(
                field, f"{address[:64]!r} is no e-mail address; send one such as ops@example.com"
            )
    smtp = channel.smtp
    if not smtp.host.isascii() or not smtp.host.isprintable() or " " in smtp.host or "/" in smtp.host:
        raise InvalidFieldError("channel.smtp.host", "send the name or address of the server alone")
    if (smtp.username is None) != (smtp.password is None):
        raise InvalidFieldError("channel.smtp.password", "send username and password together, or neither")
    if smtp.password is not None and smtp.security == "none" and not _is_loopback(smtp.host):
        raise InvalidFieldError(
            "channel.smtp.security", "a password needs starttls or tls, except to this machine"
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def hide_secrets(channel: Channel) -> Channel:
    """The channel as it may be shown."""
    replace = msgspec.structs.replace
    if isinstance(channel, Webhook):
        headers = dict.fromkeys(channel.headers, HIDDEN)
        return replace(channel, secret=HIDDEN if channel.secret else None, headers=headers)
    if isinstance(channel, Slack):
        return replace(channel, url=_origin(channel.url) + "/" + HIDDEN)
    if isinstance(channel, Email) and channel.smtp.password is not None:
        return replace(channel, smtp=replace(channel.smtp, password=HIDDEN))
    return channel


def reveal_secrets(sent: Channel, stored: Channel | None) -> Channel:
    """``sent`` with the stored secrets where it holds :data:`HIDDEN`.

    Raises InvalidFieldError where none is stored, or where the secret would go to another host than it was stored for.
    """
    replace = msgspec.structs.replace
    if isinstance(sent, Slack) and HIDDEN in sent.url:
        if not isinstance(stored, Slack) or sent.url != _origin(stored.url) + "/" + HIDDEN:
            raise InvalidFieldError("channel.url", "send the whole address")
        return stored
    if isinstance(sent, Webhook):
        known = stored if isinstance(stored, Webhook) and _origin(stored.url) == _origin(sent.url) else None
        if sent.secret == HIDDEN:
            if known is None or known.secret is None:
                raise InvalidFieldError(
                    "channel.secret", "send the secret again: the address or the type changed"
                )
            sent = replace(sent, secret=known.secret)
        if HIDDEN in sent.headers.values():
            have = {} if known is None else known.headers
            missing = [name for name, value in sent.headers.items() if value == HIDDEN and name not in have]
            if missing:
                raise InvalidFieldError(
                    "channel.headers", f"send the value of {missing[0]}: it is not known here"
                )
            shown = {name: have[name] if value == HIDDEN else value for name, value in sent.headers.items()}
            sent = replace(sent, headers=shown)
    if isinstance(sent, Email) and sent.smtp.password == HIDDEN:
        same = isinstance(stored, Email) and replace(stored.smtp, password=HIDDEN) == sent.smtp
        if not same or not isinstance(stored, Email) or stored.smtp.password is None:
            raise InvalidFieldError(
                "channel.smtp.password", "send the password again: another server or user is named"
            )
        sent = replace(sent, smtp=stored.smtp)
    return sent


def _origin(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}"


def target_of(channel: Channel) -> str:
    """Where it goes, without secrets: for the history and for sharing out the work among targets."""
    if isinstance(channel, Webhook | Slack):
        return _origin(channel.url)
    if isinstance(channel, Email):
        return ", ".join(channel.to)[:256]
    return channel.argv[0][:256]
