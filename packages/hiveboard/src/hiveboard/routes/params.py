"""Query parameters: declared once, used for reading, for error messages and for the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from hiveboard.errors import BadRequestError
from hiveboard.instant import parse_instant

__all__ = ["Param", "choice", "csv", "flag", "instant", "integer", "read_params", "text"]

_MAX_TEXT = 256
_MAX_CSV = 40


class Param(NamedTuple):
    """One parameter: ``read`` turns its text into a value or raises ValueError with what to send instead."""

    name: str
    description: str
    schema: dict[str, Any]
    read: Callable[[str], Any]
    default: Any = None
    required: bool = False


def read_params(declared: tuple[Param, ...], given: Mapping[str, str]) -> dict[str, Any]:
    """The value of every declared parameter. An empty text counts as absent; unknown names are left alone."""
    values: dict[str, Any] = {}
    for param in declared:
        raw = given.get(param.name)
        try:
            if raw:
                values[param.name] = param.read(_storable(raw))
            elif param.required:
                raise ValueError("this parameter is needed")
            else:
                values[param.name] = param.default
        except ValueError as error:
            raise BadRequestError(
                f"{param.name}: {error}", details={"field": param.name, "fix": str(error)}
            ) from None
    return values


def _storable(raw: str) -> str:
    try:
        raw.encode()
    except UnicodeEncodeError:
        raise ValueError("send valid UTF-8") from None
    return raw


def text(name: str, description: str, *, max_length: int = _MAX_TEXT, required: bool = False) -> Param:
    """Any text up to a length."""

    def read(raw: str) -> str:
        if len(raw) > max_length:
            raise ValueError(f"send at most {max_length} characters")
        return raw

    schema: dict[str, Any] = {"type": "string", "maxLength": max_length}
    if required:
        schema["minLength"] = 1
    return Param(name, description, schema, read, required=required)


def integer(name: str, description: str, *, minimum: int, maximum: int, default: int) -> Param:
    """A whole number within bounds."""

    def read(raw: str) -> int:
        digits = raw.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) < 19):
            raise ValueError(f"send a whole number from {minimum} to {maximum}")
        value = int(raw)
        if not minimum <= value <= maximum:
            raise ValueError(f"send a whole number from {minimum} to {maximum}")
        return value

    schema = {"type": "integer", "minimum": minimum, "maximum": maximum, "default": default}
    return Param(name, description, schema, read, default)


def choice(name: str, description: str, options: tuple[str, ...], default: str | None = None) -> Param:
    """One of a few words."""

    def read(raw: str) -> str:
        if raw not in options:
            raise ValueError(f"send one of {', '.join(options)}")
        return raw

    schema: dict[str, Any] = {"type": "string", "enum": list(options)}
    if default is not None:
        schema["default"] = default
    return Param(name, description, schema, read, default)


def csv(name: str, description: str, options: tuple[str, ...] | None = None) -> Param:
    """A comma-separated list, of given words or of any."""

    def read(raw: str) -> tuple[str, ...]:
        items = tuple(dict.fromkeys(item.strip() for item in raw.split(",") if item.strip()))
        if len(items) > _MAX_CSV or any(len(item) > _MAX_TEXT for item in items):
            raise ValueError(f"send at most {_MAX_CSV} values of at most {_MAX_TEXT} characters")
        unknown = [item for item in items if options is not None and item not in options]
        if unknown:
            raise ValueError(f"send a comma-separated list of {', '.join(options or ())}")
        return items

    # Said as a pattern, because a client sends one text with commas in it.
    word = "[^,]{1,256}" if options is None else f"({'|'.join(options)})"
    schema = {"type": "string", "pattern": f"^{word}(,{word}){{0,{_MAX_CSV - 1}}}$"}
    return Param(name, description, schema, read, ())


def flag(name: str, description: str, *, default: bool) -> Param:
    """true or false (1 and 0 are understood)."""

    def read(raw: str) -> bool:
        if raw.lower() in ("true", "1"):
            return True
        if raw.lower() in ("false", "0"):
            return False
        raise ValueError("send true or false")

    return Param(name, description, {"type": "boolean", "default": default}, read, default)


def instant(name: str, description: str) -> Param:
    """An ISO 8601 moment, read as UTC when it has no offset."""

    def read(raw: str) -> int:
        # A plus sign that was not escaped arrives as a space.
        value = parse_instant(raw.replace(" ", "+") if "T" in raw else raw)
        if value is None:
            raise ValueError("send an ISO 8601 time such as 2026-02-10T14:32:01Z")
        return value

    return Param(name, description, {"type": "string", "format": "date-time"}, read)
