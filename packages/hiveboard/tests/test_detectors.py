"""Detectors: for each what it must find, and the nearest thing it must not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hiveboard.projections.agent_view import AgentStats, AgentView
from hiveboard.projections.detectors.catalogue import DETECTORS, MAX_FINDINGS, all_findings
from hiveboard.projections.detectors.watched import Beat, QueueStory, Snapshot, Watched
from hiveboard.projections.finding import Finding
from hiveboard.projections.links import Links
from hiveboard.store.insight_reading import duration_step
from hiveboard.store.rows import ActivityRow, Counts, IssueRow, OutcomeRow, Scope, Silence, TaskRow, UsageRow
from hiveboard.store.state import IssueState, TaskState
from hiveboard.store.tallies import CallSums, DurationSums, TroubleSums

from .conftest import Collector, event, kind, running

BASE_US = 1_770_000_000_000_000
NOW = BASE_US + 1_800_000_000
MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000


def sums(row_type: Any, group: tuple[Any, ...], **counts: int) -> Any:
    names = row_type.__struct_fields__[1:]
    return row_type(group, *(counts.get(name, 0) for name in names))


def usage(agent: str, dollars: float, calls: int = 1) -> UsageRow:
    made: UsageRow = sums(UsageRow, (agent,), calls=calls, reported_nano=round(dollars * 1e9))
    return made


def ended(runs: int) -> list[OutcomeRow]:
    return [sums(OutcomeRow, ("a",), completed=runs)]


def view(agent: str, status: str = "idle") -> AgentView:
    stats = AgentStats(
        tasks_completed=0, tasks_failed=0, success_rate=None, avg_duration_ms=None, total_cost=None, estimated_cost=None,
        llm_call_count=0, throughput=0, queue_depth=None, active_issues=0,
    )  # fmt: skip
    return AgentView(
        agent_id=agent, agent_type="general", agent_version=None, framework=None, runtime=None, sdk_version=None,
        environment="production", group="default", derived_status=status, current_task_id=None, current_task_run_id=None,
        current_task_started_at=None, current_project_id=None, open_tasks=0, last_heartbeat=None, heartbeat_age_seconds=None,
        is_stuck=status == "stuck", stuck_threshold_seconds=60, no_progress_seconds=None, first_seen="", last_seen="",
        projects=[], environments=[], groups=[], stats_1h=stats, sparkline_1h=[],
    )  # fmt: skip


def watched(**given: Any) -> Watched:
    fields: dict[str, Any] = dict.fromkeys(
        ("views", "issues", "hour_usage", "past_usage", "hour_outcomes", "past_outcomes", "recent_activity", "day_activity",
         "day_calls", "queues_now", "day_troubles", "open_runs", "week_durations", "queues", "old_beats", "new_beats"), ()
    )  # fmt: skip
    counts = Counts(**dict.fromkeys(Counts.__struct_fields__, 0))
    return Watched(now=NOW, links=Links(Scope()), counts=counts, silence=Silence(), **{**fields, **given})


def found(detector: str, **given: Any) -> list[Finding]:
    return DETECTORS[detector](watched(**given))


def test_cost_spike_is_against_the_same_hours() -> None:
    usual = [[usage("a", 0.10)], [usage("a", 0.12)], [usage("a", 0.08)]]
    (one,) = found("cost_spike", hour_usage=[usage("a", 0.40)], past_usage=usual)
    assert one.numbers == {"cost": 0.4, "usual": 0.1, "highest_before": 0.12, "days": 3}
    assert (one.agent_id, one.severity) == ("a", "warn")
    assert found("cost_spike", hour_usage=[usage("a", 1.2)], past_usage=usual)[0].severity == "error"
    # Three times and not more; two days only; once as high before; cents; a price nobody knows.
    assert found("cost_spike", hour_usage=[usage("a", 0.30)], past_usage=usual) == []
    assert found("cost_spike", hour_usage=[usage("a", 0.40)], past_usage=usual[:2]) == []
    assert found("cost_spike", hour_usage=[usage("a", 0.40)], past_usage=[*usual, [usage("a", 0.40)]]) == []
    cents = [[usage("a", 0.001)]] * 3
    assert found("cost_spike", hour_usage=[usage("a", 0.05)], past_usage=cents) == []
    silent = sums(UsageRow, ("a",), calls=2, unpriced=2)
    assert found("cost_spike", hour_usage=[silent], past_usage=usual) == []


def test_error_burst_is_against_the_usual_quarter() -> None:
    def activity(errors: int) -> list[ActivityRow]:
        return [ActivityRow(("a",), 100, errors, 0)]

    (one,) = found("error_burst", recent_activity=activity(5), day_activity=activity(96))
    assert one.numbers == {"errors": 5, "usual": 1.0, "events": 100}
    assert found("error_burst", recent_activity=activity(20))[0].severity == "error"
    assert found("error_burst", recent_activity=activity(4)) == []
    assert found("error_burst", recent_activity=activity(5), day_activity=activity(97)) == []


def test_stuck_fleet() -> None:
    def fleet(stuck: int, well: int, gone: int = 0) -> list[AgentView]:
        states = ["stuck"] * stuck + ["idle"] * well + ["offline"] * gone
        return [view(f"a{at}", status) for at, status in enumerate(states)]

    assert found("stuck_fleet", views=fleet(3, 9))[0].severity == "warn"
    assert found("stuck_fleet", views=fleet(2, 1, 9))[0].severity == "error"
    assert found("stuck_fleet", views=fleet(2, 2)) == []
    assert found("stuck_fleet", views=fleet(1, 0)) == []


def test_throughput_drop_is_against_the_same_hours() -> None:
    days = [ended(10), ended(12), ended(11)]
    (one,) = found("throughput_drop", hour_outcomes=ended(5), past_outcomes=days)
    assert (one.numbers["ended"], one.numbers["usual"], one.severity) == (5, 11, "warn")
    assert found("throughput_drop", hour_outcomes=[], past_outcomes=days)[0].severity == "error"
    assert found("throughput_drop", hour_outcomes=ended(6), past_outcomes=days) == []
    assert found("throughput_drop", hour_outcomes=[], past_outcomes=[ended(9)] * 7) == []
    # Nights on which nothing runs are no measure: two days are too few.
    assert found("throughput_drop", hour_outcomes=[], past_outcomes=[*days[:2], [], []]) == []
    # As few as this have been seen before.
    assert found("throughput_drop", hour_outcomes=ended(5), past_outcomes=[*days, ended(5)]) == []


def test_token_waste() -> None:
    def calls(**given: int) -> list[CallSums]:
        numbers = {
            "calls": 20,
            "told_in": 20,
            "tokens_in": 100_000,
            "told_out": 20,
            "tokens_out": 4_000,
        } | given
        return [sums(CallSums, ("a", "draft", "m"), **numbers)]

    (one,) = found("token_waste", day_calls=calls())
    assert (one.numbers["in_per_out"], one.id) == (25, "token_waste:a:draft")
    assert found("token_waste", day_calls=calls(calls=19)) == []
    assert found("token_waste", day_calls=calls(tokens_out=5_000)) == []
    assert found("token_waste", day_calls=calls(tokens_in=79_980, tokens_out=1_000)) == []
    assert found("token_waste", day_calls=calls(cache_read=20_000)) == []


def test_model_imbalance() -> None:
    def calls(dear: float, dear_calls: int, cheap: float, cheap_calls: int) -> list[CallSums]:
        return [
            sums(CallSums, ("a", "n", "dear"), calls=dear_calls, cost_nano=round(dear * 1e9)),
            sums(CallSums, ("a", "n", "cheap"), calls=cheap_calls, cost_nano=round(cheap * 1e9)),
        ]

    (one,) = found("model_imbalance", day_calls=calls(0.95, 5, 0.05, 15))
    assert one.summary == "dear takes 95% of the money with 25% of the calls."
    assert found("model_imbalance", day_calls=calls(0.89, 5, 0.11, 15)) == []
    # It makes most of the calls: that is simply the model used.
    assert found("model_imbalance", day_calls=calls(0.95, 10, 0.05, 10)) == []
    assert found("model_imbalance", day_calls=calls(0.95, 5, 0.05, 15)[:1]) == []


def story(*snapshots: tuple[int, list[str]], **given: Any) -> list[QueueStory]:
    made = [
        Snapshot(ts=NOW - 60_000_000 * (len(snapshots) - at), depth=depth, items=frozenset(items))
        for at, (depth, items) in enumerate(snapshots)
    ]
    return [QueueStory(agent_id="a", snapshots=made, **given)]


def test_items_that_vanish_from_a_queue() -> None:
    (one,) = found("silent_drop", queues=story((2, ["x", "y"]), (1, ["y"])))
    assert (one.numbers["missing"], one.agent_id) == (1, "a")
    assert found("silent_drop", queues=story((2, ["x", "y"]), (1, ["y"]), known_tasks=frozenset("x"))) == []
    # A run began that bears no item's name: it may be about this one.
    assert found("silent_drop", queues=story((2, ["x", "y"]), (1, ["y"]), started=1)) == []
    assert found("silent_drop", queues=story((2, ["x", "y"]), (2, ["y", "x"]))) == []
    # A snapshot that shows only some of its items proves nothing.
    assert found("silent_drop", queues=story((9, ["x", "y"]), (8, ["y"]))) == []
    busy = story((2, ["x", "y"]), (1, ["y"]))
    busy[0].snapshots[1].busy_with = "x"
    assert found("silent_drop", queues=busy) == []


def open_run(age_ms: int, task_type: str = "t", waiting: bool = False) -> TaskRow:
    state = TaskState("live", "task", "r", agent_id="a", task_type=task_type, sort_ts=NOW - age_ms * 1000)
    return TaskRow(state, "production", "default", None, waiting)


def test_runs_open_beyond_the_99th_percentile_of_their_type() -> None:
    week = [DurationSums(("t", duration_step(1_000)), 99), DurationSums(("t", duration_step(60_000)), 1)]
    (one,) = found("silent_drop", week_durations=week, open_runs=[open_run(5_000)])
    assert (one.numbers["open"], one.id) == (1, "silent_drop:a:open:t")
    assert found("silent_drop", week_durations=week, open_runs=[open_run(1_000)]) == []
    assert found("silent_drop", week_durations=week, open_runs=[open_run(5_000, waiting=True)]) == []
    assert found("silent_drop", week_durations=week, open_runs=[open_run(5_000, "other")]) == []
    few = [DurationSums(("t", duration_step(1_000)), 99)]
    assert found("silent_drop", week_durations=few, open_runs=[open_run(5_000)]) == []


def test_contradiction() -> None:
    growing = story((1, []), (1, []), (2, []))
    (one,) = found("contradiction", queues=growing, views=[view("a")])
    assert one.numbers == {"depth_before": 1, "depth": 2}
    assert found("contradiction", queues=growing, views=[view("a", "processing")]) == []
    assert found("contradiction", queues=story((1, []), (2, [])), views=[view("a")]) == []
    assert found("contradiction", queues=story((2, []), (2, []), (2, [])), views=[view("a")]) == []
    # It fell in between: somebody is at work.
    assert found("contradiction", queues=story((1, []), (3, []), (2, []), (3, [])), views=[view("a")]) == []
    old = msgspec.structs.replace(watched(queues=growing, views=[view("a")]), now=NOW + 3_700_000_000)
    assert DETECTORS["contradiction"](old) == []


def beats(*payloads: dict[str, Any], start: int = 0) -> list[Beat]:
    return [Beat(agent_id="a", ts=NOW + at, payload=payload) for at, payload in enumerate(payloads, start)]


def test_heartbeat_drift() -> None:
    full, less = (
        {"symbols": ["x"], "open": 0, "crm": {"ok": True, "lag": 3}},
        {"open": 0, "symbols": [], "crm": {"ok": True}},
    )
    (one,) = found(
        "heartbeat_drift", old_beats=beats(full, full, full), new_beats=beats(less, less, less, start=9)
    )
    assert one.summary == "The heartbeat of a no longer tells crm.lag, symbols."
    assert (
        found(
            "heartbeat_drift", old_beats=beats(full, full, full), new_beats=beats(less, less, full, start=9)
        )
        == []
    )
    assert (
        found(
            "heartbeat_drift", old_beats=beats(full, less, full), new_beats=beats(less, less, less, start=9)
        )
        == []
    )
    assert (
        found("heartbeat_drift", old_beats=beats(full, full), new_beats=beats(less, less, less, start=9))
        == []
    )
    own = full | {"hiveloop": {"pending": 1}}
    assert (
        found("heartbeat_drift", old_beats=beats(own, own, own), new_beats=beats(full, full, full, start=9))
        == []
    )


def refused(what: str, events: int, status: str = "401") -> TroubleSums:
    return TroubleSums(("a", what, status), events, 0, 0)


def test_credential_failure() -> None:
    (one,) = found(
        "credential_failure", day_troubles=[refused("credential_action", 3), refused("credential_call", 2)]
    )
    assert (one.numbers["refused"], one.id) == (3, "credential_failure:a:401")
    # Told by the call and by its action: two failures, not four.
    assert (
        found(
            "credential_failure",
            day_troubles=[refused("credential_action", 2), refused("credential_call", 2)],
        )
        == []
    )
    assert found("credential_failure", day_troubles=[refused("action_failed", 9)]) == []


def issue(summary: str, closed: bool = False) -> IssueRow:
    payload = msgspec.json.encode({"summary": summary, "data": {"severity": "high"}})
    state = IssueState("live", "a", "k", occurrences=1, reported_ts=NOW, reported=payload, first_ts=NOW)
    if closed:
        state.closed_ts, state.is_closed = NOW + 1, True
    return IssueRow(state=state, environment="production", group="default", tasks=None, cost_nano=None)


def test_what_an_agent_reported_itself_is_not_repeated() -> None:
    told = [refused("credential_action", 3)]
    assert all_findings(watched(day_troubles=told, issues=[issue("CRM answers 401")])) == []
    assert len(all_findings(watched(day_troubles=told, issues=[issue("CRM answers 401", closed=True)]))) == 1
    assert len(all_findings(watched(day_troubles=told, issues=[issue("The printer is empty")]))) == 1


def test_findings_are_bounded_and_the_gravest_come_first() -> None:
    many = [
        TroubleSums((f"a{at:03}", "credential_call", "403"), 3 + 20 * (at == 70), 0, 0) for at in range(150)
    ]
    listed = all_findings(watched(day_troubles=many))
    assert len(listed) == MAX_FINDINGS
    assert (listed[0].agent_id, listed[0].severity) == ("a070", "error")
    assert len({one.id for one in listed}) == MAX_FINDINGS


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Collector]:
    with running(tmp_path / "s.db", clock=lambda: NOW) as made:
        yield made


def listed(board: Collector, **params: Any) -> dict[str, dict[str, Any]]:
    answer = board.get("/v1/findings", **params)
    assert answer.status == 200, answer.raw
    return {one["id"]: one for one in answer.json["findings"]}


def test_from_events_to_findings(board: Collector) -> None:
    def call(at: int, cost: float) -> dict[str, Any]:
        return kind("llm_call", at, data={"name": "n", "model": "m", "cost": cost})

    events = [call(20 * MINUTE_MS - days * DAY_MS, 0.1) for days in range(1, 5)] + [call(20 * MINUTE_MS, 2.0)]
    events += [
        event(
            "action_failed",
            MINUTE_MS * at,
            payload={"action_name": "crm", "exception_message": "HTTP 403 Forbidden"},
        )
        for at in range(20, 26)
    ]
    for at, depth in enumerate((1, 2, 4)):
        events.append(
            kind(
                "queue_snapshot",
                MINUTE_MS * (10 + at),
                data={"depth": depth, "items": [{"id": f"i{n}"} for n in range(depth)]},
            )
        )
    events.append(kind("queue_snapshot", MINUTE_MS * 20, data={"depth": 1, "items": [{"id": "i0"}]}))
    beat = {"symbols": ["x"], "lag": 1}
    events += [event("heartbeat", -HOUR_MS + MINUTE_MS * at, payload=beat) for at in range(4)]
    events += [event("heartbeat", MINUTE_MS * (21 + at), payload={"lag": 1}) for at in range(4)]
    board.store(events)
    board.store([event("task_started", MINUTE_MS * 15, task_id="i1", task_run_id="r")], agent_id="worker")
    found = listed(board)
    assert set(found) == {
        "cost_spike:agent-1", "error_burst:agent-1", "credential_failure:agent-1:403", "silent_drop:agent-1:queue", "heartbeat_drift:agent-1",
    }  # fmt: skip
    assert found["silent_drop:agent-1:queue"]["numbers"] == {"vanished": 2, "runs_started": 0, "missing": 2}
    assert found["cost_spike:agent-1"]["numbers"]["days"] == 4
    assert list(listed(board, detector="cost_spike")) == ["cost_spike:agent-1"]
    assert listed(board, agent_id="worker") == {}
    assert {one["severity"] for one in listed(board, severity="error").values()} == {"error"}
    answers = {one["id"]: one for one in board.get("/v1/insights").json["insights"]}
    assert answers["dropped-work"]["value"] == answers["heartbeat-drift"]["value"] == 1
    assert answers["refused-calls"]["value"] == 6
    assert board.get("/v1/insights").json["findings"] == list(found.values())


def test_a_growing_queue_of_an_idle_agent(board: Collector) -> None:
    depths = (1, 1, 2)
    board.store(
        [
            kind("queue_snapshot", MINUTE_MS * (10 + at), data={"depth": depth})
            for at, depth in enumerate(depths)
        ]
    )
    assert list(listed(board)) == ["contradiction:agent-1"]
    board.store([event("task_started", MINUTE_MS * 12, task_id="t", task_run_id="r")])
    assert listed(board) == {}
