"""Events lie in weekly tables: pages and runs cross them, an event sent twice is found in another, retention drops them whole."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hiveboard.settings import Limits
from hiveboard.store import Span
from hiveboard.store.rows import EventFilter, Scope, TaskFilter
from hiveboard.store.sqlite import SqliteStore
from hiveboard.store.sqlite_partitions import partition_of
from hiveboard.store.sqlite_verify import verify_store
from hiveboard.store.week import WEEK_US
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from .conftest import event, kind
from .contract_opened import NOW, batch, put

WEEK_MS = WEEK_US // 1000
DAY_US = 86_400_000_000


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "s.db", Limits(), lambda _: None)
    yield opened
    await opened.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "s.db"


def tables(file: Path) -> list[str]:
    with sqlite3.connect(file) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM partitions ORDER BY since")]


def weeks_of_runs(weeks: int, per_week: int = 3) -> list[dict[str, Any]]:
    """Runs of two events, the oldest first; times are milliseconds after the tests' beginning."""
    events = []
    for week in range(weeks):
        for number in range(per_week):
            task = {"task_id": f"w{week}-{number}", "task_run_id": "r"}
            at = week * WEEK_MS + number * 1_000
            call = {"name": "n", "model": "m", "cost": 0.25, "tokens_in": 10}
            events += [
                event("task_started", at, **task),
                kind("llm_call", at + 10, data=call, **task),
                event("task_completed", at + 20, **task),
            ]
    return events


@given(st.integers(-(10**15), 10**16))
def test_every_moment_belongs_to_one_table(ts: int) -> None:
    mine = partition_of(ts)
    assert mine.since <= ts < mine.until
    for edge in (mine.since, mine.until - 1):
        assert partition_of(edge) == mine
    assert mine.name.isidentifier()
    assert partition_of(mine.until) != mine or mine.name == "events_late"


async def test_pages_cross_weeks_without_losing_or_repeating(store: SqliteStore, file: Path) -> None:
    events = weeks_of_runs(5)
    await put(store, batch(events))
    assert len(tables(file)) in (5, 6)  # the tests' beginning may lie in the middle of a week
    for want in (
        EventFilter(limit=4),
        EventFilter(limit=4, agent_id="a"),
        EventFilter(limit=4, event_types=("task_completed", "task_started")),
        EventFilter(limit=4, kinds=("llm_call",)),
        EventFilter(limit=4, environment="production"),
    ):
        seen: list[int] = []
        before = None
        while True:
            page, before = await store.events("live", structs.replace(want, before=before))
            seen += [one.record.ts for one in page]
            if before is None:
                break
        kinds = 15 * len(want.event_types) or (15 if want.kinds else 45)
        assert len(seen) == kinds
        assert seen == sorted(seen, reverse=True)


async def test_a_run_that_crosses_weeks_is_read_whole(store: SqliteStore) -> None:
    task = {"task_id": "long", "task_run_id": "r"}
    steps = [event("action_started", at * WEEK_MS // 10, action_id=f"s{at}", **task) for at in range(1, 30)]
    await put(store, batch([event("task_started", 0, **task), *steps]))
    row = await store.task("live", "long", "r")
    assert row is not None
    whole = await store.task_events("live", row.state, 1_000)
    assert [one.record.action_id for one in whole.events] == [None, *(f"s{at}" for at in range(1, 30))]
    cut = await store.task_events("live", row.state, 8)
    assert (cut.events[0].record.event_type, cut.events[-1].record.action_id) == ("task_started", "s29")
    assert (len(cut.events), cut.omitted) == (8, 22)


async def test_an_id_is_stored_once_whatever_week_it_names(store: SqliteStore) -> None:
    first = event("task_started", 0, event_id="7d9f1a10-33d5-4f0e-9a55-8f6f3a3b1c2d", task_id="t")
    again = {**first, "timestamp": event("task_started", 3 * WEEK_MS)["timestamp"]}
    other_week = event("task_started", 3 * WEEK_MS, task_id="u")
    assert (await put(store, batch([first]))).stored == 1
    assert (await put(store, batch([other_week, again]))).duplicates == 1
    assert (await put(store, batch([first, again]))).duplicates == 2


async def test_what_is_new_among_duplicates_is_numbered_without_gaps(store: SqliteStore) -> None:
    events = weeks_of_runs(2)
    await put(store, batch(events[:9]))
    assert (await put(store, batch(events))).stored == 9
    assert await store.last_seq() == 18
    assert [one.seq for one in await store.events_after("live", 0, 100)] == list(range(1, 19))


async def test_retention_drops_whole_weeks_and_verify_still_agrees(store: SqliteStore, file: Path) -> None:
    crossing = {"task_id": "crossing", "task_run_id": "r"}
    await put(
        store,
        batch([*weeks_of_runs(4), event("task_started", WEEK_MS, **crossing)], received=NOW + 4 * WEEK_US),
    )
    await put(
        store,
        batch([event("task_completed", 3 * WEEK_MS + 5, **crossing)], received=NOW + 4 * WEEK_US),
    )
    removed = await store.prune(NOW + 2 * WEEK_US + 6 * DAY_US)
    kept = partition_of(NOW + 2 * WEEK_US + 6 * DAY_US).since
    left, _ = await store.events("live", EventFilter(limit=200))
    assert removed == 4 * 9 + 2 - len(left) > 0
    assert min(one.record.ts for one in left) >= kept
    assert all(name >= partition_of(kept).name for name in tables(file))

    runs, _ = await store.tasks("live", TaskFilter(limit=200))
    assert {row.state.task_id for row in runs} == {
        "crossing",
        *(one.record.task_id for one in left if one.record.task_id),
    }
    usage = await store.usage("live", Scope(), (), Span(0, NOW + 10 * WEEK_US, 86_400_000_000))
    assert sum(row.calls for row in usage) == sum(one.record.kind == "llm_call" for one in left)

    count, reports = verify_store(file, lambda done: None)
    assert count == len(left)
    assert [report.table for report in reports if report.different] == []
    assert sum(report.older for report in reports) > 0
    assert await store.prune(NOW) == 0


async def test_numbers_go_on_after_everything_was_removed(store: SqliteStore) -> None:
    await put(store, batch(weeks_of_runs(1)))
    assert await store.prune(NOW + 10 * WEEK_US) == 9
    assert await store.last_seq() == 9
    await put(store, batch(weeks_of_runs(2)[9:]))
    assert [one.seq for one in await store.events_after("live", 9, 100)] == list(range(10, 19))
