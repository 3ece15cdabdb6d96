"""What a detector found: the shape all of them share."""

from __future__ import annotations

from msgspec import Struct

from .links import Evidence

__all__ = ["Finding"]


class Finding(Struct, kw_only=True):
    """One thing the server noticed. ``severity`` is warn or error, ``agent_id`` null for the fleet.

    ``id`` stays the same as long as the finding is about the same thing. ``since`` is when it began, as far as known;
    ``numbers`` are those the detector compared.
    """

    id: str
    detector: str
    severity: str
    agent_id: str | None
    summary: str
    since: str | None
    evidence: list[Evidence]
    numbers: dict[str, float]
