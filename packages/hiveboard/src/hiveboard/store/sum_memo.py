"""What sums of counters came to, kept until one of the counters they were made of has changed."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterable
from typing import Any, NamedTuple

__all__ = ["SumMemo", "Sums"]


class Sums(NamedTuple):
    """``sums`` of the buckets from ``since`` to before ``until``, as they were when the newest event was ``seq``;
    about ``cells`` numbers."""

    tenant: str
    since: int
    until: int
    seq: int
    cells: int
    sums: Any


class SumMemo:
    """Sums by question, with what has changed since. Safe to use from several threads.

    A sum is right as long as no bucket of its stretch has changed after the event up to which it counted. Nothing here
    is a matter of time: whoever asks has first told what changed (:meth:`learn`). What was not asked for longest is
    forgotten first when more than ``most_cells`` numbers are kept.
    """

    def __init__(self, most_cells: int, most_changes: int = 20_000) -> None:
        self._most_cells, self._most_changes = most_cells, most_changes
        self._kept: OrderedDict[Hashable, Sums] = OrderedDict()
        self._cells = 0
        #: By tenant the buckets that changed and up to which event, the latest change last.
        self._changed: dict[str, dict[int, int]] = {}
        self._changes = 0
        self._seen: int | None = None
        #: All changes after this event are known.
        self._known_after = 0
        self._lock = threading.Lock()

    @property
    def seen(self) -> int | None:
        """The event up to which changes are known; None when nothing was asked yet."""
        return self._seen

    def learn(self, changes: Iterable[tuple[str, int, int]], seq: int) -> None:
        """Changes as (tenant, bucket, event), in order of the event: all there are after ``seen`` up to ``seq``."""
        with self._lock:
            if self._seen is None or self._changes > self._most_changes:
                self._forget_all(seq if self._seen is None else self._seen)
            for tenant, bucket, event in changes:
                of_tenant = self._changed.setdefault(tenant, {})
                if of_tenant.get(bucket, -1) < event:
                    self._changes += of_tenant.pop(bucket, None) is None
                    of_tenant[bucket] = event
            self._seen = max(seq, self._seen or seq)

    def get(self, key: Hashable) -> Any:
        """The sums of a question, None when they are not known or not right any more."""
        with self._lock:
            kept = self._kept.get(key)
            if kept is None:
                return None
            if self._has_changed(kept):
                self._drop(key)
                return None
            self._kept.move_to_end(key)
            return kept.sums

    def put(self, key: Hashable, kept: Sums) -> None:
        """Keep the sums of a question."""
        with self._lock:
            have = self._kept.get(key)
            # What changed after a look that old is not known, or somebody had a later look.
            if kept.seq < self._known_after or (have is not None and have.seq >= kept.seq):
                return
            self._drop(key)
            self._kept[key] = kept
            self._cells += kept.cells
            while self._cells > self._most_cells:
                self._drop(next(iter(self._kept)))

    def _has_changed(self, kept: Sums) -> bool:
        changed = self._changed.get(kept.tenant, {})
        for bucket in reversed(changed):
            if changed[bucket] <= kept.seq:
                return False
            if kept.since <= bucket < kept.until:
                return True
        return False

    def _drop(self, key: Hashable) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self._cells -= kept.cells

    def _forget_all(self, known_after: int) -> None:
        self._known_after = known_after
        self._kept.clear()
        self._changed.clear()
        self._cells = self._changes = 0
