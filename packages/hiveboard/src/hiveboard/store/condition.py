"""How a store itself is doing, for a person who looks for the reason of a trouble."""

from __future__ import annotations

from msgspec import Struct

__all__ = ["StoreCondition"]


class StoreCondition(Struct, frozen=True, kw_only=True):
    """``size_bytes`` is what the store takes on its disk, ``free_bytes`` what is left there (None: it is on no disk).

    ``trouble`` says why a change cannot be stored right now; None when one was.
    """

    kind: str
    schema_version: int
    size_bytes: int
    free_bytes: int | None
    trouble: str | None
