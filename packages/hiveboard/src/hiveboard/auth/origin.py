"""Which web page a request comes from: foreign ones may neither act with somebody's session nor on an open collector."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from hiveboard.errors import ApiError, ForbiddenError

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]*)(:\d{1,5})?")

__all__ = ["require_local_name", "require_own_origin"]


def require_local_name(connection: HTTPConnection) -> None:
    """Refuse a foreign Host: a web page that points its own name at 127.0.0.1 must not read this collector.

    Also whoever a proxy on this machine says it speaks for, if that is somebody elsewhere.
    """
    hosts = connection.headers.getlist("host")
    name = "" if not hosts else _name_in(hosts[0])
    is_ours = len(hosts) < 2 and name is not None and (name in ("", "localhost") or _is_loopback(name))
    if is_ours and (connection.client is None or _is_loopback(connection.client.host)):
        return
    shown = ", ".join(hosts)[:64]
    raise ApiError(
        f"without keys this collector answers to localhost only, not to {shown!r}; start it with --key",
        code="misdirected_request",
        status=421,
    )


def _name_in(host: str) -> str | None:
    """The name in a Host header without its port; None for what is no host."""
    found = _HOST.fullmatch(host.lower())
    return None if found is None else found["name"]


def _is_loopback(name: str) -> bool:
    if name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def require_own_origin(connection: HTTPConnection, *, always: bool = False) -> None:
    """Refuse what a page of another origin sends. Programs send no Origin; ``always`` asks for one nevertheless."""
    origin = connection.headers.get("origin")
    if origin is None and not always:
        return
    try:
        place = urlsplit(origin or "").netloc.lower()
    except ValueError:
        place = ""
    if place and place == connection.headers.get("host", "").lower():
        return
    raise ForbiddenError(
        "a page of another origin may not do this; a proxy before the collector must pass the header Host on",
        code="foreign_origin",
    )
