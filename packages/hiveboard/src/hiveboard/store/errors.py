"""What a store can fail with."""

from __future__ import annotations

__all__ = ["QueueFullError", "StoreFailedError"]


class QueueFullError(Exception):
    """More waits to be written than the store may hold in memory; try again soon."""


class StoreFailedError(Exception):
    """The store could not commit or read (disk full, file gone). Nothing was acknowledged."""
