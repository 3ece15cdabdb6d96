"""Contract: counters, by every dimension and over stretches of time that begin and end anywhere."""

from __future__ import annotations

from typing import Any

import pytest
from hiveboard.store import Store
from hiveboard.store.rows import Scope
from hiveboard.store.span import Span
from hiveboard.store.sums import ACTIVITY, OUTCOMES, USAGE, SumQuestion
from hiveboard.store.tallies import ACTIONS, CALLS, DURATIONS, RUNS, TROUBLES

from .conftest import event, kind
from .contract_opened import HOUR, NOW, OpenedStore, store_all

START = NOW - NOW % (24 * HOUR)
EVERYWHERE = Scope()
DAY = Span(START, START + 24 * HOUR, HOUR)
FIVE = HOUR // 12


def minute(number: int) -> int:
    """Milliseconds from the tests' moment to that minute of its day."""
    return (START - NOW) // 1_000 + number * 60_000


def call(at: int, model: str = "m", cost: float | None = 0.5, **fields: Any) -> dict[str, Any]:
    data = {"name": "n", "model": model, "tokens_in": 10} | ({} if cost is None else {"cost": cost})
    return kind("llm_call", minute(at), data=data, **fields)


def done(task: str, at: int, event_type: str = "task_completed", **fields: Any) -> dict[str, Any]:
    return event(event_type, minute(at), task_id=task, task_run_id="r", **fields)


