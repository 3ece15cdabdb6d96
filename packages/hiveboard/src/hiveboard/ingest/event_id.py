"""One spelling for every UUID, so that an event sent twice is one event however its id is written."""

from __future__ import annotations

import re

__all__ = ["canonical_id"]

_UUID = re.compile(
    r"(?:urn:uuid:)?\{?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})\}?"
)


def canonical_id(event_id: str) -> str:
    """A UUID in lower case with dashes and without braces; any other id as it is."""
    match = _UUID.fullmatch(event_id.lower())
    return event_id if match is None else "-".join(match.groups())
