"""Derived state on event lists written by hand."""

from __future__ import annotations

from typing import Any

import pytest
from hiveboard.instant import HOUR_US, SECOND_US, format_instant, parse_instant
from hiveboard.projections.agent_status import agent_status, heartbeat_late, registration
from hiveboard.projections.issue import issue_status
from hiveboard.projections.task_status import task_status
from hiveboard.projections.time_range import RANGES, bucket_starts, span_of
from hiveboard.store.approval_match import ApprovalFact, match_approvals
from hiveboard.store.fold_issue import issue_key, normalised_summary
from hiveboard.store.rollup import FINEST
from hiveboard.store.rows import OpenTaskRow, TaskRow
from hiveboard.store.state import AgentState, IssueState, TaskState

from .told import NOW

# --- agents


def agent(**fields: Any) -> AgentState:
    seen = {"last_received": NOW, "first_ts": NOW, "active_received": NOW, "active_ts": NOW}
    return AgentState("live", "a", **(seen | fields))


OPEN = OpenTaskRow("a", "t", "r", None, NOW, NOW, NOW, 1)
BEATS = {"heartbeat_received": NOW}


@pytest.mark.parametrize(
    ("state", "age_s", "task", "waiting", "status"),
    [
        (agent(), 0, None, False, "idle"),
        (agent(), 0, OPEN, False, "processing"),
        (agent(), 0, OPEN, True, "waiting_approval"),
        (agent(end_outcome="failed"), 0, None, False, "error"),
        (agent(end_outcome="failed"), 0, OPEN, False, "processing"),
        (agent(end_outcome="cancelled"), 0, None, False, "idle"),
        (agent(**BEATS), 299, OPEN, False, "processing"),
        (agent(**BEATS), 301, OPEN, False, "stuck"),
        (agent(**BEATS), 301, None, True, "waiting_approval"),
        (agent(), 301, OPEN, False, "processing"),
        (
            agent(registered=b'{"data":{"stuck_threshold":10,"heartbeat_interval":5}}'),
            11,
            None,
            False,
            "stuck",
        ),
        (
            agent(registered=b'{"data":{"stuck_threshold":10,"heartbeat_interval":0}}', **BEATS),
            11,
            None,
            False,
            "idle",
        ),
        (agent(**BEATS), 24 * 3600 + 1, OPEN, True, "offline"),
        (agent(stopped_received=NOW, stopped_ts=NOW), 0, OPEN, False, "offline"),
        (agent(stopped_received=NOW, stopped_ts=NOW - 1), 0, OPEN, False, "processing"),
        (agent(stopped_received=NOW - 1, stopped_ts=NOW + HOUR_US), 0, OPEN, False, "processing"),
        (agent(stopped_received=NOW + 1, stopped_ts=NOW - HOUR_US), 0, OPEN, False, "offline"),
    ],
)
def test_agent_status(
    state: AgentState, age_s: int, task: OpenTaskRow | None, waiting: bool, status: str
) -> None:
    found = agent_status(state, NOW + age_s * SECOND_US, working=task is not None, waiting=waiting)
    assert found == status


@pytest.mark.parametrize(
    "raw",
    [b"[]", b"{}", b'{"data":5}', b'{"data":{"stuck_threshold":"x"}}', b'{"data":{"stuck_threshold":-3}}'],
)
def test_an_unusable_registration_means_the_defaults(raw: bytes) -> None:
    assert registration(agent(registered=raw)).stuck_threshold == 300
    assert not heartbeat_late(agent(registered=raw), NOW + 9 * HOUR_US)


@pytest.mark.parametrize(
    ("task", "waiting", "status"),
    [
        ({"outcome": "completed", "escalations": 1}, True, "completed"),
        ({"outcome": "aborted"}, False, "aborted"),
        ({"escalations": 2}, True, "waiting"),
        ({"escalations": 2}, False, "escalated"),
        ({}, False, "processing"),
    ],
)
def test_task_status(task: dict[str, Any], waiting: bool, status: str) -> None:
    row = TaskRow(TaskState("live", "t", "r", **task), "production", "default", None, waiting, agent())
    assert task_status(row, NOW) == status


def test_an_open_task_of_a_stuck_agent_is_stuck() -> None:
    row = TaskRow(
        TaskState("live", "t", "r", escalations=1), "production", "default", None, False, agent=agent(**BEATS)
    )
    assert task_status(row, NOW + 400 * SECOND_US) == "stuck"


