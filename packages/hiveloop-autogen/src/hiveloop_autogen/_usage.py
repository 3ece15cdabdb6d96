"""Token usage as AutoGen reports it → counts that are real or absent. Pure."""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ["NO_USAGE", "Usage", "read_usage"]


class Usage(NamedTuple):
    """Tokens of one call; ``None`` means that nobody counted them."""

    tokens_in: int | None = None
    tokens_out: int | None = None

    @property
    def is_missing(self) -> bool:
        """Nothing is known."""
        return self.tokens_in is None and self.tokens_out is None


NO_USAGE = Usage()


def read_usage(usage: Any) -> Usage:
    """``RequestUsage`` (``prompt_tokens``, ``completion_tokens``), where AutoGen writes 0 for what it was not told.

    Nobody answers a prompt of no tokens, so a prompt of 0 is unknown, and an answer of 0 beside it is too.
    """
    tokens_in = _count(getattr(usage, "prompt_tokens", None))
    tokens_out = _count(getattr(usage, "completion_tokens", None))
    if not tokens_in:
        return Usage(None, tokens_out or None)
    return Usage(tokens_in, tokens_out)


def _count(value: Any) -> int | None:
    return value if type(value) is int and value >= 0 else None
