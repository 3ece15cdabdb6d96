"""Contract: what agents tell of themselves again and again, and what is counted of their issues."""

from __future__ import annotations

from typing import Any

from hiveboard.store import Store
from hiveboard.store.rows import Scope
from hiveboard.store.samples import SampleFilter

from .conftest import event, kind
from .contract_opened import HOUR, NOW, OpenedStore, store_all


def beat(at: int, number: int, **fields: Any) -> dict[str, Any]:
    return event("heartbeat", at, payload={"n": number}, **fields)


def queue(at: int, depth: int, **fields: Any) -> dict[str, Any]:
    return kind("queue_snapshot", at, data={"depth": depth}, **fields)


async def times(store: Store, told: str, **asked: Any) -> list[tuple[str, int]]:
    """(agent, milliseconds from the tests' moment) of what was found."""
    want = SampleFilter(told=told, **{"since": NOW - HOUR, "limit": 9, **asked})
    return [(one.agent_id, (one.ts - NOW) // 1_000) for one in await store.samples("live", want)]


class SampleContract(OpenedStore):
    """Samples and counts of issues."""

    async def test_the_latest_of_a_kind_come_first_and_say_where_from(self, store: Store) -> None:
        await store_all(
            store,
            beat(3, 1),
            queue(4, 7, project_id="p"),
            event("custom", 5),
            environment="staging",
            group="blue",
        )
        await store_all(store, beat(1, 2, agent_id="b"), beat(9, 3, agent_id="b"))
        assert await times(store, "heartbeat") == [("b", 9), ("a", 3), ("b", 1)]
        assert await times(store, "heartbeat", limit=2) == [("b", 9), ("a", 3)]
        assert await times(store, "heartbeat", until=NOW + 9_000, since=NOW + 3_000) == [("a", 3)]
        assert await times(store, "heartbeat", scope=Scope(agent_id="b")) == [("b", 9), ("b", 1)]
        assert await times(store, "heartbeat", scope=Scope(environment="staging")) == [("a", 3)]
        assert await times(store, "heartbeat", scope=Scope(agent_id="b", group="blue")) == []
        (one,) = await store.samples("live", SampleFilter(told="queue_snapshot", since=NOW, limit=9))
        assert (one.project_id, one.environment, one.group) == ("p", "staging", "blue")
        assert b'"depth":7' in (one.payload or b"")
        assert await store.samples("other", SampleFilter(told="heartbeat", since=NOW, limit=9)) == []

    async def test_of_several_agents_the_latest_of_each(self, store: Store) -> None:
        often = [queue(at, at) for at in range(100, 2_500)]
        for start in range(0, len(often), 400):
            await store_all(store, *often[start : start + 400])
        rare = [queue(at, at, agent_id="b") for at in range(5)]
        await store_all(store, *rare, *(queue(at, at, agent_id="c") for at in range(5)))
        found = await times(store, "queue_snapshot", agents=("b", "a", "nobody"), limit=3)
        assert found == [("a", 2_499), ("a", 2_498), ("a", 2_497), ("b", 4), ("b", 3), ("b", 2)]
        # Asked again, and after more came in between.
        assert await times(store, "queue_snapshot", agents=("b", "a"), limit=3) == found
        await store_all(store, queue(3_000, 1), queue(2, 9, agent_id="b"))
        found = await times(store, "queue_snapshot", agents=("b", "a"), limit=3)
        assert found == [("a", 3_000), ("a", 2_499), ("a", 2_498), ("b", 4), ("b", 3), ("b", 2)]

    async def test_issues_are_counted_by_agent_and_scope(self, store: Store) -> None:
        def issue(name: str, at: int, **fields: Any) -> dict[str, Any]:
            return kind(
                "issue",
                at,
                summary=name,
                data={"action": fields.pop("action", "reported"), "issue_id": name},
                **fields,
            )

        await store_all(
            store, issue("x", 1), issue("y", 2, project_id="p"), issue("z", 3, project_id="q", agent_id="b"),
            issue("gone", 4), issue("gone", 5, action="resolved"),
        )  # fmt: skip
        await store_all(
            store,
            issue("back", 6, agent_id="b"),
            issue("back", 7, agent_id="b", action="resolved"),
            environment="staging",
        )
        await store_all(store, issue("back", 8, agent_id="b"), environment="staging")
        assert await store.active_issues("live", Scope()) == {"a": 2, "b": 2}
        assert await store.active_issues("live", Scope(project_id="p")) == {"a": 2, "b": 1}
        assert await store.active_issues("live", Scope(environment="staging")) == {"b": 1}
        assert await store.active_issues("live", Scope(agent_id="a", group="default")) == {"a": 2}
        assert await store.active_issues("other", Scope()) == {}

    async def test_the_runs_of_some_issues_are_counted_in_their_order(self, store: Store) -> None:
        def told(task: str, at: int, cost: float) -> list[dict[str, Any]]:
            run = {"task_id": task, "task_run_id": "r"}
            return [
                kind("llm_call", at, data={"model": "m", "cost": cost}, **run),
                kind("issue", at + 1, summary="x", **run),
            ]

        await store_all(store, *told("s", 1, 0.5), *told("t", 3, 0.25), kind("issue", 9, summary="y"))
        x, y = (one.state.issue_key for one in reversed(await store.issues("live", None, 9)))
        asked = [("a", y), ("nobody", x), ("a", x)]
        assert [tuple(one) for one in await store.affected("live", asked)] == [
            (0, None),
            (0, None),
            (2, 750_000_000),
        ]
        assert await store.affected("live", []) == []
