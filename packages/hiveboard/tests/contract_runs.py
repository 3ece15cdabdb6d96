"""Contract: runs of tasks, their states and their order; sessions."""

from __future__ import annotations

from typing import Any

import pytest
from hiveboard.settings import Limits
from hiveboard.store import Store
from hiveboard.store.rows import TASK_SORTS, Scope, Silence, TaskFilter
from hiveboard.store.sessions import SessionFilter
from msgspec import structs

from .conftest import event, kind
from .contract_opened import NOBODY, NOW, OpenedStore, Opener, batch, put, store_all


async def names(store: Store, want: TaskFilter) -> list[str]:
    """Task ids of all pages of a filter."""
    found: list[str] = []
    while True:
        rows, position = await store.tasks("live", want)
        assert len(rows) <= want.limit
        found += [row.state.task_id for row in rows]
        if position is None:
            return found
        want = structs.replace(want, after=position)


def started(task_id: str, at: int = 0, run: str = "r", **fields: Any) -> dict[str, Any]:
    return event("task_started", at, task_id=task_id, task_run_id=run, **fields)


def ended(task_id: str, at: int, **fields: Any) -> dict[str, Any]:
    return event(fields.pop("event_type", "task_completed"), at, task_id=task_id, task_run_id="r", **fields)


