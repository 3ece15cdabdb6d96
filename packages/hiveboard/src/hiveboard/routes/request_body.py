"""The JSON a request carries, other than a batch of events: read within limits, checked against its struct."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

import msgspec

from hiveboard.errors import BadRequestError
from hiveboard.ingest.body import read_body
from hiveboard.settings import Limits

from .allowed_words import allowed_words

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ["read_json"]

T = TypeVar("T")
_WRONG_WORD = "Invalid enum value"
_WHERE = re.compile(r" - at `\$\.?(?P<field>[^`]*)`$")


async def read_json(request: Request, kind: type[T], limits: Limits) -> T:
    """The body as ``kind``. Raises the fitting 4xx; ``details.field`` names the culprit."""
    body = await read_body(
        request.stream(),
        encoding=", ".join(request.headers.getlist("content-encoding")),
        declared_length=request.headers.get("content-length", ""),
        limits=limits,
    )
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        text = str(error)
        at = _WHERE.search(text)
        field = at["field"] if at else ""
        reason = text[: at.start()] if at else text
        words = allowed_words(kind, field) if reason.startswith(_WRONG_WORD) else []
        if words:
            reason = f"send one of {', '.join(words)}, not {reason.removeprefix(_WRONG_WORD).strip()}"
        raise BadRequestError(
            f"{field or 'body'}: {reason}", details={"field": field or "body", "fix": reason}
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadRequestError(
            "body: send one JSON object",
            code="invalid_body",
            details={"field": "body", "fix": "send one JSON object"},
        ) from None
