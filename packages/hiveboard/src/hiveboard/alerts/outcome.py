"""How one try to deliver ended."""

from __future__ import annotations

from msgspec import Struct

__all__ = ["Outcome"]


class Outcome(Struct, frozen=True, kw_only=True):
    """``may_retry`` says whether the same again may go better; ``wait_seconds`` is what the other side asked for.

    ``error`` never holds a secret of the channel.
    """

    delivered: bool = False
    status_code: int | None = None
    error: str | None = None
    may_retry: bool = False
    wait_seconds: float | None = None
