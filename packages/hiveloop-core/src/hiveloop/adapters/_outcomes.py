"""How something ended that raised: by a real failure, or in a way that is none."""

from __future__ import annotations

import sys

__all__ = ["outcome_of"]


def outcome_of(error: BaseException) -> str | None:
    """``None`` for a real failure; else ``cancelled``, or ``abandoned`` where its consumer left."""
    if isinstance(error, GeneratorExit):
        return "abandoned"
    if not isinstance(error, Exception):
        return "cancelled"  # cancelled tasks, Ctrl-C, sys.exit
    # An ordinary exception, for what a thread pool did not run; nobody has raised it where the module is not loaded.
    futures = getattr(sys.modules.get("concurrent.futures"), "CancelledError", None)
    return "cancelled" if futures is not None and isinstance(error, futures) else None
