"""What can go wrong for a client: each error knows its status and becomes the error envelope."""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = [
    "ApiError",
    "BadRequestError",
    "ErrorEnvelope",
    "ForbiddenError",
    "NotFoundError",
    "PayloadTooLargeError",
    "StoreUnavailableError",
    "TooManyRequestsError",
    "UnauthorizedError",
    "UnsupportedEncodingError",
]


class ErrorEnvelope(msgspec.Struct):
    """The body of every answer that is not a success."""

    error: str
    message: str
    status: int
    details: dict[str, Any] = {}


class ApiError(Exception):
    """An answer other than success. ``details`` is JSON; ``headers`` go out with it."""

    status = 500
    code = "internal_error"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        status: int | None = None,
        details: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.status = status or self.status
        self.details = details or {}
        self.headers = headers or {}

    def body(self) -> bytes:
        """The envelope as JSON."""
        return msgspec.json.encode(ErrorEnvelope(self.code, self.message, self.status, self.details))


class BadRequestError(ApiError):
    """The request cannot be understood; ``details.field`` names the culprit where there is one."""

    status = 400
    code = "validation_error"


class UnauthorizedError(ApiError):
    """No key, or one that is not known."""

    status = 401
    code = "authentication_failed"

    def __init__(self, message: str) -> None:
        super().__init__(message, headers={"WWW-Authenticate": 'Bearer realm="hiveboard"'})


class ForbiddenError(ApiError):
    """The key is good but may not do this."""

    status = 403
    code = "insufficient_permissions"


class NotFoundError(ApiError):
    """Nothing of that name in this namespace."""

    status = 404
    code = "not_found"


class PayloadTooLargeError(ApiError):
    """More bytes or events than one request may carry."""

    status = 413
    code = "payload_too_large"


class UnsupportedEncodingError(ApiError):
    """A ``Content-Encoding`` nobody here can read."""

    status = 415
    code = "unsupported_encoding"


class TooManyRequestsError(ApiError):
    """The write queue is full; come back after ``retry_after_seconds``."""

    status = 429
    code = "rate_limit_exceeded"

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        super().__init__(
            message,
            details={"retry_after_seconds": retry_after_seconds},
            headers={"Retry-After": str(retry_after_seconds)},
        )


class StoreUnavailableError(ApiError):
    """The disk refused the commit (full, locked, gone). Nothing was acknowledged; sending again is safe."""

    status = 503
    code = "store_unavailable"

    def __init__(self, message: str) -> None:
        super().__init__(message, details={"retry_after_seconds": 5}, headers={"Retry-After": "5"})
