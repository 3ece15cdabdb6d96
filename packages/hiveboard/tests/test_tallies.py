"""Tallies: what events say is read with care, sums agree with the other summaries, and no order of arrival changes them."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hiveboard.store.insight_reading import (
    credential_status,
    duration_of_step,
    duration_step,
    failure_reason,
    turn_of_step,
    turn_step,
    waited_ms,
)
from hiveboard.store.sqlite_commit import Commit, Memory
from hiveboard.store.sqlite_schema import create
from hiveboard.store.tallies import TALLIES
from hiveboard.verify import verify_store
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import Collector, event, kind, running
from .random_events import batches_of

Events = list[dict[str, Any]]
ARRIVAL = (None, 1_800_000_000_000_000, "production")

anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 10**12),
    st.floats(),
    st.text(max_size=5),
    st.lists(st.integers(), max_size=2),
)
names = (
    "cache_read_input_tokens", "cache_creation_input_tokens", "stop_reason", "turn_number", "context_utilization_pct",
    "context_window_size", "context_used_tokens", "system_prompt_tokens", "history_tokens", "tool_results_tokens", "error",
)  # fmt: skip
metadata = st.one_of(st.none(), st.dictionaries(st.sampled_from(names), anything, max_size=6))
runs = st.sampled_from([{"task_id": "t1", "task_run_id": "r"}, {"task_id": "t2", "task_run_id": "r"}, {}])
bodies = st.one_of(
    st.builds(
        lambda told, cost, tokens: kind("llm_call", data={"name": "n", "model": "m", "cost": cost, "tokens_in": tokens, "metadata": told}),
        metadata, st.sampled_from([None, 0.5, 1e-9]), st.sampled_from([None, 0, 7, 10**9]),
    ),
    st.builds(lambda text: event("retry_started", payload={"data": {"reason": text, "backoff_seconds": 2}}), st.text(max_size=9)),
    st.builds(
        lambda name, error: event("action_failed", payload={"action_name": name, "exception_message": error}, duration_ms=5),
        st.sampled_from(["a", "b"]), st.sampled_from(["HTTP 401", "boom", "403 Forbidden"]),
    ),
    st.sampled_from(["task_started", "escalated", "approval_requested"]).map(event),
    st.builds(
        lambda name, status, took: event(name, status=status, duration_ms=took),
        st.sampled_from(["task_completed", "task_failed"]), st.sampled_from([None, "cancelled"]), st.sampled_from([None, 0, 5, 10**9]),
    ),
    st.sampled_from(["learning", "recovered", "anomaly", "error_context", "plan_step", "plan_created"]).map(
        lambda name: kind(name, data={"action": "failed", "revision": 2, "status_code": 401})
    ),
)  # fmt: skip


@st.composite
def histories(draw: st.DrawFn) -> Events:
    """Events a few minutes apart, no two at the same time: there the order would count."""
    drawn = draw(st.lists(st.tuples(bodies, runs, st.sampled_from(["a1", "a2"])), min_size=1, max_size=12))
    made = []
    for number, (body, run, agent) in enumerate(drawn):
        base = event("custom", number * 400_000, **run, agent_id=agent, arrival=ARRIVAL)
        made.append(
            {
                **base,
                **{key: value for key, value in body.items() if key not in ("event_id", "timestamp")},
                "event_id": f"e{number}",
            }
        )
    return made


def stored(deliveries: list[Events]) -> sqlite3.Connection:
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
    return connection


def rows(connection: sqlite3.Connection) -> dict[str, list[Any]]:
    return {tally.name: sorted(connection.execute(f"SELECT * FROM {tally.name}")) for tally in TALLIES}


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(histories(), st.randoms(use_true_random=False))
def test_any_order_and_grouping_gives_the_same_tallies(events: Events, chance: random.Random) -> None:
    once = stored([events])
    mixed = [dict(one) for one in events * 2]
    chance.shuffle(mixed)
    cut = chance.randrange(len(mixed) + 1)
    again = stored([part for part in (mixed[:cut], mixed[cut:]) if part])
    assert rows(again) == rows(once)
    once.close()
    again.close()


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(histories())
def test_sums_agree_with_the_other_summaries(events: Events) -> None:
    connection = stored([[one] for one in events])

    def one(sql: str) -> tuple[Any, ...]:
        found: tuple[Any, ...] = connection.execute(sql).fetchone()
        return found

    for grain in (3_600_000_000, 86_400_000_000):
        usage = "sum(calls), sum(tokens_in), sum(told_in), sum(tokens_out), sum(told_out), sum(unpriced), sum(estimated_nano)"
        where = f"WHERE grain = {grain}"
        assert one(f"SELECT {usage}, sum(cost_nano) FROM tally_calls {where}") == one(
            f"SELECT {usage}, sum(reported_nano) + sum(estimated_nano) FROM llm_usage {where}"
        )
        ended = one(
            f"SELECT coalesce(sum(runs), 0), coalesce(sum(failed), 0), coalesce(sum(other), 0), coalesce(sum(cost_nano), 0), coalesce(sum(failed_nano), 0), coalesce(sum(retries), 0) FROM tally_runs {where}"
        )
        assert ended == one(
            "SELECT count(*), coalesce(sum(outcome = 'failed'), 0), coalesce(sum(outcome = 'cancelled'), 0), coalesce(sum(cost_nano), 0), "
            "coalesce(sum(CASE WHEN outcome = 'failed' THEN cost_nano END), 0), coalesce(sum(retries), 0) FROM tasks WHERE outcome IS NOT NULL"
        )
        timed = one(f"SELECT coalesce(sum(runs), 0) FROM tally_durations {where}")
        assert timed == one("SELECT count(*) FROM tasks WHERE outcome IN ('completed', 'failed')")
    connection.close()


def test_a_run_that_ends_again_elsewhere_leaves_no_zeros() -> None:
    run = {"task_id": "t", "task_run_id": "r", "arrival": ARRIVAL}
    hours = [event("task_failed", at * 7_200_000, duration_ms=10 * (at + 1), **run) for at in range(3)]
    connection = stored([[one] for one in hours])
    assert [row[2] for row in rows(connection)["tally_runs"] if row[1] == 300_000_000] == [
        1_770_000_000_000_000 + 14_400_000_000
    ]
    assert len([row for row in rows(connection)["tally_durations"] if row[1] == 3_600_000_000]) == 1
    connection.close()


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Collector]:
    with running(tmp_path / "s.db") as made:
        yield made


def test_recounting_gives_the_same(board: Collector, tmp_path: Path) -> None:
    run = {"task_id": "t", "task_run_id": "r"}
    board.store(
        [
            event("task_started", 0, **run),
            kind("llm_call", 1, data={"name": "n" * 500, "model": "m", "metadata": {"turn_number": 3, "error": {"status_code": 401}}}, **run),
            event("retry_started", 2, payload={"data": {"backoff_seconds": 1e9}}, **run),
            event("action_failed", 3, payload={"action_name": "x", "error": "Forbidden"}, **run),
            event("task_completed", 4, **run),
        ]
    )  # fmt: skip
    reports = {one.table: one for one in verify_store(tmp_path / "s.db", lambda done: None)[1]}
    for tally in TALLIES:
        assert (reports[tally.name].different, reports[tally.name].stored > 0) == (0, True), tally.name


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ({"exception_type": "openai.RateLimitError"}, "RateLimitError"),
        ({"data": {"original_error": "httpx.ReadTimeout: slow"}}, "ReadTimeout"),
        ({"data": {"reason": "503 Service Unavailable"}}, "HTTP 503"),
        ({"data": {"reason": "the answer was not JSON"}}, "invalid answer"),
        ({"summary": "Rate limit hit"}, "rate limit"),
        ({"data": {"error_type": "quota", "error_message": "x"}}, "quota"),
        ({"data": {"reason": ["odd"]}}, "unknown"),
        ({"error": "request timed out after 30500 ms"}, "timeout"),
        (None, "unknown"),
    ],
)
def test_reasons_are_names_that_repeat(payload: dict[str, Any] | None, reason: str) -> None:
    assert failure_reason(payload) == reason


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"status_code": 401}, "401"),
        ({"http_status": 403.0}, "403"),
        ({"exception_message": "Client error '401 Unauthorized' for url"}, "401"),
        ({"exception_type": "PermissionDeniedError"}, "403"),
        ({"error": "invalid API key given"}, "401"),
        # Another status says what it was, whatever the words; numbers that only look like one are none.
        ({"status_code": 500, "exception_message": "401"}, None),
        ({"error": "order 40152 not found"}, None),
        ({"error": "took 0.401 s"}, None),
        ({"error": "HTTP 404"}, None),
        ({}, None),
    ],
)
def test_refusals_are_told_from_other_failures(fields: dict[str, Any], status: str | None) -> None:
    assert credential_status(fields) == status


def test_waits_turns_and_steps() -> None:
    assert waited_ms({"data": {"backoff_seconds": 1.5}}) == 1_500
    assert waited_ms({"backoff_seconds": 2}) == 2_000
    assert [waited_ms({"data": {"backoff_seconds": odd}}) for odd in (-1, "2", None, 1e12, True)] == [
        None
    ] * 5
    assert [turn_step({"turn_number": turn}) for turn in (0, 1, 2, 3, 4, 5, 8, 9, None, -1, "x")] == [
        0,
        0,
        1,
        2,
        2,
        3,
        3,
        4,
        None,
        None,
        None,
    ]
    assert [turn_of_step(step) for step in range(4)] == [(1, 1), (2, 2), (3, 4), (5, 8)]


@given(st.integers(0, 10**13))
def test_a_step_holds_its_duration(duration_ms: int) -> None:
    step = duration_step(duration_ms)
    assert duration_of_step(step, 0) * (1 - 1e-9) <= duration_ms <= duration_of_step(step, 1) * (1 + 1e-9)


def test_absurd_sums_harm_nobody(board: Collector) -> None:
    events = []
    for number in range(400):
        run = {"task_id": f"t{number}", "task_run_id": "r"}
        events.append(
            kind(
                "llm_call",
                number,
                data={"name": "n", "model": "m", "cost": 10_000, "tokens_in": 10**9},
                **run,
            )
        )
    for number in range(400):
        events.append(
            event(
                "task_failed",
                500 + number,
                duration_ms=315_360_000_000,
                task_id=f"t{number}",
                task_run_id="r",
            )
        )
    for at in range(0, 800, 400):
        board.store(events[at : at + 400])
    assert board.get("/v1/waste", range="30d").status == 200
