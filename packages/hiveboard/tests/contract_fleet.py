"""Contract: agents, where they were seen, their latest state, heartbeats, and projects."""

from __future__ import annotations

from typing import Any

from hiveboard.store import Store
from hiveboard.store.rows import Scope
from msgspec import json

from .conftest import event, kind
from .contract_opened import NOW, OpenedStore, batch, put, store_all


class FleetContract(OpenedStore):
    """What is known of agents."""

    async def test_an_agent_is_who_its_latest_batch_says(self, store: Store) -> None:
        await put(store, batch([event("custom", 9)], received=NOW + 5, agent_version="2", framework="crewai"))
        await put(store, batch([event("custom", 99)], received=NOW, agent_version="1", environment="staging"))
        await put(store, batch([event("custom", agent_id="b")], received=NOW))
        rows = await store.agents("live", None)
        assert [row.state.agent_id for row in rows] == ["a", "b"]
        assert (rows[0].agent_version, rows[0].framework, rows[0].environment) == (
            "2",
            "crewai",
            "production",
        )
        assert (rows[0].state.first_ts, rows[0].state.last_received) == (NOW + 9_000, NOW + 5)
        assert [row.state.agent_id for row in await store.agents("live", "b")] == ["b"]
        assert await store.agents("live", "c") == []

    async def test_places_are_all_an_agent_was_seen_in(self, store: Store) -> None:
        await store_all(
            store, event("custom", project_id="p2"), event("custom"), event("custom", agent_id="b")
        )
        await store_all(store, event("custom", project_id="p1"), environment="staging", group="blue")
        places = await store.agent_places("live", Scope())
        assert sorted(places) == ["a", "b"]
        assert (places["a"].projects, places["a"].environments, places["a"].groups) == (
            ["p1", "p2"], ["production", "staging"], ["blue", "default"],
        )  # fmt: skip
        assert places["b"].projects == []
        for scope in (
            Scope(project_id="p1"),
            Scope(environment="staging"),
            Scope(group="blue"),
            Scope(agent_id="a"),
        ):
            assert await store.agent_places("live", scope) == {"a": places["a"]}
        assert await store.agent_places("live", Scope(project_id="p2", environment="staging")) == {}

    async def test_projects_count_their_events_and_agents(self, store: Store) -> None:
        await store_all(
            store, event("custom", 5, project_id="p"), event("custom", 1, project_id="p", agent_id="b")
        )
        await store_all(
            store, event("custom", 9, project_id="o"), event("custom", 3, project_id="p"), event("custom")
        )
        rows = [
            (row.project_id, row.events, row.agents, row.first_ts, row.last_ts)
            for row in await store.projects("live")
        ]
        assert rows == [("o", 1, 1, NOW + 9_000, NOW + 9_000), ("p", 3, 2, NOW + 1_000, NOW + 5_000)]

    async def test_of_each_item_the_latest_event_is_its_state(self, store: Store) -> None:
        def todo(name: str, at: int, action: str, **fields: Any) -> dict[str, Any]:
            return kind("todo", at, data={"todo_id": name, "action": action}, **fields)

        await store_all(
            store, todo("x", 5, "completed", task_id="t"), todo("x", 2, "created"), todo("y", 3, "created")
        )
        await store_all(
            store, todo("x", 4, "created", project_id="p"), kind("queue_snapshot", 9, data={"depth": 2})
        )
        await store_all(
            store, kind("queue_snapshot", 9, data={"depth": 3}), todo("y", 1, "created", agent_id="b")
        )
        rows = await store.latest("live", None, ("todo",), 9)
        assert [(row.agent_id, row.item_key, row.ts, row.first_ts, row.events) for row in rows] == [
            ("a", "x", NOW + 5_000, NOW + 2_000, 3),
            ("a", "y", NOW + 3_000, NOW + 3_000, 1),
            ("b", "y", NOW + 1_000, NOW + 1_000, 1),
        ]
        assert (rows[0].task_id, rows[0].project_id, rows[0].environment) == ("t", None, "production")
        (queue,) = await store.latest("live", "a", ("queue_snapshot", "scheduled"), 9)
        assert json.decode(queue.payload or b"")["data"]["depth"] == 3, (
            "of equal times the one that came later"
        )
        assert len(await store.latest("live", None, ("todo", "queue_snapshot"), 2)) == 2
        assert await store.latest("live", "a", ("scheduled",), 9) == []

    async def test_heartbeats_are_those_of_the_last_day_the_newest_first(self, store: Store) -> None:
        beats = [event("heartbeat", at, payload={"n": at}) for at in (0, 3, 1, 2)]
        yesterday = event("heartbeat", -25 * 3_600_000)
        await store_all(store, *beats, yesterday, event("custom", 9), event("heartbeat", 7, agent_id="b"))
        rows = await store.heartbeats("live", "a", 9)
        assert [(ts, json.decode(payload or b"")) for ts, _, payload in rows] == [
            (NOW + at * 1_000, {"n": at}) for at in (3, 2, 1, 0)
        ]
        assert {received for _, received, _ in rows} == {NOW}
        assert len(await store.heartbeats("live", "a", 2)) == 2
        assert await store.heartbeats("live", "c", 9) == []
