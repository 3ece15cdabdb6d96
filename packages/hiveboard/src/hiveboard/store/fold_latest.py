"""Items of which only the latest event counts: queue, schedule, to-do items, heartbeat."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .fold_issue import issue_key
from .records import EventRecord
from .stretch import Stored
from .values import dict_of, text_in

__all__ = ["LATEST_KINDS", "LatestKey", "newest_by_item"]

#: Custom kinds of which the latest event per item is the state.
LATEST_KINDS = frozenset({"queue_snapshot", "scheduled", "todo"})

#: Tenant, agent, kind and item.
LatestKey = tuple[str, str, str, str]


def newest_by_item(items: Iterable[tuple[str, Stored]]) -> dict[LatestKey, tuple[EventRecord, int, int]]:
    """Of each item its newest event (of equal times the last given), when the first came and how many there were."""
    rows: dict[LatestKey, tuple[EventRecord, int, int]] = {}
    for kind, (record, payload) in items:
        key = (record.tenant, record.agent_id, kind, _item_key(kind, payload))
        have = rows.get(key)
        if have is None:
            rows[key] = (record, record.ts, 1)
        else:
            newest = record if record.ts >= have[0].ts else have[0]
            rows[key] = (newest, min(have[1], record.ts), have[2] + 1)
    return rows


def _item_key(kind: str, payload: dict[str, Any] | None) -> str:
    if kind != "todo":
        return ""
    todo_id = text_in(dict_of((payload or {}).get("data")), "todo_id")
    return todo_id or issue_key(None, text_in(payload, "summary"))
