"""What people set up, as opposed to what agents tell: keys, rules, prices, policies, settings, one JSON object each."""

from __future__ import annotations

from msgspec import Struct

__all__ = ["Document"]


class Document(Struct, frozen=True):
    """One stored object. ``body`` is JSON whose shape belongs to its ``kind``; ``id`` names it within tenant and kind.

    ``updated_at`` is microseconds since 1970. Ids that begin with a time make a history: lists come in order of id.
    """

    kind: str
    id: str
    body: bytes
    updated_at: int
