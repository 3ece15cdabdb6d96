"""The standard payload of a tool call, for ``action.set_payload``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._arguments import count, text
from ._safety import attempt
from ._sanitize import shorten

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
    """Arguments and result as text, cut to ``args_max_len`` and ``result_max_len`` characters; ``None`` fields are left out.

    Never raises: an argument that cannot be shown appears under its type name.
    """
    fields: dict[str, Any] = {
        "args": _arguments(args, args_max_len),
        "result": None if result is None else _shown(result, result_max_len),
        "success": bool(success) if isinstance(success, int) else success,
        "error": None if error is None else _shown(error, result_max_len),
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
        return _shown(args, limit)
    return {str(key)[:128]: _argument(value, limit) for key, value in list(args.items())[:100]}


def _argument(value: Any, limit: int) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    return _shown(value, limit)


def _shown(value: Any, limit: int) -> str:
    if isinstance(value, str):
        return shorten(value, limit)
    fine, shown = attempt(lambda: str(value), "tool_payload")
    return shorten(shown, limit) if fine and isinstance(shown, str) else f"<{type(value).__name__}>"
