"""Conditional requests: the entity tag of what people set up, and whether a request names it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import msgspec

from hiveboard.errors import ApiError

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ["entity_tag", "is_known", "require_match", "version_of"]


def version_of(what: Any) -> str:
    """Sixteen hexadecimal digits that depend on what is said alone: they change whenever it does."""
    return hashlib.sha256(msgspec.json.encode(what)).hexdigest()[:16]


def entity_tag(version: str) -> str:
    """The value of the header ETag."""
    return f'"{version}"'


def is_known(request: Request, version: str) -> bool:
    """Whether ``If-None-Match`` names this version: its sender has it already."""
    return _names(request.headers.getlist("if-none-match"), version)


def require_match(request: Request, version: str) -> None:
    """Raise 412 where ``If-Match`` names other versions than this; a request without it is for any."""
    known = request.headers.getlist("if-match")
    if known and not _names(known, version):
        raise ApiError(
            "this was changed meanwhile; read it again and send the new ETag",
            code="precondition_failed",
            status=412,
        )


def _names(tags: list[str], version: str) -> bool:
    given = [tag.strip().removeprefix("W/") for line in tags for tag in line.split(",")]
    return "*" in given or entity_tag(version) in given
