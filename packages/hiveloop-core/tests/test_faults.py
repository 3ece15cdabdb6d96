"""G9, G11, G12: whatever the collector answers, everything arrives once it is well again, and nothing is stored twice."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

import hiveloop
import pytest

from . import faults
from .fault_sink import FaultSink
from .faults import Behaviour

MANY = 500
KIND = "step"


def start(sink: FaultSink, batch_size: int = 100, **settings: object) -> hiveloop.Agent:
    hb = hiveloop.init(endpoint=sink.endpoint, flush_interval=0.05, batch_size=batch_size, **settings)  # type: ignore[arg-type]
    return hb.agent("worker", heartbeat_interval=0)


def emit(agent: hiveloop.Agent, count: int = MANY, first: int = 0) -> None:
    for number in range(first, first + count):
        agent.event("custom", {"kind": KIND, "data": {"number": number}})


def numbers(sink: FaultSink) -> list[int]:
    return sorted(event["payload"]["data"]["number"] for event in sink.kinds(KIND))


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.name == "hiveloop" and r.levelno >= logging.WARNING]


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(faults.answering(500), id="500"),
        pytest.param(faults.answering(503), id="503"),
        pytest.param(faults.answering(408), id="408"),
        pytest.param(faults.answering(404), id="404: wrong path for a while"),
        pytest.param(faults.busy(), id="429"),
        pytest.param(faults.busy("0.2"), id="429 seconds"),
        pytest.param(faults.busy(None, retry_after_seconds=0.2), id="429 in the body"),
        pytest.param(faults.busy("soon"), id="429 nonsense"),
        pytest.param(faults.busy(faults.http_date(-60)), id="429 until a date gone by"),
        pytest.param(faults.reset(stores=False), id="reset before storing"),
        pytest.param(faults.reset(stores=True), id="reset after storing"),
        pytest.param(faults.truncated, id="answer cut"),
        pytest.param(faults.garbage, id="garbage with 200"),
        pytest.param(faults.miscounting, id="200 that does not add up"),
        pytest.param(faults.answering(401), id="401"),
        pytest.param(faults.answering(403), id="403"),
        pytest.param(faults.answering(204), id="204"),
    ],
)
def test_all_events_arrive_after_the_fault_is_over(sink: FaultSink, fault: Behaviour) -> None:
    agent = start(sink)
    emit(agent, MANY // 2)
    sink.become(fault)
    emit(agent, MANY // 2, first=MANY // 2)
    assert sink.wait_until(lambda s: len(s.requests) >= 5)
    sink.become(faults.healthy)
    assert hiveloop.flush(30)
    assert numbers(sink) == list(range(MANY))


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_collector_that_refuses_everything_costs_nothing(sink: FaultSink, status: int) -> None:
    """A proxy that is set up wrongly, or HTTP spoken to an HTTPS port: the events are not the reason."""
    sink.become(faults.answering(status))
    agent = start(sink)
    emit(agent)
    assert sink.wait_until(lambda s: len(s.requests) >= 150)
    sink.become(faults.healthy)
    assert hiveloop.flush(30)
    assert numbers(sink) == list(range(MANY))


def test_all_events_arrive_after_the_port_was_closed(sink: FaultSink) -> None:
    agent = start(sink)
    emit(agent, 10)
    assert hiveloop.flush(20)
    sink.close_port()
    emit(agent, MANY - 10, first=10)
    assert not hiveloop.flush(0.3)
    sink.open_port()
    assert hiveloop.flush(20)
    assert numbers(sink) == list(range(MANY))
    assert sink.duplicates == 0


def test_a_slow_collector_gets_everything_once(sink: FaultSink) -> None:
    sink.become(faults.slow(0.15))
    agent = start(sink)
    emit(agent)
    assert hiveloop.flush(30)
    assert numbers(sink) == list(range(MANY))
    assert sink.duplicates == 0


def test_the_time_a_collector_asks_for_is_waited_even_by_a_flush(sink: FaultSink) -> None:
    sink.become(faults.in_turn(faults.busy("0.7"), faults.healthy))
    agent = start(sink)
    emit(agent, 20)
    assert hiveloop.flush(20)
    first, second = sink.requests[0], sink.requests[1]
    assert second.at - first.at >= 0.7
    assert numbers(sink) == list(range(20))


def test_an_idle_connection_closed_under_a_request_is_nothing_to_warn_about(
    sink: FaultSink, caplog: pytest.LogCaptureFixture
) -> None:
    sink.become(faults.in_turn(faults.healthy, faults.reset(stores=False), faults.healthy))
    agent = start(sink)
    assert hiveloop.flush(20)
    emit(agent, 20)
    assert hiveloop.flush(20)
    assert numbers(sink) == list(range(20))
    assert warnings(caplog) == []


# -- G11, G12: a wrong key or address --


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        pytest.param(lambda _: faults.answering(401), "api_key", id="401"),
        pytest.param(lambda _: faults.answering(403), "api_key", id="403"),
        pytest.param(
            lambda other: faults.redirecting(302, f"{other.endpoint}/v1/ingest"), "redirects", id="302"
        ),
        pytest.param(
            lambda other: faults.redirecting(307, f"{other.endpoint}/v1/ingest"), "redirects", id="307"
        ),
        pytest.param(lambda other: faults.redirecting(308, "/v1/ingest"), "redirects", id="308 same origin"),
        pytest.param(lambda other: faults.redirecting(301, "://"), "redirects", id="301 nonsense"),
    ],
)
def test_a_wrong_key_or_address_loses_nothing_and_is_said_once(
    sink: FaultSink,
    caplog: pytest.LogCaptureFixture,
    fault: Callable[[FaultSink], Behaviour],
    expected: str,
) -> None:
    with FaultSink() as other:
        sink.become(fault(other))
        agent = start(sink)
        emit(agent)
        assert sink.wait_until(lambda s: len(s.requests) >= 4)
        assert numbers(sink) == []
        assert [expected in line for line in warnings(caplog)] == [True]
        sink.become(faults.healthy)
        assert hiveloop.flush(20)
        assert other.requests == [], "never followed to another origin"
    assert numbers(sink) == list(range(MANY))
    assert sink.duplicates == 0
    assert {(request.method, request.path) for request in sink.requests} == {("POST", "/v1/ingest")}
    assert len(warnings(caplog)) == 1


# -- compression --


@pytest.mark.parametrize(
    ("advertised", "expected"),
    [("gzip", "gzip"), ("br, GZIP", "gzip"), ("gzip, zstd", "zstd"), ("br", None), ("", None)],
)
def test_bodies_are_compressed_once_the_collector_says_it_reads_that(
    sink: FaultSink, advertised: str, expected: str | None
) -> None:
    if expected == "zstd":
        pytest.importorskip("zstandard")
    sink.become(faults.advertising(advertised))
    agent = start(sink)
    assert hiveloop.flush(20)
    emit(agent)
    assert hiveloop.flush(20)
    assert numbers(sink) == list(range(MANY))
    assert "content-encoding" not in sink.requests[0].headers
    later = sink.requests[1:]
    assert {request.headers.get("content-encoding") for request in later} == {expected}
    if expected is not None:
        assert sum(int(r.headers["content-length"]) for r in later) < sum(r.size for r in later) / 2


def test_without_the_extra_gzip_it_is(sink: FaultSink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zstandard", None)
    sink.become(faults.advertising("gzip, zstd"))
    agent = start(sink)
    assert hiveloop.flush(20)
    emit(agent)
    assert hiveloop.flush(20)
    assert numbers(sink) == list(range(MANY))
    assert {request.headers.get("content-encoding") for request in sink.requests[1:]} == {"gzip"}


@pytest.mark.parametrize("status", [415, 400])
def test_a_collector_that_cannot_read_what_it_advertised_gets_it_plain(
    sink: FaultSink, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    sink.become(faults.refusing_gzip(status))
    agent = start(sink)
    assert hiveloop.flush(20)
    emit(agent)
    assert hiveloop.flush(20)
    assert numbers(sink) == list(range(MANY))
    assert sum("content-encoding" in request.headers for request in sink.requests) == 1
    assert warnings(caplog) == []


# -- two outages --


def test_each_outage_is_said_once(
    sink: FaultSink, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hiveloop._sender.PROBLEM_LOG_SECONDS", 0.0)
    agent = start(sink)
    for outage in (1, 2):
        sink.become(faults.answering(503))
        emit(agent, 10, first=outage * 10)
        before = len(sink.requests)
        assert sink.wait_until(lambda s, before=before: len(s.requests) >= before + 4)  # type: ignore[misc]
        sink.become(faults.healthy)
        assert hiveloop.flush(20)
        assert len(warnings(caplog)) == outage
