"""What an adapter may ask about the running session."""

from __future__ import annotations

from hiveloop._runtime import runtime

__all__ = ["captures_content", "estimate_cost"]


def captures_content() -> bool:
    """Whether prompts, responses, arguments and results may leave the process (``init(capture_content=…)``)."""
    return runtime.session is None or runtime.session.capture_content


def estimate_cost(model: str | None, tokens_in: int | None, tokens_out: int | None) -> float | None:
    """US dollars by the table of ``init(prices=…)``; ``None`` without one, or when something is unknown."""
    session = runtime.session
    if session is None or session.prices is None:
        return None
    cost: float | None = session.prices.estimate(model, tokens_in, tokens_out)
    return cost
