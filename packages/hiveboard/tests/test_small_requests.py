"""Small things a request may get wrong or spell differently, and what is said or done about each."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hiveboard.ingest.event_id import canonical_id

from .conftest import Collector, event

UUID = "0197a5c0-abcd-7000-8000-0000000000ef"


@pytest.mark.parametrize("broken", [{}, {"duration_ms": "x"}])
def test_too_many_events_are_told_in_events(collector: Collector, broken: dict[str, Any]) -> None:
    refused = collector.send([*(event() for _ in range(500)), event(**broken)])
    assert refused.status == 413
    assert "500 events, this one has 501" in refused.json["message"]
    assert refused.json["details"]["max_events"] == 500


@pytest.mark.parametrize("spelled", ["1e999", "-1e999", "NaN", "Infinity", "1e300"])
def test_a_duration_beyond_every_number_costs_only_itself(collector: Collector, spelled: str) -> None:
    batch = {
        "envelope": {"agent_id": "a"},
        "events": [event("task_completed", task_id="t", duration_ms=0.125)],
    }
    body = json.dumps(batch).replace("0.125", spelled).encode()
    answer = collector.request("POST", "/v1/ingest", body)
    assert (answer.status, answer.json["accepted"]) == (200, 1)
    warned = answer.json["warnings"]
    assert [(one["warning"], "duration_ms" in one["message"]) for one in warned] == [("invalid_value", True)]
    assert collector.get("/v1/events").json["data"][0]["duration_ms"] is None


def test_a_second_fault_beside_such_a_duration_is_the_one_told(collector: Collector) -> None:
    body = json.dumps({"envelope": {"agent_id": "a"}, "events": [event(task_id=7, duration_ms=0.125)]})
    answer = collector.request("POST", "/v1/ingest", body.replace("0.125", "1e999").encode())
    assert answer.status == 207
    assert answer.json["errors"][0]["message"] == "task_id must be a string, not a number"


@pytest.mark.parametrize(
    "spelled",
    [
        UUID.upper(),
        f"{{{UUID}}}",
        f"urn:uuid:{UUID}",
        UUID.replace("-", ""),
        f"{{{UUID.replace('-', '').upper()}}}",
    ],
)
def test_a_uuid_is_one_id_however_it_is_written(collector: Collector, spelled: str) -> None:
    first = event() | {"event_id": UUID}
    assert collector.store([first])["duplicates"] == 0
    assert collector.store([first | {"event_id": spelled}])["duplicates"] == 1
    child = event("retry_started", parent_event_id=spelled)
    collector.store([child])
    assert [one["event_id"] for one in collector.get("/v1/events").json["data"]].count(UUID) == 1
    assert collector.get("/v1/events", event_type="retry_started").json["data"][0]["parent_event_id"] == UUID


@pytest.mark.parametrize("other", ["", "x", "ABC", UUID[:-1], UUID + "0", f"{UUID} ", "g" * 32, "É" * 36])
def test_what_is_no_uuid_stays_as_it_is(other: str) -> None:
    assert canonical_id(other) == other


def test_an_escaped_slash_belongs_to_the_id(collector: Collector) -> None:
    collector.store([event("task_started", 1, task_id="a/timeline", task_run_id="r")], agent_id="x/pipeline")
    collector.store([event("task_started", 2, task_id="a", task_run_id="r")], agent_id="x")
    assert collector.get("/v1/agents/x%2Fpipeline").json["agent_type"] == "general"
    assert collector.get("/v1/agents/x%2Fpipeline").json["agent_id"] == "x/pipeline"
    assert collector.get("/v1/agents/x%2fpipeline/pipeline").json["agent_id"] == "x/pipeline"
    assert "queue" in collector.get("/v1/agents/x/pipeline").json
    assert collector.get("/v1/tasks/a%2Ftimeline/timeline").json["task_id"] == "a/timeline"
    assert collector.get("/v1/tasks/a/timeline").json["task_id"] == "a"
    assert collector.get("/v1/agents/x%252Fpipeline").status == 404


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("äöü", {"ÄÖÜ-Straße"}),
        ("STRAẞE", {"ÄÖÜ-Straße"}),
        ("Ö", {"ÄÖÜ-Straße"}),
        ("axb", {"AxB"}),
        ("é", set()),
    ],
)
def test_search_knows_the_case_of_every_letter(collector: Collector, q: str, found: set[str]) -> None:
    collector.store([event("task_started", task_id=name, task_run_id="r") for name in ("ÄÖÜ-Straße", "AxB")])
    assert {row["task_id"] for row in collector.get("/v1/tasks", q=q).json["data"]} == found
