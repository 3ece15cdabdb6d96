"""Contract: what happens to a batch on its way in."""

from __future__ import annotations

import asyncio

import pytest
from hiveboard.settings import Limits
from hiveboard.store import QueueFullError, Store
from hiveboard.store.records import Batch, Origin
from hiveboard.store.rows import EventFilter, Scope, TaskFilter

from .conftest import event
from .contract_answers import everything
from .contract_opened import NOBODY, OpenedStore, Opener, batch, put, run_of, store_all


class WritingContract(OpenedStore):
    """Appending: all or nothing, once, each tenant apart, refused when there is no room."""

    async def test_append_is_idempotent_and_numbers_what_is_new(self, store: Store) -> None:
        events = run_of("t")
        first = await put(store, batch(events))
        again = await put(store, batch([*events, event("heartbeat")]))
        assert (first.stored, first.duplicates) == (6, 0)
        assert (again.stored, again.duplicates) == (1, 6)
        assert await store.last_seq() == 7
        assert [one.seq for one in await store.events_after("live", 5, 10)] == [6, 7]

    async def test_of_equal_ids_in_one_batch_the_first_is_stored(self, store: Store) -> None:
        one = event("heartbeat")
        result = await put(store, batch([one, one | {"event_type": "escalated"}, event("custom")]))
        assert (result.stored, result.duplicates) == (2, 1)
        stored = await store.events_after("live", 0, 9)
        assert [(found.seq, found.record.event_type) for found in stored] == [(1, "heartbeat"), (2, "custom")]
        assert (await store.agents("live", "a"))[0].state.heartbeat_received is not None
        assert await store.open_counts("live", Scope(), NOBODY) == await store.open_counts(
            "x", Scope(), NOBODY
        )

    async def test_what_went_in_comes_out(self, store: Store) -> None:
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

    async def test_an_event_knows_who_sent_it(self, store: Store) -> None:
        origin = Origin("1.2", "crewai", "python", "0.9", "staging", "blue", "p1")
        sent = batch([event("custom")])
        sent.origin = origin
        await put(store, sent)
        (stored,) = await store.events_after("live", 0, 9)
        assert (stored.origin.agent_version, stored.origin.environment, stored.origin.group) == (
            "1.2", "staging", "blue",
        )  # fmt: skip
        known = await store.origins([stored.record.origin_id, 999_999])
        assert known == {stored.record.origin_id: origin}
        assert await store.origins([]) == {}

    async def test_tenants_are_apart_in_every_answer(self, store: Store) -> None:
        nothing = await everything(store, "nobody")
        events = run_of("t")
        assert (await put(store, batch(events))).stored == 6
        alone = await everything(store, "live")
        assert alone != nothing
        assert (await put(store, batch(events, tenant="test"))).stored == 6
        await put(store, batch([event("task_started", 9, task_id="t", task_run_id="r")], tenant="test"))
        await put(store, batch([event("approval_received", 9, task_id="t")], tenant="test"))
        assert await everything(store, "live") == alone
        assert await everything(store, "nobody") == nothing
        assert await store.tenants() == ["live", "test"]

    async def test_many_writers_at_once_lose_and_double_nothing(self, opener: Opener) -> None:
        store = opener(Limits(commit_events=20))
        groups = [run_of(f"t{number}", number) for number in range(40)]
        results = await asyncio.gather(*(put(store, batch(group)) for group in [*groups, *groups]))
        assert sum(result.stored for result in results) == 240
        assert sum(result.duplicates for result in results) == 240
        rows, _ = await store.tasks("live", TaskFilter(limit=100))
        assert len(rows) == 40
        assert all(row.state.llm_calls == 1 for row in rows)

    @pytest.mark.parametrize("limits", [Limits(queue_batches=0), Limits(queue_bytes=0)])
    async def test_a_full_queue_refuses(self, opener: Opener, limits: Limits) -> None:
        store = opener(limits)
        with pytest.raises(QueueFullError):
            await put(store, batch(run_of("t")))
        assert await store.last_seq() == 0

    async def test_a_closed_store_takes_nothing(self, opener: Opener) -> None:
        store = opener()
        await store.close()
        with pytest.raises(QueueFullError):
            await put(store, batch(run_of("t")))
        opener.opened.clear()

    async def test_what_making_a_batch_raises_reaches_the_sender_alone(self, store: Store) -> None:
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

    async def test_a_commit_is_told_with_its_numbers_and_origins(self, opener: Opener) -> None:
        store, seen = opener(), []
        await store_all(store, *run_of("t"), environment="staging")
        await store_all(store, event("heartbeat"), event("custom"))
        for told in opener.published:
            for seq, record in enumerate(told.records, told.first_seq):
                seen.append((seq, record.event_type, told.origins[record.origin_id].environment))
        assert [one[0] for one in seen] == list(range(1, 9))
        assert [one[1:] for one in seen[5:]] == [
            ("task_completed", "staging"), ("heartbeat", "production"), ("custom", "production"),
        ]  # fmt: skip

    async def test_a_store_says_how_it_is(self, store: Store) -> None:
        condition = await store.condition()
        assert condition.kind
        assert condition.trouble is None
        assert condition.size_bytes >= 0
