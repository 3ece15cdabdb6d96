"""The issues this process has opened and not yet seen resolved: only those are resolved by it."""

from __future__ import annotations

import itertools
import math
from typing import Any

from hiveloop.adapters import RunMap

from ._same_function import Noted, same

__all__ = ["OpenIssues", "open_issues"]

_MAX_OPEN = 10_000
_MAX_FUNCTIONS = 20


class _Open:
    """One issue: how often it was reported, and by which functions that have not worked since."""

    __slots__ = ("count", "functions")

    def __init__(self) -> None:
        self.count = itertools.count(1)
        self.functions: tuple[Noted, ...] = ()


class OpenIssues:
    """Issues by id, from their first report on. Bounded: beyond that the oldest is forgotten."""

    def __init__(self, limit: int = _MAX_OPEN) -> None:
        self._open: RunMap[_Open] = RunMap(limit, ttl_seconds=math.inf)
        self.clear = self._open.clear

    def report(self, issue_id: str, by: Noted) -> int:
        """Note one more report; returns how many there are now."""
        known = self._open.get(issue_id)
        if known is None:
            known = _Open()
            self._open.put(issue_id, known)
        if by not in known.functions and len(known.functions) < _MAX_FUNCTIONS:
            known.functions = (*known.functions, by)
        return next(known.count)

    def resolve(self, issue_id: str, name: str, function: Any) -> bool:
        """This function works: whether the issue was open here, and no other function of it is left that does not."""
        known = self._open.get(issue_id)
        if known is None:
            return False
        known.functions = tuple(noted for noted in known.functions if not same(noted, name, function))
        return not known.functions and self._open.pop(issue_id) is not None

    def __len__(self) -> int:
        return len(self._open)


open_issues = OpenIssues()
