"""Every answer of POST /v1/ingest: what is stored, what is refused and why."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from .conftest import Collector, event, kind, running

GOOD: dict[str, Any] = {"event_type": "task_started", "task_id": "t"}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    with running(tmp_path_factory.mktemp("verdicts") / "s.db") as collector:
        yield collector


REFUSED = [
    ({"event_id": None}, "missing_field"),
    ({"event_id": ""}, "missing_field"),
    ({"timestamp": None}, "missing_field"),
    ({"event_type": None}, "missing_field"),
    ({"event_type": "bogus"}, "invalid_event_type"),
    ({"event_type": ["heartbeat"]}, "invalid_field"),
    ({"event_id": 7}, "invalid_field"),
    ({"timestamp": 1_770_000_000}, "invalid_field"),
    ({"timestamp": "not-a-date"}, "invalid_field"),
    ({"timestamp": "2026-13-45T99:00:00Z"}, "invalid_field"),
    ({"task_id": 5}, "invalid_field"),
    ({"task_id": "x" * 257}, "field_too_long"),
    ({"agent_id": "x" * 257}, "field_too_long"),
    ({"action_id": ["a"]}, "invalid_field"),
    ({"severity": 3}, "invalid_field"),
    ({"duration_ms": "12"}, "invalid_field"),
    ({"duration_ms": True}, "invalid_field"),
    ({"payload": []}, "invalid_field"),
    ({"payload": "text"}, "invalid_field"),
    ({"payload": {"x": "y" * 40_000}}, "payload_too_large"),
    ({"payload": json.loads("[" * 80 + "]" * 80)}, "invalid_field"),
    ({"payload": {"deep": json.loads('{"a":' * 70 + "1" + "}" * 70)}}, "invalid_field"),
]


@pytest.mark.parametrize(("change", "code"), REFUSED, ids=lambda value: str(value)[:40])
def test_a_bad_event_is_refused_alone(shared: Collector, change: dict[str, Any], code: str) -> None:
    bad = event(**GOOD) | change
    neighbours = [event(**GOOD), event(**GOOD)]
    answer = shared.send([neighbours[0], bad, neighbours[1]])
    assert answer.status == 207
    body = answer.json
    assert (body["accepted"], body["rejected"], body["duplicates"]) == (2, 1, 0)
    assert [error["error"] for error in body["errors"]] == [code]
    named = bad["event_id"] if isinstance(bad["event_id"], str) else None
    assert body["errors"][0]["event_id"] == named
    newest = [row["event_id"] for row in shared.get("/v1/events", limit=3).json["data"]]
    assert newest[:2] == [neighbours[1]["event_id"], neighbours[0]["event_id"]]
    assert bad["event_id"] not in newest


@pytest.mark.parametrize("value", [None, 5, "text", [], True, 1.5])
def test_an_event_that_is_no_object_is_refused_alone(shared: Collector, value: Any) -> None:
    batch = {"envelope": {"agent_id": "a"}, "events": [value, event(**GOOD)]}
    answer = shared.request("POST", "/v1/ingest", json.dumps(batch).encode())
    assert answer.status == 207
    assert answer.json["accepted"] == 1
    assert answer.json["errors"][0]["error"] == "invalid_field"


BROKEN = [
    (b"", 400),
    (b"{", 400),
    (b"[]", 400),
    (b"null", 400),
    (b'"x"', 400),
    (b"\xff\xfe{\x00}\x00", 400),
    (b'{"events": []}', 400),
    (b'{"envelope": {}, "events": []}', 400),
    (b'{"envelope": {"agent_id": 5}, "events": []}', 400),
    (b'{"envelope": {"agent_id": ""}, "events": []}', 400),
    (b'{"envelope": {"agent_id": "a"}}', 400),
    (b'{"envelope": {"agent_id": "a"}, "events": {}}', 400),
    (b'{"envelope": [], "events": []}', 400),
    (b'{"envelope": {"agent_id": "a"}, "events": [' + b"{}," * 500 + b"{}]}", 413),
    (b'{"envelope": {"agent_id": "a"}, "events": [], "pad": "' + b"x" * 1_048_576 + b'"}', 413),
    (b"[" * 100_000, 400),
]


@pytest.mark.parametrize(("body", "status"), BROKEN, ids=lambda value: str(value)[:48])
def test_a_body_that_is_no_batch_gets_the_error_envelope(shared: Collector, body: bytes, status: int) -> None:
    answer = shared.request("POST", "/v1/ingest", body)
    assert answer.status == status
    envelope = answer.json
    assert set(envelope) == {"error", "message", "status", "details"}
    assert envelope["status"] == status
    if status == 413:
        assert envelope["details"] == {"max_events": 500, "max_bytes": 1_048_576}


def test_all_stored_and_resent(collector: Collector) -> None:
    events = [event("heartbeat"), event(**GOOD)]
    expected = {"accepted": 2, "rejected": 0, "duplicates": 0, "errors": [], "warnings": []}
    assert collector.store(events) == expected
    assert collector.store(events) == expected | {"duplicates": 2}
    assert collector.store([events[0], events[0], event(**GOOD)])["duplicates"] == 2
    assert collector.store([])["accepted"] == 0
    assert len(collector.get("/v1/events", exclude_heartbeats="false").json["data"]) == 3


def test_a_batch_of_500_with_only_bad_events_is_207(collector: Collector) -> None:
    answer = collector.send([event("nope") for _ in range(500)])
    assert answer.status == 207
    assert (answer.json["accepted"], answer.json["rejected"]) == (0, 500)


def test_unknown_fields_are_ignored_and_absent_ones_are_null(collector: Collector) -> None:
    deep = json.loads("[" * 400 + "]" * 400)
    collector.store([event(**GOOD, unheard_of={"x": deep}, correlation_id=None, task_type="")], surprise=[1])
    row = collector.get("/v1/events").json["data"][0]
    assert (row["correlation_id"], row["task_type"], row["payload"]) == (None, None, None)
    assert (row["environment"], row["group"], row["agent_type"]) == ("production", "default", "general")


def test_an_event_overrides_the_envelope(collector: Collector) -> None:
    collector.store(
        [event(**GOOD, agent_id="other", agent_type="critic"), event(**GOOD)], agent_type="writer"
    )
    agents = {row["agent_id"]: row["agent_type"] for row in collector.get("/v1/agents").json["data"]}
    assert agents == {"other": "critic", "agent-1": "writer"}


@pytest.mark.parametrize(
    ("made", "warning"),
    [
        (kind("todo", data={"action": "created"}), "data.todo_id"),
        (kind("llm_call", data={"name": "x"}), "data.model"),
        (kind("issue", data={}), "data.severity"),
        (kind("queue_snapshot", data=None), "data.depth"),
        (kind("llm_call", data={"name": "x", "model": "m", "cost": -5}), "data.cost"),
        (kind("llm_call", data={"name": "x", "model": "m", "cost": "lots"}), "data.cost"),
        (kind("llm_call", data={"name": "x", "model": "m", "tokens_in": "many"}), "data.tokens_in"),
        (kind("llm_call", data={"name": "x", "model": "m", "tokens_out": 10**30}), "data.tokens_out"),
        (event(**GOOD, severity="loud"), "severity"),
        (event(**GOOD, duration_ms=-4), "duration_ms"),
        (event(**GOOD, duration_ms=10**30), "duration_ms"),
        (event(**GOOD, payload={"summary": "s" * 513}), "summary"),
        (event("task_started"), "task_started without task_id"),
        (event("task_failed", task_id=""), "task_failed without task_id"),
    ],
    ids=str,
)
def test_an_odd_value_costs_a_warning_not_the_event(
    collector: Collector, made: dict[str, Any], warning: str
) -> None:
    result = collector.store([made])
    assert result["accepted"] == 1
    assert len(result["warnings"]) == 1
    assert result["warnings"][0]["event_id"] == made["event_id"]
    assert warning in result["warnings"][0]["message"]
    assert set(result["warnings"][0]) == {"event_id", "warning", "message"}


def test_long_environment_and_group_are_cut_with_a_warning(collector: Collector) -> None:
    result = collector.store([event(**GOOD)], environment="e" * 70, group="g" * 130)
    assert len(result["warnings"]) == 2
    row = collector.get("/v1/events").json["data"][0]
    assert (len(row["environment"]), len(row["group"])) == (64, 128)


def test_a_too_long_summary_is_cut_in_the_stored_payload(collector: Collector) -> None:
    collector.store([event(**GOOD, payload={"summary": "ü" * 600, "x": 1})])
    payload = collector.get("/v1/events").json["data"][0]["payload"]
    assert len(payload["summary"]) == 512
    assert payload["x"] == 1


def test_default_severities(collector: Collector) -> None:
    made = [
        event("heartbeat"),
        event("task_failed", task_id="t"),
        event("retry_started"),
        kind("queue_snapshot", data={"depth": 1}),
    ]
    collector.store([*made, kind("issue", data={"severity": "critical"})])
    rows = collector.get("/v1/events", exclude_heartbeats="false").json["data"]
    severities = {row["event_type"] + (row["payload_kind"] or ""): row["severity"] for row in rows}
    assert severities == {
        "heartbeat": "debug",
        "task_failed": "error",
        "retry_started": "warn",
        "customqueue_snapshot": "debug",
        "customissue": "error",
    }


def test_ingest_advertises_its_encodings_and_takes_the_client_header(collector: Collector) -> None:
    body = json.dumps({"envelope": {"agent_id": "a"}, "events": []}).encode()
    answer = collector.request("POST", "/v1/ingest", body, X_HiveLoop_Client="p:1")
    assert answer.status == 200
    assert "gzip" in answer.headers["X-HiveBoard-Accept-Encoding"]
