"""What any store must do, whatever database it rests on; each implementation runs this suite."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from hiveboard.ingest.decode import decode_batch
from hiveboard.ingest.judge import Judge
from hiveboard.pricing import PriceBook
from hiveboard.settings import Limits
from hiveboard.store import Document, QueueFullError, Span, Store
from hiveboard.store.records import Appended, Batch, Published
from hiveboard.store.rows import EventFilter, Scope, TaskFilter
from hiveboard.store.sqlite import SqliteStore
from msgspec import json, structs

from .conftest import event, kind

NOW = 1_770_000_000_000_000
HOUR = 3_600_000_000
Opener = Callable[[Limits], Store]


@pytest.fixture(params=["sqlite"])
async def opener(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Opener]:
    opened: list[Store] = []
    published: list[Published] = []

    def make(limits: Limits) -> Store:
        store: Store = {"sqlite": lambda: SqliteStore(tmp_path / "s.db", limits, published.append)}[
            request.param
        ]()
        opened.append(store)
        return store

    yield make
    for store in opened:
        await store.close()


def batch(events: list[dict[str, Any]], tenant: str = "live", received: int = NOW) -> Batch:
    body = json.encode({"envelope": {"agent_id": "a"}, "events": events})
    return Judge(Limits(), PriceBook()).judge(decode_batch(body, Limits()), tenant, received).batch


async def put(store: Store, made: Batch) -> Appended:
    return await store.append(lambda: made, 100)


def run_of(task_id: str, at: int = 0) -> list[dict[str, Any]]:
    task = {"task_id": task_id, "task_run_id": "r"}
    return [
        event("task_started", at, **task),
        kind("llm_call", at + 1, data={"name": "n", "model": "m", "cost": 0.5, "tokens_in": 3}, **task),
        event("approval_requested", at + 2, **task),
        kind("issue", at + 3, data={"severity": "low"}),
        kind("queue_snapshot", at + 4, data={"depth": 1}),
        event("task_completed", at + 5, duration_ms=5, **task),
    ]


async def test_append_is_idempotent_and_numbers_what_is_new(opener: Opener) -> None:
    store = opener(Limits())
    events = run_of("t")
    first = await put(store, batch(events))
    again = await put(store, batch([*events, event("heartbeat")]))
    assert (first.stored, first.duplicates) == (6, 0)
    assert (again.stored, again.duplicates) == (1, 6)
    assert await store.last_seq() == 7
    assert [one.seq for one in await store.events_after("live", 5, 10)] == [6, 7]


async def test_what_went_in_comes_out(opener: Opener) -> None:
    store = opener(Limits())
    sent = batch(run_of("t"))
    expected = [record.event_id for record in sent.records]
    await put(store, sent)
    stored, position = await store.events("live", EventFilter())
    assert [one.record.event_id for one in stored] == expected[::-1]
    assert position is None
    for one in stored:
        original = next(record for record in sent.records if record.event_id == one.record.event_id)
        assert one.record == original
    rows, _ = await store.tasks("live", TaskFilter())
    run = await store.task_events("live", rows[0].state, 6)
    assert ([one.record.event_id for one in run.events], run.omitted) == (expected[:3] + expected[5:], 0)
    assert (await store.task("live", "t", None)) == (await store.task("live", "t", "r")) == rows[0]
    assert await store.task("live", "t", "other") is None


async def test_summaries_are_there_when_append_returns(opener: Opener) -> None:
    store = opener(Limits())
    await put(store, batch(run_of("t")))
    span = Span(NOW - HOUR - NOW % HOUR, NOW - NOW % HOUR + 2 * HOUR, HOUR)
    usage = (await store.usage("live", Scope(), (), span))[0]
    assert (usage.calls, usage.tokens_in, usage.reported_nano) == (1, 3, 500_000_000)
    assert (await store.usage("live", Scope(agent_id="a"), ("model",), span))[0].group == ("m",)
    assert (await store.outcomes("live", Scope(), ("agent",), span))[0].completed == 1
    assert (await store.activity("live", Scope(), (), span))[0].events == 6
    assert (
        len(await store.issues("live", None, 9)) == len(await store.expired_approvals("live", None, 9)) == 1
    )
    assert await store.open_approvals("live", None, 9) == []
    assert [row.kind for row in await store.latest("live", "a", ("queue_snapshot",), 9)] == ["queue_snapshot"]
    assert [row.state.agent_id for row in await store.agents("live", None)] == ["a"]


async def test_a_tenant_sees_only_its_own(opener: Opener) -> None:
    store = opener(Limits())
    events = run_of("t")
    assert (await put(store, batch(events))).stored == 6
    assert (await put(store, batch(events, tenant="test"))).stored == 6
    assert (await store.events("nobody", EventFilter()))[0] == []
    assert await store.agents("nobody", None) == []
    assert await store.task("nobody", "t", None) is None
    assert await store.events_after("nobody", 0, 9) == []


async def test_many_writers_at_once_lose_and_double_nothing(opener: Opener) -> None:
    store = opener(Limits(commit_events=20))
    groups = [run_of(f"t{number}", number) for number in range(40)]
    results = await asyncio.gather(*(put(store, batch(group)) for group in [*groups, *groups]))
    assert sum(result.stored for result in results) == 240
    assert sum(result.duplicates for result in results) == 240
    rows, _ = await store.tasks("live", TaskFilter(limit=100))
    assert len(rows) == 40
    assert all(row.state.llm_calls == 1 for row in rows)


async def test_a_full_queue_refuses(opener: Opener) -> None:
    store = opener(Limits(queue_batches=0))
    with pytest.raises(QueueFullError):
        await put(store, batch(run_of("t")))


async def test_what_making_a_batch_raises_reaches_the_sender_alone(opener: Opener) -> None:
    store = opener(Limits())

    def broken() -> Batch:
        raise ValueError("not a batch")

    results = await asyncio.gather(
        put(store, batch(run_of("t1"))),
        store.append(broken, 10),
        put(store, batch(run_of("t2"))),
        return_exceptions=True,
    )
    assert [getattr(result, "stored", None) for result in results] == [6, None, 6]
    assert str(results[1]) == "not a batch"
    assert (await put(store, batch([]))).stored == 0
    assert await store.last_seq() == 12


@pytest.mark.parametrize("scan_rows", [40_000, 300, 60])
async def test_a_rare_match_is_found_page_by_page_without_gap_or_repetition(
    opener: Opener, scan_rows: int
) -> None:
    store = opener(Limits(scan_rows=scan_rows))
    made = [event("escalated", at, project_id="rare" if at % 331 == 5 else "p") for at in range(1000)]
    for start in range(0, 1000, 500):
        await put(store, batch(made[start : start + 500]))
    expected = [one["event_id"] for one in made if one["project_id"] == "rare"][::-1]
    found: list[str] = []
    want, pages = EventFilter(project_id="rare", limit=2), 0
    while True:
        events, position = await store.events("live", want)
        found += [one.record.event_id for one in events]
        pages += 1
        if position is None:
            break
        want = structs.replace(want, before=position)
    assert found == expected
    assert pages <= 2 + 1000 // scan_rows + len(expected)


async def test_naming_the_kind_of_llm_calls_beside_a_model_changes_nothing(opener: Opener) -> None:
    store = opener(Limits())
    await put(store, batch([*run_of("t1"), *run_of("t2", 9)]))
    both, _ = await store.events("live", EventFilter(model="m", kinds=("llm_call",)))
    model, _ = await store.events("live", EventFilter(model="m"))
    assert both == model
    assert len(both) == 2
    assert (await store.events("live", EventFilter(model="m", kinds=("issue",))))[0] == []


async def test_documents_are_kept_by_tenant_kind_and_id(opener: Opener) -> None:
    store = opener(Limits())
    for number in range(5):
        await store.put_document("live", Document("rule", f"r{number}", b'{"n":%d}' % number, NOW + number))
    await store.put_document("live", Document("rule", "r1", b'{"n":"new"}', NOW + 9))
    await store.put_document("other", Document("rule", "r1", b"{}", NOW))
    await store.put_document("live", Document("key", "r1", b"[]", NOW))

    assert [found.id for found in await store.documents("live", "rule")] == ["r4", "r3", "r2", "r1", "r0"]
    assert [found.id for found in await store.documents("live", "rule", 2, "r3")] == ["r2", "r1"]
    assert await store.document("live", "rule", "r1") == Document("rule", "r1", b'{"n":"new"}', NOW + 9)
    assert await store.document("live", "rule", "r9") is None
    assert await store.delete_document("live", "rule", "r1") is True
    assert await store.delete_document("live", "rule", "r1") is False
    assert await store.document("other", "rule", "r1") is not None
    assert sorted(await store.tenants()) == ["live", "other"]


async def test_a_history_keeps_its_newest(opener: Opener) -> None:
    store = opener(Limits())
    for number in range(6):
        await store.put_document("live", Document("sent", f"{number}", b"{}", NOW), keep=3)
    assert [found.id for found in await store.documents("live", "sent")] == ["5", "4", "3"]