class RunContract(OpenedStore):
    """Lists of runs, and what is open."""

    async def test_every_filter_keeps_what_it_names(self, store: Store) -> None:
        user = {"payload": {"session_id": "s", "user_id": "Ünal"}}
        await store_all(
            store,
            started("one", 0, project_id="p", task_type="mail"),
            started("two", 10, agent_id="b", **user),
        )
        await store_all(store, started("100%_x", 20), environment="staging", group="blue", agent_version="2")
        failure = {"exception_type": "ValueError", "exception_message": "no Route"}
        await store_all(store, ended("one", 30, event_type="task_failed", payload=failure))

        async def kept(**fields: Any) -> list[str]:
            return await names(store, TaskFilter(**fields))

        assert await kept() == ["100%_x", "two", "one"]
        assert await kept(project_id="p") == await kept(task_type="mail") == ["one"]
        assert await kept(agent_id="b") == await kept(session_id="s") == await kept(user_id="Ünal") == ["two"]
        assert await kept(environment="staging") == await kept(group="blue") == ["100%_x"]
        assert await kept(since=NOW + 10_000) == ["100%_x", "two"]
        assert await kept(until=NOW + 10_000) == ["one"]
        assert await kept(q="ROUTE") == await kept(q="valueerror") == ["one"]
        assert await kept(q="ünAL") == ["two"]
        assert await kept(q="%_") == await kept(q="100%") == ["100%_x"]
        assert await kept(q="_") == ["100%_x"]
        assert await kept(q="\\") == await kept(q="nowhere") == []
        assert await kept(status="failed") == ["one"]
        assert await kept(status="processing", agent_id="b") == ["two"]
        (row,), _ = await store.tasks("live", TaskFilter(group="blue"))
        assert (row.environment, row.group, row.agent_version, row.waiting) == ("staging", "blue", "2", False)

    @pytest.mark.parametrize("sort", TASK_SORTS)
    @pytest.mark.parametrize("limit", [1, 2, 50])
    async def test_every_order_is_kept_from_page_to_page(self, store: Store, sort: str, limit: int) -> None:
        call = {"name": "n", "model": "unheard-of"}
        for number, (cost, took) in enumerate(
            [(0.2, 7), (None, None), (0.1, 7), (0.2, 9), (None, None), (0.1, 1)]
        ):
            task_id = f"t{number}"
            data = call if cost is None else call | {"cost": cost}
            await store_all(
                store,
                started(task_id, number // 2),
                kind("llm_call", 9, data=data, task_id=task_id, task_run_id="r"),
            )
            if took is not None:
                await store_all(store, ended(task_id, 50, duration_ms=took))
        expected = {
            "newest": ["t5", "t4", "t3", "t2", "t1", "t0"],
            "oldest": ["t0", "t1", "t2", "t3", "t4", "t5"],
            "duration": ["t3", "t2", "t0", "t5", "t4", "t1"],
            "cost": ["t3", "t0", "t5", "t2", "t4", "t1"],
        }[sort]
        assert await names(store, TaskFilter(sort=sort, limit=limit)) == expected

    @pytest.mark.parametrize("scan_tasks", [8_000, 7])
    async def test_a_rare_run_is_found_without_gap_or_repetition(
        self, opener: Opener, scan_tasks: int
    ) -> None:
        store = opener(Limits(scan_tasks=scan_tasks))
        await store_all(
            store, *(started(f"t{at:02}", at, task_type="rare" if at % 9 == 0 else "x") for at in range(40))
        )
        expected = ["t36", "t27", "t18", "t09", "t00"]
        assert await names(store, TaskFilter(task_type="rare", limit=2)) == expected
        assert await names(store, TaskFilter(status="processing", task_type="rare", limit=3)) == expected

    async def test_a_task_is_its_latest_run_unless_one_is_named(self, store: Store) -> None:
        await store_all(
            store, started("t", 5, "a"), started("t", 9, "b"), started("t", 9, "c"), started("u", 99, "d")
        )
        found = await store.task("live", "t", None)
        assert found is not None
        assert found.state.task_run_id == "c"
        named = await store.task("live", "t", "a")
        assert named is not None
        assert named.state.started_ts == NOW + 5_000
        assert await store.task("live", "t", "d") is None
        assert await store.task("live", "nothing", None) is None

    async def test_the_latest_end_counts(self, store: Store) -> None:
        await store_all(store, ended("t", 30, event_type="task_failed"), started("t", 1))
        await store_all(store, ended("t", 20, status="cancelled"))
        assert await names(store, TaskFilter(status="failed")) == ["t"]
        await store_all(store, ended("t", 40, status="cancelled"))
        assert await names(store, TaskFilter(status="cancelled")) == ["t"]
        assert await names(store, TaskFilter(status="failed")) == []

    async def test_what_is_open_is_counted_by_its_status(self, store: Store) -> None:
        def process(name: str) -> dict[str, Any]:
            return {"payload": {"hiveloop": {"process": name}}}

        await store_all(
            store,
            started("working", 1, **process("p1")),
            started("escalated", 2, **process("p1")),
            event("escalated", 3, task_id="escalated", task_run_id="r"),
            started("waiting", 4, project_id="p"),
            event("approval_requested", 5, task_id="waiting", task_run_id="r"),
            started("stuck", 6, agent_id="b"),
            started("over", 7),
            ended("over", 8),
        )
        await put(
            store,
            batch(
                [started("lost", 9, **process("p2")), event("escalated", 9, task_id="lost", task_run_id="r")],
                received=NOW - 50,
            ),
        )
        silence = Silence(stuck_agents=("b",), heard_by={"a": NOW})
        counts = await store.open_counts("live", Scope(), silence)
        assert structs.asdict(counts) == {
            "open_tasks": 4, "waiting": 1, "stuck": 1, "escalated": 1, "processing": 1, "ever_escalated": 1, "lost": 1,
        }  # fmt: skip
        for status in ("waiting", "stuck", "escalated", "lost"):
            assert await names(store, TaskFilter(status=status, silence=silence)) == [status]
        assert await names(store, TaskFilter(status="processing", silence=silence)) == ["working"]
        assert (await store.open_counts("live", Scope(project_id="p"), silence)).open_tasks == 1
        assert (await store.open_counts("live", Scope(agent_id="b"), silence)).open_tasks == 1
        assert (await store.open_counts("live", Scope(environment="x"), silence)).open_tasks == 0
        assert (await store.open_counts("live", Scope(), silence, NOW - 50)).lost == 1
        assert (await store.open_counts("live", Scope(), silence, NOW - 49)).lost == 0
        assert (await store.open_counts("live", Scope(), NOBODY)).processing == 2
        rows = {row.agent_id: row for row in await store.open_tasks("live", Scope(), silence)}
        assert (rows["a"].task_id, rows["a"].open_tasks, rows["b"].task_id) == ("waiting", 3, "stuck")
        assert rows["a"].last_ts == NOW + 5_000
        rows = {row.agent_id: row for row in await store.open_tasks("live", Scope(), NOBODY)}
        assert (rows["a"].task_id, rows["a"].open_tasks) == ("lost", 4)
        assert [row.project_id for row in await store.open_tasks("live", Scope(project_id="p"), NOBODY)] == [
            "p"
        ]

    async def test_a_run_is_heard_with_its_processes(self, store: Store) -> None:
        heard = {"payload": {"hiveloop": {"process": "p1"}}}

        async def at() -> int | None:
            row = await store.task("live", "t", None)
            assert row is not None
            return row.heard

        await put(store, batch([event("action_started", 1, task_id="t", task_run_id="r")], received=NOW))
        assert await at() is None, "nobody named a process"
        await put(store, batch([started("t", **heard)], received=NOW + 5))
        assert await at() == NOW + 5
        await put(store, batch([event("heartbeat", 3, agent_id="other", **heard)], received=NOW + 20))
        await put(store, batch([event("heartbeat", 4, **heard)], received=NOW + 10))
        assert await at() == NOW + 20
        await put(store, batch([event("custom", 5)], received=NOW + 30, process="p1"))
        assert await at() == NOW + 30
        await put(
            store, batch([event("custom", 6, task_id="t", task_run_id="r")], received=NOW + 40, process="p2")
        )
        await put(store, batch([event("custom", 7)], received=NOW + 50, process="p2"))
        assert await at() == NOW + 50
        await store_all(store, ended("t", 60))
        assert await at() is None, "it ended"

    async def test_sessions_are_the_sums_of_their_runs(self, store: Store) -> None:
        def of(session: str, user: str | None = None) -> dict[str, Any]:
            return {"payload": {"session_id": session, "user_id": user}}

        await store_all(
            store,
            started("one", 1, project_id="p", **of("s1", "u1")),
            started("two", 5, agent_id="b", **of("s1")),
        )
        await store_all(
            store, started("three", 9, **of("s2", "u2")), started("loose", 99), environment="staging"
        )
        await store_all(
            store,
            ended("one", 20),
            kind(
                "llm_call", 3, data={"name": "n", "model": "m", "cost": 0.5}, task_id="two", task_run_id="r"
            ),
        )

        async def sessions(**fields: Any) -> list[tuple[str, int]]:
            rows, _ = await store.sessions("live", SessionFilter(**fields))
            return [(row.session_id, row.runs) for row in rows]

        assert await sessions() == [("s1", 2), ("s2", 1)]
        assert await sessions(agent_id="b") == [("s1", 1)]
        assert await sessions(user_id="u2") == await sessions(environment="staging") == [("s2", 1)]
        assert await sessions(project_id="p") == await sessions(q="U1") == [("s1", 1)]
        assert await sessions(q="S1") == [("s1", 2)]
        assert await sessions(since=NOW + 10_000) == [("s1", 2)]
        assert await sessions(until=NOW + 5_000) == [("s1", 2)]
        first, position = await store.sessions("live", SessionFilter(limit=1))
        second, end = await store.sessions("live", SessionFilter(limit=1, after=position))
        assert [row.session_id for row in [*first, *second]] == ["s1", "s2"]
        assert end is None
        row = await store.session("live", "s1", Silence())
        assert row is not None
        assert (row.open_runs, row.completed, row.llm_calls, row.cost_nano) == (1, 1, 1, 500_000_000)
        assert (row.agents, row.users, row.projects, row.tokens_in) == (["a", "b"], ["u1"], ["p"], None)
        assert (row.first_ts, row.last_ts) == (NOW + 1_000, NOW + 20_000)
        assert await store.session("live", "s9", Silence()) is None

    async def test_a_session_tells_which_of_its_open_runs_are_lost(self, store: Store) -> None:
        said = {"session_id": "s", "user_id": "u", "hiveloop": {"process": "p1"}}
        other = {"session_id": "s", "user_id": "v", "hiveloop": {"process": "p2"}}
        await store_all(store, started("gone", 1, payload=said), started("gone too", 2, payload=other))
        await store_all(store, started("there", 3, agent_id="b", payload=said), environment="staging")
        silent = Silence(heard_by={"a": NOW + 10**15, "b": 0})

        async def lost(**fields: Any) -> list[tuple[int, int]]:
            rows, _ = await store.sessions("live", SessionFilter(**fields))
            return [(row.open_runs, row.lost_runs) for row in rows]

        assert await lost(silence=silent) == [(3, 2)]
        assert await lost(silence=silent, user_id="u") == [(2, 1)]
        assert await lost(silence=silent, user_id="u", environment="staging") == [(1, 0)]
        assert await lost(silence=silent, q="V") == [(1, 1)]
        assert await lost(silence=silent, group="elsewhere") == []
        assert await lost() == [(3, 0)]
        one = await store.session("live", "s", silent)
        assert one is not None
        assert (one.open_runs, one.lost_runs) == (3, 2)
