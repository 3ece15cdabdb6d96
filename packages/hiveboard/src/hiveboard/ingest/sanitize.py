"""Making odd JSON readable before it is judged: broken Unicode, NUL, NaN, bottomless nesting."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

__all__ = ["clean_text", "encode", "flatten_deep", "has_long_digits", "parse_tolerantly"]

_SUSPECT = re.compile(rb"\\u(?:[dD][89a-fA-F]|0000)")
# Consumes every escape, so that an escaped backslash before "ud800" is not mistaken for a surrogate.
_ESCAPE = re.compile(
    rb"\\(?:(?P<pair>u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|(?P<bad>u(?:[dD][89a-fA-F][0-9a-fA-F]{2}|0000))|.)",
    re.DOTALL,
)
_STRUCTURE = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\]]', re.DOTALL)
_MAX_DIGITS = 300
_LONG = b"0" * 19
_AS_ZEROS = bytes.maketrans(b"123456789", b"000000000")


def clean_text(body: bytes) -> bytes:
    """The body as valid UTF-8, with lone surrogates and NUL replaced by U+FFFD."""
    if not body.isascii():
        try:
            body.decode()
        except UnicodeDecodeError:
            body = body.decode("utf-8", "replace").encode()
    if b"\\u" not in body or _SUSPECT.search(body) is None:
        return body
    return _ESCAPE.sub(lambda match: rb"\ufffd" if match["bad"] else match[0], body)


def has_long_digits(text: bytes) -> bool:
    """Whether a run of digits is long enough to be a number beyond 64 bits."""
    return _LONG in text.translate(_AS_ZEROS)


def flatten_deep(body: bytes, depth: int) -> bytes:
    """The body with everything nested deeper than ``depth`` replaced by ``null``; without recursion."""
    parts: list[bytes] = []
    level = kept = 0
    for match in _STRUCTURE.finditer(body):
        token = match[0]
        if token in (b"{", b"["):
            level += 1
            if level == depth + 1:
                parts.append(body[kept : match.start()] + b"null")
        elif token in (b"}", b"]"):
            if level == depth + 1:
                kept = match.end()
            level -= 1
    if level > depth:
        return b"".join(parts)
    return b"".join(parts) + body[kept:]


def parse_tolerantly(body: bytes) -> Any:
    """What Python's own parser makes of the body: NaN and numbers beyond 64 bits come out as marked values.

    Raises ValueError when it is not JSON even so, RecursionError when it nests too deep.
    """
    return json.loads(body, parse_constant=_constant, parse_int=_integer, parse_float=_float)


def _constant(name: str) -> dict[str, str]:
    return {"$float": {"NaN": "nan", "Infinity": "inf"}.get(name, "-inf")}


def _integer(digits: str) -> int | str:
    if len(digits) < 19:
        return int(digits)
    if len(digits) > _MAX_DIGITS:
        return digits[:_MAX_DIGITS] + "…"
    value = int(digits)
    return value if -(1 << 63) <= value < 1 << 63 else digits


def _float(digits: str) -> float | dict[str, str]:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        return {"$float": "inf" if value > 0 else "-inf"}
    return value


def encode(value: Any) -> bytes:
    """JSON of a value that :func:`parse_tolerantly` returned."""
    return msgspec.json.encode(value)
