"""The issues this process has opened and not yet seen resolved: only those are resolved by it."""

from __future__ import annotations

import itertools
import math

from hiveloop.adapters import RunMap

__all__ = ["OpenIssues", "open_issues"]

_MAX_OPEN = 10_000


class OpenIssues:
    """Issue id → how often it was reported since it was opened. Bounded: beyond that the oldest is forgotten."""

    def __init__(self, limit: int = _MAX_OPEN) -> None:
        self._counts: RunMap[itertools.count[int]] = RunMap(limit, ttl_seconds=math.inf)
        self.clear = self._counts.clear

    def report(self, issue_id: str) -> int:
        """Note one more report; returns how many there are now."""
        count = self._counts.get(issue_id)
        if count is None:
            count = itertools.count(1)
            self._counts.put(issue_id, count)
        return next(count)

    def resolve(self, issue_id: str) -> bool:
        """Whether this was open here; it no longer is."""
        return self._counts.pop(issue_id) is not None

    def __len__(self) -> int:
        return len(self._counts)


open_issues = OpenIssues()
