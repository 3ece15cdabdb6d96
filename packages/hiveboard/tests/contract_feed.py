"""Contract: reading events, with every filter and page by page."""

from __future__ import annotations

import pytest
from hiveboard.settings import Limits
from hiveboard.store import Store
from hiveboard.store.rows import EventFilter
from msgspec import structs

from .conftest import event, kind
from .contract_opened import HOUR, NOW, OpenedStore, Opener, batch, put, run_of, store_all


async def ids(store: Store, want: EventFilter) -> list[str]:
    """Ids of all pages of a filter, the newest first."""
    found: list[str] = []
    while True:
        events, position = await store.events("live", want)
        assert len(events) <= want.limit
        found += [one.record.event_id for one in events]
        if position is None:
            return found
        want = structs.replace(want, before=position)


class FeedContract(OpenedStore):
    """The feed and the tail."""

    async def test_every_filter_keeps_what_it_names(self, store: Store) -> None:
        events = {
            "start": event("task_started", 1, task_id="t", task_run_id="r1", project_id="p"),
            "again": event("task_started", 2, task_id="t", task_run_id="r2", agent_id="b"),
            "call": kind("llm_call", 3, data={"name": "n", "model": "m"}, task_id="t", task_run_id="r1"),
            "todo": kind("todo", 4, data={"todo_id": "1"}),
            "failure": event("action_failed", 5, agent_id="b"),
            "retry": event("retry_started", 6),
            "beat": event("heartbeat", 7),
        }
        await store_all(store, *events.values())
        elsewhere = event("custom", 8)
        await store_all(store, elsewhere, environment="staging", group="blue")
        names = {one["event_id"]: name for name, one in (events | {"elsewhere": elsewhere}).items()}

        async def kept(**fields: object) -> list[str]:
            return [names[one] for one in await ids(store, EventFilter(**fields))]  # type: ignore[arg-type]

        all_but_beats = ["elsewhere", "retry", "failure", "todo", "call", "again", "start"]
        assert await kept() == all_but_beats
        assert await kept(exclude_heartbeats=False) == ["elsewhere", "beat", *all_but_beats[1:]]
        assert await kept(event_types=("heartbeat",)) == []
        assert await kept(event_types=("heartbeat",), exclude_heartbeats=False) == ["beat"]
        assert await kept(project_id="p") == ["start"]
        assert await kept(agent_id="b") == ["failure", "again"]
        assert await kept(task_id="t") == ["call", "again", "start"]
        assert await kept(task_id="t", task_run_id="r1") == ["call", "start"]
        assert await kept(task_run_id="r2") == ["again"]
        assert await kept(task_id="t", agent_id="b") == ["again"]
        assert await kept(event_types=("task_started", "retry_started")) == ["retry", "again", "start"]
        assert await kept(event_types=("custom",)) == ["elsewhere", "todo", "call"]
        assert await kept(kinds=("todo", "llm_call")) == ["todo", "call"]
        assert await kept(kinds=("todo",), event_types=("task_started",)) == []
        assert await kept(severities=("error",)) == ["failure"]
        assert await kept(severities=("warn", "error")) == ["retry", "failure"]
        assert await kept(severities=("info", "error")) == [
            "elsewhere",
            "failure",
            "todo",
            "call",
            "again",
            "start",
        ]
        assert await kept(model="m") == ["call"]
        assert await kept(environment="staging") == await kept(group="blue") == ["elsewhere"]
        assert await kept(environment="production", kinds=("todo",)) == ["todo"]
        assert await kept(since=NOW + 3_000, until=NOW + 5_000) == ["todo", "call"]
        assert await kept(since=NOW + 99_000_000) == await kept(until=NOW) == []
        assert await kept(agent_id="nobody") == await kept(kinds=("nothing",)) == await kept(model="x") == []

    @pytest.mark.parametrize("limit", [1, 2, 3, 7])
    async def test_pages_are_stable_at_equal_times_and_while_more_arrives(
        self, store: Store, limit: int
    ) -> None:
        old = [event("custom", at // 4) for at in range(12)]
        await store_all(store, *old)
        expected = [one["event_id"] for one in old[::-1]]
        first, position = await store.events("live", EventFilter(limit=limit))
        await store_all(store, *(event("custom", 9) for _ in range(5)))
        found = [one.record.event_id for one in first]
        if position is not None:
            found += await ids(store, EventFilter(limit=limit, before=position))
        assert found == expected

    @pytest.mark.parametrize("scan_rows", [40_000, 300, 60])
    async def test_a_rare_match_is_found_page_by_page_without_gap_or_repetition(
        self, opener: Opener, scan_rows: int
    ) -> None:
        store = opener(Limits(scan_rows=scan_rows))
        made = [event("escalated", at, project_id="rare" if at % 331 == 5 else "p") for at in range(1000)]
        for start in range(0, 1000, 500):
            await put(store, batch(made[start : start + 500]))
        expected = [one["event_id"] for one in made if one["project_id"] == "rare"][::-1]
        assert await ids(store, EventFilter(project_id="rare", limit=2)) == expected

    async def test_events_of_many_months_come_in_order(self, store: Store) -> None:
        made = [event("custom", at * 20 * 24 * 3_600_000) for at in range(9)]
        for one in made[::2] + made[1::2]:
            await store_all(store, one)
        assert await ids(store, EventFilter(limit=2)) == [one["event_id"] for one in made[::-1]]
        want = EventFilter(since=NOW + 30 * 24 * HOUR, until=NOW + 70 * 24 * HOUR)
        assert await ids(store, want) == [made[3]["event_id"], made[2]["event_id"]]
        again = await put(store, batch(made))
        assert (again.stored, again.duplicates) == (0, 9)

    async def test_naming_the_kind_of_llm_calls_beside_a_model_changes_nothing(self, store: Store) -> None:
        await put(store, batch([*run_of("t1"), *run_of("t2", 9)]))
        both, _ = await store.events("live", EventFilter(model="m", kinds=("llm_call",)))
        model, _ = await store.events("live", EventFilter(model="m"))
        assert both == model
        assert len(both) == 2
        assert (await store.events("live", EventFilter(model="m", kinds=("issue",))))[0] == []

    async def test_the_tail_goes_on_after_a_number(self, store: Store) -> None:
        await store_all(store, event("heartbeat", 9), event("custom", 1))
        await put(store, batch([event("custom")], tenant="other"))
        await store_all(store, event("escalated", 5), kind("todo", 4))
        tail = await store.events_after("live", 1, 9)
        assert [(one.seq, one.record.event_type) for one in tail] == [
            (2, "custom"),
            (4, "escalated"),
            (5, "custom"),
        ]
        assert [one.seq for one in await store.events_after("live", 1, 2)] == [2, 4]
        assert [one.seq for one in await store.events_after("live", 0, 9, ("todo", "heartbeat"))] == [1, 5]
        assert await store.events_after("live", 5, 9) == []

    async def test_of_a_long_run_the_ends_and_the_failures_are_told(self, store: Store) -> None:
        task = {"task_id": "t", "task_run_id": "r"}
        made = [event("action_started", at, **task) for at in range(40)]
        made[20] |= {"event_type": "action_failed"}
        made[25] |= {"event_type": "action_completed", "payload": {"success": False}}
        made[26] |= {"event_type": "action_completed", "payload": {"error": None}}
        await store_all(store, *made, event("custom", 7, task_id="t", task_run_id="other"))
        row = await store.task("live", "t", "r")
        assert row is not None
        run = await store.task_events("live", row.state, 12)
        told = [next(at for at, one in enumerate(made) if one["event_id"] == event_id) for event_id in
                (one.record.event_id for one in run.events)]  # fmt: skip
        assert told == [*range(7), 20, 25, 37, 38, 39]
        assert (run.omitted, run.omitted_since, run.omitted_until) == (28, NOW + 6_000, NOW + 37_000)
        whole = await store.task_events("live", row.state, 40)
        assert [one.record.event_id for one in whole.events] == [one["event_id"] for one in made]
