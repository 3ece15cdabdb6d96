"""Whatever is sent, the answer is no 5xx, good neighbours are stored, and every query still answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import EFFORT, Collector, event, kind, running

FIELDS = [
    "event_id", "timestamp", "event_type", "agent_id", "agent_type", "project_id", "task_id", "task_type",
    "task_run_id", "correlation_id", "action_id", "parent_action_id", "parent_event_id", "severity", "status",
    "duration_ms", "payload",
]  # fmt: skip
KINDS = [
    "llm_call",
    "plan_created",
    "plan_step",
    "issue",
    "todo",
    "scheduled",
    "queue_snapshot",
    "runtime",
    "x",
]
TYPES = ["task_started", "task_completed", "task_failed", "action_started", "action_completed", "action_failed",
         "retry_started", "escalated", "approval_requested", "approval_received", "heartbeat", "agent_registered"]  # fmt: skip

QUERIES = [
    "/v1/agents", "/v1/pipeline", "/v1/tasks", "/v1/events?exclude_heartbeats=false", "/v1/metrics?group_by=agent",
    "/v1/metrics?group_by=agent_model&range=30d", "/v1/cost?range=30d", "/v1/cost/calls", "/v1/cost/timeseries",
    "/v1/llm-calls", "/v1/projects", "/v1/tasks?status=processing&sort=cost", "/v1/tasks?sort=duration",
]  # fmt: skip

scalars = (
    st.none() | st.booleans() | st.integers() | st.integers(min_value=10**18, max_value=10**40) | st.floats()
    | st.text(max_size=20) | st.sampled_from(["\ud800", "\x00", "9999-12-31T23:59:59Z", "'; DROP TABLE events; --"])
)  # fmt: skip
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
names = st.sampled_from(
    ["name", "model", "tokens_in", "tokens_out", "cost", "duration_ms", "steps", "goal", "revision", "step_index",
     "action", "plan_revision", "severity", "issue_id", "todo_id", "depth", "items", "approval_id", "decision",
     "stuck_threshold", "heartbeat_interval", "event", "metadata", "context", "attempt", "backoff_seconds"]
)  # fmt: skip
payloads = st.fixed_dictionaries(
    {},
    optional={
        "kind": st.sampled_from(KINDS) | scalars,
        "summary": scalars,
        "data": st.dictionaries(names, anything, max_size=6) | anything,
        "action_name": scalars,
        "exception_type": scalars,
        "error": anything,
        "success": scalars,
        "session_id": scalars,
    },
)
mutations = st.dictionaries(st.sampled_from(FIELDS), anything, max_size=3)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    with running(tmp_path_factory.mktemp("hostile") / "store.db") as collector:
        yield collector


def assert_every_query_answers(collector: Collector) -> None:
    paths = list(QUERIES)
    for agent in collector.get("/v1/agents", limit=3).json["data"]:
        paths += [
            f"/v1/agents/{_quoted(agent['agent_id'])}",
            f"/v1/agents/{_quoted(agent['agent_id'])}/pipeline",
        ]
    for task in collector.get("/v1/tasks", limit=3).json["data"]:
        paths.append(f"/v1/tasks/{_quoted(task['task_id'])}/timeline")
    for path in paths:
        answer = collector.get(path)
        assert answer.status == 200, (path, answer.raw[:300])
        json.loads(answer.raw.decode())


def _quoted(name: str) -> str:
    from urllib.parse import quote

    return quote(name, safe="")


def raw_json(value: Any) -> bytes:
    """JSON as careless clients write it: NaN, lone surrogates, huge numbers and all."""
    return json.dumps(value).encode()


@settings(max_examples=60 * EFFORT, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.tuples(st.sampled_from(TYPES + ["custom"] * 8), payloads, mutations), min_size=1, max_size=6)
)
def test_any_event_gets_a_verdict(shared: Collector, drawn: list[tuple[str, Any, dict[str, Any]]]) -> None:
    good = event("task_started", task_id="good", task_run_id="r")
    events = [
        event(kind_, task_id="t", task_run_id="r", payload=payload) | change
        for kind_, payload, change in drawn
    ]
    answer = shared.request(
        "POST", "/v1/ingest", raw_json({"envelope": {"agent_id": "a"}, "events": [*events, good]})
    )
    assert answer.status in (200, 207), answer.raw
    body = answer.json
    assert body["accepted"] + body["rejected"] == len(events) + 1
    assert body["accepted"] >= 1
    assert shared.send([good]).json["duplicates"] == 1


@settings(max_examples=60 * EFFORT, deadline=None, suppress_health_check=list(HealthCheck))
@given(anything | st.fixed_dictionaries({"envelope": anything, "events": anything}))
def test_any_json_body_gets_an_answer(shared: Collector, body: Any) -> None:
    answer = shared.request("POST", "/v1/ingest", raw_json(body))
    assert answer.status in (200, 207, 400, 413), answer.raw


@settings(max_examples=40 * EFFORT, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=300))
def test_any_bytes_get_an_answer(shared: Collector, body: bytes) -> None:
    assert shared.request("POST", "/v1/ingest", body).status in (400, 413)


def test_every_query_answers_after_all_that(shared: Collector) -> None:
    hostile = [
        event("task_started", task_id="future", timestamp="9999-12-31T23:59:59.999-12:00"),
        event("task_completed", task_id="future", timestamp="0001-01-01T00:00:00+23:59"),
        event("task_started", task_id="a/b?c#d%2F..", agent_id="x/y/../pipeline"),
        event("task_started", task_id="<img src=x onerror=alert(1)>", agent_id="\"'><script>"),
        event(
            "action_started",
            action_id="loop",
            parent_action_id="loop",
            task_id="knot",
            payload={"action_name": []},
        ),
        event("action_started", action_id="p", parent_action_id="q", task_id="knot"),
        event("action_started", action_id="q", parent_action_id="p", task_id="knot"),
        event("agent_registered", payload={"data": {"stuck_threshold": -1, "heartbeat_interval": "x"}}),
        event("agent_registered", payload={"data": [1, 2]}),
        kind("queue_snapshot", data={"depth": 10**400, "oldest_age_seconds": "x"}),
        kind("scheduled", data={"items": {"not": "a list"}}),
        kind("plan_created", data={"steps": "none", "revision": -1}, task_id="knot"),
        kind("plan_step", data={"step_index": 10**19}, task_id="knot"),
    ]
    assert shared.send(hostile).status == 200
    assert_every_query_answers(shared)


def test_a_deep_chain_of_actions_can_still_be_read(shared: Collector) -> None:
    chain = [
        event("action_started", at, action_id=f"d{at}", parent_action_id=f"d{at - 1}", task_id="deep")
        for at in range(500)
    ]
    shared.store(chain)
    answer = shared.get("/v1/tasks/deep/timeline")
    assert answer.status == 200
    assert answer.raw.count(b'"action_id":"d') >= 500


def test_bottomless_nesting_costs_only_its_event(shared: Collector) -> None:
    good, bad, odd = event("heartbeat"), event("heartbeat"), event("heartbeat")
    deep = "[" * 100_000 + "]" * 100_000
    parts = [
        json.dumps(good),
        json.dumps(bad)[:-1] + f', "payload": {{"x": {deep}}}}}',
        json.dumps(odd)[:-1] + f', "extra": {deep}}}',
    ]
    body = '{"envelope": {"agent_id": "a"}, "events": [' + ",".join(parts) + "]}"
    answer = shared.request("POST", "/v1/ingest", body.encode())
    assert answer.status == 207
    assert [error["event_id"] for error in answer.json["errors"]] == [bad["event_id"]]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r'{"v": "\ud800"}', {"v": "�"}),
        (r'{"v": "\udc00\ud83d\ude00"}', {"v": "�😀"}),
        (r'{"v": "\\ud800"}', {"v": r"\ud800"}),
        (r'{"v": "a\u0000b"}', {"v": "a�b"}),
        ('{"v": NaN}', {"v": {"$float": "nan"}}),
        ('{"v": -Infinity}', {"v": {"$float": "-inf"}}),
        ('{"v": 1e999}', {"v": {"$float": "inf"}}),
        ('{"v": ' + "9" * 30 + "}", {"v": "9" * 30}),
        ('{"v": ' + "9" * 400 + "}", {"v": "9" * 300 + "…"}),
        (
            '{"v": 9223372036854775807, "w": "12345678901234567890"}',
            {"v": 2**63 - 1, "w": "12345678901234567890"},
        ),
        ('{"v": 1, "v": 2}', {"v": 2}),
    ],
)
def test_odd_values_are_stored_in_a_readable_form(shared: Collector, written: str, read: Any) -> None:
    made = event("task_started", task_id="odd")
    text = json.dumps(made)[:-1] + f', "payload": {written}}}'
    answer = shared.request(
        "POST", "/v1/ingest", f'{{"envelope":{{"agent_id":"odd"}},"events":[{text}]}}'.encode()
    )
    assert answer.status == 200, answer.raw
    rows = shared.get("/v1/events", agent_id="odd", limit=200).json["data"]
    assert next(row["payload"] for row in rows if row["event_id"] == made["event_id"]) == read


def test_invalid_utf8_is_replaced(shared: Collector) -> None:
    made = (
        json.dumps(event("task_started", task_id="TASK", agent_id="utf"))
        .encode()
        .replace(b"TASK", b"\xff\xc0")
    )
    answer = shared.request("POST", "/v1/ingest", b'{"envelope":{"agent_id":"a"},"events":[' + made + b"]}")
    assert answer.status == 200
    assert shared.get("/v1/events", agent_id="utf").json["data"][0]["task_id"] == "��"


def test_absurd_costs_and_durations_do_not_reach_the_totals(tmp_path: Any) -> None:
    with running(tmp_path / "s.db") as collector:
        bad: list[Any] = [-1e9, 1e300, "12", True, [1], {"a": 1}]
        calls = [kind("llm_call", data={"name": "n", "model": "unheard", "cost": cost}) for cost in bad]
        calls.append(kind("llm_call", data={"name": "n", "model": "unheard", "cost": 0.25}))
        collector.store([call | {"timestamp": _now()} for call in calls])
        cost = collector.get("/v1/cost").json
        assert (cost["total_cost"], cost["call_count"], cost["unpriced_calls"]) == (0.25, 7, 6)


def _now() -> str:
    from hiveboard.instant import format_instant, now_us

    return format_instant(now_us() // 1000 * 1000)
