"""Provider errors: status, headers and body as each provider words them."""

from __future__ import annotations

from typing import Any

from .script import Fault

_OPENAI_KINDS = {
    400: ("invalid_request_error", None),
    401: ("invalid_request_error", "invalid_api_key"),
    404: ("invalid_request_error", "model_not_found"),
    429: ("requests", "rate_limit_exceeded"),
    500: ("server_error", None),
}
_ANTHROPIC_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    404: "not_found_error",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}


def headers(fault: Fault) -> dict[str, str]:
    """``Retry-After`` in whole seconds, and the exact milliseconds both clients prefer."""
    if fault.retry_after_seconds is None:
        return {}
    return {
        "retry-after": str(max(1, round(fault.retry_after_seconds))),
        "retry-after-ms": str(round(fault.retry_after_seconds * 1000)),
    }


def openai_body(fault: Fault) -> dict[str, Any]:
    type_, code = _OPENAI_KINDS.get(fault.status, ("server_error", None))
    code = fault.kind or code
    type_ = "insufficient_quota" if code == "insufficient_quota" else type_
    return {"error": {"message": fault.message, "type": type_, "param": None, "code": code}}


def anthropic_body(fault: Fault, request_id: str) -> dict[str, Any]:
    kind = fault.kind or _ANTHROPIC_KINDS.get(fault.status, "api_error")
    return {"type": "error", "error": {"type": kind, "message": fault.message}, "request_id": request_id}
