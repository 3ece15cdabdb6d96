"""The standard payload of a tool call, for ``action.set_payload``."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

import msgspec

from ._arguments import count, shown, text
from ._safety import attempt
from ._sanitize import sanitize, shorten

__all__ = ["tool_payload"]


def tool_payload(
    args: Mapping[str, Any] | None = None,
    result: Any = None,
    success: bool = True,
    error: Any = None,
    duration_ms: float | None = None,
    tool_category: str | None = None,
    http_status: int | None = None,
    result_size_bytes: int | None = None,
    args_max_len: int = 500,
    result_max_len: int = 1000,
) -> dict[str, Any]:
    """Arguments and result, their texts cut to ``args_max_len`` and ``result_max_len`` characters; ``None`` is left out.

    Small containers among the arguments stay what they are, large ones and the result become text.
    Never raises: an argument that cannot be shown appears under its type name.
    """
    fields: dict[str, Any] = {
        "args": attempt(lambda: _arguments(args, args_max_len), "tool_payload")[1],
        "result": None if result is None else shown(result, result_max_len),
        "success": bool(attempt(lambda: bool(success), "tool_payload")[1]),
        "error": None if error is None else shown(error, result_max_len),
        "duration_ms": count(duration_ms, "duration_ms"),
        "tool_category": text(tool_category, 128),
        "http_status": count(http_status, "http_status"),
        "result_size_bytes": count(result_size_bytes, "result_size_bytes"),
    }
    return {key: value for key, value in fields.items() if value is not None}


def _arguments(args: Any, limit: int) -> Any:
    if args is None:
        return None
    if not isinstance(args, Mapping):
        return shown(args, limit)
    return {shown(key, 128): _argument(value, limit) for key, value in islice(args.items(), 100)}


def _argument(value: Any, limit: int) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, dict | list | tuple):
        tree = _cut(sanitize(value), limit)
        if len(msgspec.json.encode(tree)) <= limit:
            return tree
    return shown(value, limit)


def _cut(tree: Any, limit: int) -> Any:
    if isinstance(tree, dict):
        return {key: _cut(value, limit) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_cut(value, limit) for value in tree]
    return shorten(tree, limit) if isinstance(tree, str) else tree
