"""The same events give the same summaries, in whatever order, grouping and repetition they arrive.

Only events of the very same time must keep their order: of them the one that arrives later counts.
"""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hiveboard.store.sqlite_commit import Commit, Memory
from hiveboard.store.sqlite_schema import SUMMARY_TABLES, create
from hiveboard.store.state import AgentState, IssueState, TaskState
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import EFFORT, event, kind
from .random_events import batch_of, batches_of, equal_times_in_order, event_lists


def summaries(deliveries: list[list[dict[str, Any]]]) -> dict[str, list[tuple[Any, ...]]]:
    """All summary rows after the deliveries, one commit each; ids of scopes and origins replaced by what they stand for."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    create(connection)
    memory = Memory()
    for events in deliveries:
        connection.execute("BEGIN")
        commit = Commit(connection, memory)
        for batch in batches_of(events):
            commit.add(batch)
        commit.finish()
        connection.execute("COMMIT")
    stands_for = {
        f"{table[:-1]}_id": {0: None}
        | {row[0]: row[1:] for row in connection.execute(f"SELECT * FROM {table}")}
        for table in ("scopes", "origins")
    }
    found = {}
    for table in SUMMARY_TABLES:
        cursor = connection.execute(f"SELECT * FROM {table}")
        names = [column[0] for column in cursor.description]
        rows = [
            tuple(
                stands_for[name][value] if name in stands_for else value
                for name, value in zip(names, row, strict=True)
            )
            for row in cursor
        ]
        found[table] = sorted(rows, key=repr)
    connection.close()
    return found


@settings(max_examples=120 * EFFORT, deadline=None, suppress_health_check=list(HealthCheck))
@given(event_lists(), st.randoms(use_true_random=False))
def test_any_order_grouping_and_repetition_gives_the_same_summaries(
    events: list[dict[str, Any]], chance: random.Random
) -> None:
    expected = summaries([events])
    shuffled = [dict(one) for one in events]
    chance.shuffle(shuffled)
    shuffled = equal_times_in_order(shuffled, events)
    repeated = shuffled + [dict(one) for one in chance.sample(shuffled, len(shuffled) // 2)]
    deliveries = []
    while repeated:
        size = chance.randint(1, 4)
        deliveries.append(repeated[:size])
        repeated = repeated[size:]
    assert summaries(deliveries) == expected
    backwards = equal_times_in_order(events[::-1], events)
    assert summaries([[one] for one in backwards]) == expected


@settings(max_examples=80 * EFFORT, deadline=None, suppress_health_check=list(HealthCheck))
@given(event_lists())
def test_the_summaries_agree_with_a_plain_count(events: list[dict[str, Any]]) -> None:
    """Recounted here by other means than the store's own code."""
    found = summaries([events])
    tasks_by_run = {(row[1], row[2]): row for row in found["tasks"]}
    by_run: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for one in events:
        if one.get("task_id"):
            by_run.setdefault((one["task_id"], one.get("task_run_id", "")), []).append(one)
    assert set(tasks_by_run) == set(by_run)
    names = [field.name for field in msgspec.structs.fields(TaskState)]
    for run, own in by_run.items():
        row = dict(zip(names, tasks_by_run[run], strict=True))
        calls = [one for one in own if one.get("payload", {}).get("kind") == "llm_call"]
        costs = [
            round(one["payload"]["data"]["cost"] * 1e9)
            for one in calls
            if one["payload"]["data"]["cost"] is not None
        ]
        ends = [one for one in own if one["event_type"] in ("task_completed", "task_failed")]
        assert row["llm_calls"] == len(calls)
        assert row["cost_nano"] == (sum(costs) if costs else None)
        assert row["actions"] == sum(one["event_type"] == "action_started" for one in own)
        assert row["retries"] == sum(one["event_type"] == "retry_started" for one in own)
        if not ends:
            assert row["outcome"] is None
            continue
        last = max(reversed(ends), key=lambda one: one["timestamp"])  # of equal times the one that came last
        expected = (
            "failed"
            if last["event_type"] == "task_failed"
            else "cancelled"
            if last.get("status") == "cancelled"
            else "completed"
        )
        assert row["outcome"] == expected
    finished = sum(
        row["outcome"] is not None
        for row in (dict(zip(names, values, strict=True)) for values in found["tasks"])
    )
    day_rows = [row for row in found["task_outcomes"] if row[1] == 86_400_000_000]
    assert sum(sum(row[5:8]) for row in day_rows) == finished


LATER_COUNTS = [
    (kind("issue", data={"action": "reported"}), kind("issue", data={"action": "resolved"}), "issues", "is_closed", 1),
    (kind("issue", data={"action": "resolved"}), kind("issue", data={"action": "reported"}), "issues", "is_closed", 0),
    (kind("queue_snapshot", data={"depth": 9}), kind("queue_snapshot", data={"depth": 4}), "latest", "depth", 4),
    (event("task_failed"), event("task_completed"), "tasks", "outcome", "completed"),
    (event("task_failed"), event("task_completed"), "agents", "end_outcome", "completed"),
    (event("task_started", user="u1"), event("task_started", user="u2"), "tasks", "user_id", "u1"),
]  # fmt: skip


@pytest.mark.parametrize("deliveries", [1, 2])
@pytest.mark.parametrize(("first", "second", "table", "column", "expected"), LATER_COUNTS)
def test_at_the_very_same_time_the_later_arrival_counts(
    first: dict[str, Any], second: dict[str, Any], table: str, column: str, expected: Any, deliveries: int
) -> None:
    """Ids fall, so that they speak against the order of arrival. Only the start of a task is its first."""
    for number, one in enumerate((first, second)):
        one |= {"event_id": f"e{9 - number}", "timestamp": "2026-11-20T08:40:27.361Z", "task_id": "t"}
        if "user" in one:
            one["payload"] = {"user_id": one["user"]}
    found = summaries([[first, second]] if deliveries == 1 else [[first], [second]])
    (row,) = found[table]
    if column == "depth":
        payload = next(value for value in row if isinstance(value, bytes))
        assert msgspec.json.decode(payload)["data"]["depth"] == expected
    else:
        types = {"issues": IssueState, "tasks": TaskState, "agents": AgentState}
        assert row[types[table].__struct_fields__.index(column)] == expected


def test_a_file_store_counts_duplicates_exactly(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "s.db", isolation_level=None)
    create(connection)
    one, two, three = event("heartbeat"), event("heartbeat"), event("heartbeat")
    commit = Commit(connection, Memory())
    results = [commit.add(batch_of(events, 1)) for events in ([one, two], [two, three], [one])]
    published = commit.finish()
    assert [(result.stored, result.duplicates) for result in results] == [(2, 0), (1, 1), (0, 1)]
    assert (published.first_seq, len(published.records)) == (1, 3)
    commit = Commit(connection, Memory())
    result = commit.add(batch_of([three, event("heartbeat")], 1))
    assert (result.stored, result.duplicates) == (1, 1)
    assert commit.finish().first_seq == 4
    connection.close()
