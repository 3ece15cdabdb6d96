"""Pages of a list: the page size and the opaque cursor that says where the next page starts."""

from __future__ import annotations

import base64
import binascii
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from hiveboard.errors import BadRequestError

from .params import integer, text

__all__ = ["CURSOR", "LIMIT", "Pagination", "read_cursor", "write_cursor"]

T = TypeVar("T")

LIMIT = integer("limit", "How many rows to return.", minimum=1, maximum=200, default=50)
CURSOR = text("cursor", "Where to go on: `pagination.cursor` of the previous page.", max_length=2048)


class Pagination(Struct):
    """Where a list goes on. ``cursor`` is null at the end."""

    cursor: str | None
    has_more: bool


def write_cursor(kind: str, position: tuple[Any, ...] | None) -> Pagination:
    """The pagination of a page; ``kind`` ties a cursor to its list and order."""
    if position is None:
        return Pagination(None, False)
    packed = msgspec.json.encode([kind, *position])
    return Pagination(base64.urlsafe_b64encode(packed).decode().rstrip("="), True)


def read_cursor(kind: str, cursor: str | None, position: type[T]) -> T | None:
    """The position in a cursor. Raises the 400 envelope for one that is not of this list."""
    if cursor is None:
        return None
    try:
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        fields = msgspec.json.decode(packed, type=list[Any])
        if fields[:1] != [kind]:
            raise ValueError
        found = msgspec.convert(fields[1:], position)
        if any(isinstance(value, int) and not -(1 << 63) <= value < 1 << 63 for value in fields):
            raise ValueError
    except (ValueError, binascii.Error, RecursionError):
        fix = "pass pagination.cursor of the previous page, with the same filters and sort"
        raise BadRequestError(f"cursor: {fix}", details={"field": "cursor", "fix": fix}) from None
    return found