# --- issues, approvals


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("CRM 403 at 2026-02-10T14:32:01Z", "crm  403 at 2027-01-01 00:00:00", True),
        ("CRM 403", "CRM 500", False),
        ("order 123456 lost", "order 999999 lost", True),
        ("id 6f1c2a4e-1111-4222-8333-444455556666", "id 00000000-0000-4000-8000-000000000000", True),
        ("at 0xdeadbeef01", "at 0x1", True),
        ("object 65a1b2c3d4e5f6", "object 11a1b2c3d4e5f6", True),
        ("facade", "decade", False),
    ],
)
def test_which_summaries_are_one_issue(one: str, other: str, same: bool) -> None:
    assert (issue_key(None, one) == issue_key(None, other)) is same, (
        normalised_summary(one),
        normalised_summary(other),
    )


def test_an_issue_id_wins_over_the_text() -> None:
    assert issue_key("x", "a") == issue_key("x", "b") != issue_key(None, "x")


@pytest.mark.parametrize(
    ("reported", "closed", "status"), [(5, None, "open"), (5, 9, "resolved"), (9, 5, "regressed")]
)
def test_issue_status(reported: int, closed: int | None, status: str) -> None:
    state = IssueState(
        "live",
        "a",
        "k",
        reported_ts=reported,
        closed_ts=closed,
        closed_action="resolved",
        is_closed=status == "resolved",
    )
    assert issue_status(state) == status


def request(
    event_id: str, ts: int, task: str | None = None, approval: str | None = None, agent_id: str = "a"
) -> ApprovalFact:
    return ApprovalFact(event_id, True, ts, agent_id, task, approval)


def answer(
    event_id: str, ts: int, task: str | None = None, approval: str | None = None, agent_id: str = "a"
) -> ApprovalFact:
    return ApprovalFact(event_id, False, ts, agent_id, task, approval)


@pytest.mark.parametrize(
    ("facts", "matched"),
    [
        ([request("q1", 1, "t"), request("q2", 2, "t"), answer("x", 3, "t")], {"q1": "x"}),
        ([request("q1", 1, "t", "i"), request("q2", 2, "t", "j"), answer("x", 3, "t", "j")], {"q2": "x"}),
        ([request("q1", 1, "t"), request("q2", 2, "u"), answer("x", 3, "u")], {"q2": "x"}),
        ([request("q1", 1, "t"), answer("x", 3)], {"q1": "x"}),
        ([request("q1", 5, "t"), answer("x", 3, "t")], {}),
        ([request("q1", 5, "t", "i"), answer("x", 3, None, "i", "operator")], {"q1": "x"}),
        ([request("q1", 1, "t"), answer("x", 2, "t", "never-asked")], {"q1": "x"}),
        (
            [request("q1", 1, "t"), request("q2", 4, "t"), answer("x", 2, "t"), answer("y", 5, "t")],
            {"q1": "x", "q2": "y"},
        ),
        ([request("q1", 1, None), answer("x", 2, "t")], {}),
    ],
)
def test_which_answer_belongs_to_which_request(facts: list[ApprovalFact], matched: dict[str, str]) -> None:
    assert match_approvals(facts) == matched
    assert match_approvals(reversed(facts)) == matched


# --- ranges, instants


@pytest.mark.parametrize("name", list(RANGES))
@pytest.mark.parametrize("now", [NOW, NOW + 1, -5, 0])
def test_buckets_are_aligned_and_cover_now(name: str, now: int) -> None:
    found = span_of(name, None, now)
    assert not isinstance(found, str)
    _, span = found
    starts = bucket_starts(span)
    assert all(start % span.width == 0 for start in starts)
    assert starts[0] <= span.since <= now - RANGES[name] < span.since + FINEST
    assert starts[-1] <= now < span.until <= now + FINEST
    assert len(starts) in (RANGES[name] // span.width, RANGES[name] // span.width + 1)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2026-02-10T14:32:01.000Z", "2026-02-10T14:32:01.000Z"),
        ("2026-02-10T14:32:01.123456+02:00", "2026-02-10T12:32:01.123456Z"),
        ("2026-02-10T14:32:01", "2026-02-10T14:32:01.000Z"),
        ("2026-02-10", "2026-02-10T00:00:00.000Z"),
        ("9999-12-31T23:59:59.999-12:00", "9999-12-31T23:59:59.999999Z"),
        ("0001-01-01T00:00:00+12:00", "0001-01-01T00:00:00.000Z"),
        ("1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"),
    ],
)
def test_instants(text: str, shown: str) -> None:
    parsed = parse_instant(text)
    assert parsed is not None
    assert format_instant(parsed) == shown


@pytest.mark.parametrize(
    "text", ["", "now", "2026-02-30T00:00:00.000Z", "2026-02-10T14:32:01.²³1Z", "12:00", "x" * 24]
)
def test_what_is_no_instant(text: str) -> None:
    assert parse_instant(text) is None