class SumContract(OpenedStore):
    """Usage, outcomes, activity and tallies."""

    async def test_nothing_is_a_row_of_zeros_without_dimensions_and_no_row_with_them(
        self, store: Store
    ) -> None:
        (usage,), (outcomes,), (activity,) = (
            await store.usage("live", Scope(), (), DAY),
            await store.outcomes("live", Scope(), (), DAY),
            await store.activity("live", Scope(), (), DAY),
        )
        assert (usage.calls, usage.reported_nano, outcomes.completed, activity.events) == (0, 0, 0, 0)
        assert await store.usage("live", Scope(), ("model",), DAY) == []
        assert await store.outcomes("live", Scope(), ("bucket",), DAY) == []

    async def test_usage_by_every_dimension_and_scope(self, store: Store) -> None:
        await store_all(
            store,
            call(1),
            call(2, "k", 0.25, agent_id="b", project_id="p", task_type="mail"),
            agent_version="1",
        )
        await store_all(store, call(61, cost=None), environment="staging", group="blue")

        async def calls(
            by: tuple[str, ...], scope: Scope = EVERYWHERE, model: str | None = None
        ) -> dict[Any, int]:
            return {row.group: row.calls for row in await store.usage("live", scope, by, DAY, model)}

        assert await calls(()) == {(): 3}
        assert await calls(("agent",)) == {("a",): 2, ("b",): 1}
        assert await calls(("agent", "model")) == {("a", "m"): 2, ("b", "k"): 1}
        assert await calls(("version",)) == {("1",): 2, (None,): 1}
        assert await calls(("project", "task_type")) == {(None, None): 2, ("p", "mail"): 1}
        assert await calls(("bucket",)) == {(START,): 2, (START + HOUR,): 1}
        assert await calls(("model", "bucket"), model="m") == {("m", START): 1, ("m", START + HOUR): 1}
        for scope in (Scope(agent_id="b"), Scope(project_id="p")):
            assert await calls((), scope) == {(): 1}
        assert await calls(("model",), Scope(environment="staging", group="blue")) == {("m",): 1}
        assert await calls((), Scope(group="none")) == {(): 0}
        (row,) = await store.usage("live", Scope(), (), DAY)
        assert (row.reported_nano, row.tokens_in, row.told_in, row.unpriced) == (750_000_000, 30, 3, 1)

    @pytest.mark.parametrize(
        ("since", "until", "width"),
        [
            (0, 24 * 12, HOUR),
            (1, 13, FIVE),
            (11, 12 * 30, FIVE),
            (5, 12 * 40 + 7, HOUR),
            (12, 24 * 12 * 9, 24 * HOUR),
        ],
    )
    async def test_a_stretch_holds_what_lies_in_it(
        self, store: Store, since: int, until: int, width: int
    ) -> None:
        minutes = [*range(0, 2_000, 35), 24 * 60 - 1, 24 * 60, 9 * 24 * 60]
        await store_all(store, *(call(at) for at in minutes))
        span = Span(START + since * FIVE, START + until * FIVE, width)
        within = [at for at in minutes if since * 5 <= at < until * 5]
        (row,) = await store.usage("live", Scope(), (), span)
        assert row.calls == len(within)
        by_bucket = await store.usage("live", Scope(), ("bucket",), span)
        expected: dict[int, int] = {}
        for at in within:
            moment = START + at * 60_000_000
            expected[moment - moment % width] = expected.get(moment - moment % width, 0) + 1
        assert {row.group[0]: row.calls for row in by_bucket} == expected

    async def test_a_run_counts_where_and_how_it_ended_last(self, store: Store) -> None:
        await store_all(
            store,
            done("t", 1, duration_ms=100),
            done("u", 2, "task_failed", duration_ms=50),
            done("v", 3, status="cancelled"),
        )
        (row,) = await store.outcomes("live", Scope(), (), DAY)
        assert (row.completed, row.failed, row.other, row.timed, row.duration_ms) == (1, 1, 1, 2, 150)
        await store_all(
            store,
            done("t", 61, "task_failed", duration_ms=7),
            event("escalated", minute(3), task_id="u", task_run_id="r"),
        )
        rows = await store.outcomes("live", Scope(), ("bucket",), DAY)
        assert {row.group[0]: (row.completed, row.failed, row.escalated) for row in rows} == {
            START: (0, 1, 1), START + HOUR: (0, 1, 0),
        }  # fmt: skip
        (runs,) = await store.tallies("live", RUNS, Scope(), (), DAY)
        assert (runs.runs, runs.failed, runs.other, runs.escalated) == (3, 2, 1, 1)

    async def test_activity_counts_events_errors_and_beats(self, store: Store) -> None:
        await store_all(
            store,
            event("heartbeat", minute(1)),
            event("action_failed", minute(1)),
            event("custom", minute(70), agent_id="b"),
        )
        rows = await store.activity("live", Scope(), ("agent",), DAY)
        assert {row.group[0]: (row.events, row.errors, row.heartbeats) for row in rows} == {
            "a": (2, 1, 1),
            "b": (1, 0, 0),
        }

    async def test_tallies_are_summed_by_their_own_dimensions(self, store: Store) -> None:
        failed = {"action_name": "fetch", "success": False}
        await store_all(
            store, call(1), call(65, "k"), done("t", 1, duration_ms=100),
            event("action_completed", minute(2), payload={"action_name": "fetch"}, duration_ms=5, project_id="p"),
            event("action_completed", minute(3), payload=failed, duration_ms=7), event("retry_started", minute(4)),
        )  # fmt: skip
        actions = await store.tallies("live", ACTIONS, Scope(), ("name",), DAY)
        assert [(row.group, row.completed, row.failed, row.failed_ms) for row in actions] == [
            (("fetch",), 1, 1, 7)
        ]
        assert [
            row.completed for row in await store.tallies("live", ACTIONS, Scope(project_id="p"), (), DAY)
        ] == [1]
        calls = await store.tallies("live", CALLS, Scope(), ("model", "bucket"), DAY)
        assert {row.group: row.calls for row in calls} == {("m", START): 1, ("k", START + HOUR): 1}
        assert [row.runs for row in await store.tallies("live", DURATIONS, Scope(), ("step",), DAY)] == [1]
        troubles = await store.tallies("live", TROUBLES, Scope(), ("what", "agent"), DAY)
        assert {row.group: row.events for row in troubles}[("retry_started", "a")] == 1
        # Without finer buckets a stretch is widened to whole hours.
        span = Span(START + 2 * FIVE, START + 4 * FIVE, FIVE)
        assert [row.calls for row in await store.tallies("live", CALLS, Scope(), (), span)] == [1]
        assert [row.runs for row in await store.tallies("live", RUNS, Scope(), (), span)] == [0]

    async def test_what_was_asked_before_counts_what_came_later(self, store: Store) -> None:
        """Late events, a run that ends again in another hour, and a call of a run that has long ended."""
        week = Span(START - 6 * 24 * HOUR + 7 * FIVE, START + 24 * HOUR, HOUR)
        asked = [
            SumQuestion(USAGE, ("agent", "model"), week), SumQuestion(OUTCOMES, (), week), SumQuestion(RUNS, (), week),
            SumQuestion(CALLS, ("bucket",), DAY), SumQuestion(ACTIVITY, ("agent",), DAY), SumQuestion(DURATIONS, ("step",), week),
            SumQuestion(RUNS, ("bucket",), DAY),
        ]  # fmt: skip

        async def told() -> list[Any]:
            once, again = [await store.sums("live", Scope(), asked) for _ in range(2)]
            assert again == once
            usage, (outcomes,), (runs,), calls, activity, steps, ended = once
            return [
                {row.group: row.calls for row in usage},
                (outcomes.completed, outcomes.failed),
                (runs.runs, runs.cost_nano),
                {row.group[0]: row.calls for row in calls},
                {row.group: row.events for row in activity},
                len(steps),
                {row.group[0]: row.cost_nano for row in ended},
            ]

        assert await told() == [{}, (0, 0), (0, 0), {}, {}, 0, {}]
        run = {"task_id": "t", "task_run_id": "r"}
        await store_all(store, call(600, **run), done("t", 601, duration_ms=9))
        ten = START + 10 * HOUR
        assert await told() == [
            {("a", "m"): 1}, (1, 0), (1, 500_000_000), {ten: 1}, {("a",): 2}, 1, {ten: 500_000_000},
        ]  # fmt: skip
        await store_all(store, call(-3_000, "k"), call(700))
        eleven = START + 11 * HOUR
        assert await told() == [
            {("a", "k"): 1, ("a", "m"): 2}, (1, 0), (1, 500_000_000), {ten: 1, eleven: 1}, {("a",): 3}, 1,
            {ten: 500_000_000},
        ]  # fmt: skip
        await store_all(store, call(5, cost=0.25, **run), call(5, agent_id="b"))
        assert (await told())[-1] == {ten: 750_000_000}
        await store_all(store, done("t", 1_000, "task_failed", duration_ms=70_000))
        assert await told() == [
            {("a", "k"): 1, ("a", "m"): 3, ("b", "m"): 1}, (0, 1), (1, 750_000_000),
            {START: 2, ten: 1, eleven: 1}, {("a",): 5, ("b",): 1}, 1,
            {START + 16 * HOUR: 750_000_000},
        ]  # fmt: skip

    async def test_what_retention_removed_counts_no_more(self, store: Store) -> None:
        month = SumQuestion(USAGE, (), Span(START - 30 * 24 * HOUR, START + 24 * HOUR, 24 * HOUR))
        await store_all(store, call(-28 * 24 * 60), call(1))
        (before,) = await store.sums("live", Scope(), [month])
        assert [row.calls for row in before] == [2]
        assert await store.prune(START - 14 * 24 * HOUR) == 1
        (after,) = await store.sums("live", Scope(), [month])
        assert [row.calls for row in after] == [1]
