"""G9-G12: whatever the collector answers, everything arrives once it is well again, and nothing is stored twice."""

from __future__ import annotations

import logging
import math
import sys
from collections.abc import Callable

import hiveloop
import pytest
from hiveloop import _delivery

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


# -- G10: too large, or poisoned --


@pytest.mark.parametrize(
    "limit",
    [
        pytest.param({"max_events": 7}, id="events"),
        pytest.param({"max_events": 1}, id="one event"),
        pytest.param({"max_bytes": 3_000}, id="bytes"),
    ],
)
def test_a_batch_that_is_too_large_is_halved_until_it_fits(sink: FaultSink, limit: dict[str, int]) -> None:
    sink.become(faults.limited(**limit))
    agent = start(sink)
    emit(agent, 200)
    assert hiveloop.flush(30)
    assert numbers(sink) == list(range(200))
    assert sink.duplicates == 0


def test_an_event_too_large_alone_arrives_without_its_payload(sink: FaultSink) -> None:
    sink.become(faults.limited(max_bytes=4_000))
    agent = start(sink)
    with agent.task("big") as task:
        task.set_payload({"summary": "what it was", "text": "x" * 20_000})
    assert hiveloop.flush(20)
    done = sink.of_type("task_completed")[0]
    assert done["task_id"] == "big"
    assert done["status"] == "success"
    assert done["payload"] == {"summary": "what it was", "$truncated": "HTTP 413"}


@pytest.mark.parametrize("status", [400, 422])
def test_only_the_poisoned_event_is_set_aside(
    sink: FaultSink, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    sink.become(faults.poisoned("POISON", status))
    agent = start(sink, batch_size=500)
    emit(agent, 250)
    agent.event("custom", {"kind": "bad", "data": "POISON"})
    emit(agent, 249, first=250)
    assert not hiveloop.flush(30), "one event was lost, and a flush says so"
    assert numbers(sink) == list(range(499))
    assert hiveloop.init()._buffer.dropped() == {"rejected": 1}
    # Bisecting costs two requests a level.
    assert len(sink.requests) <= 2 * (math.ceil(math.log2(500)) + 1) + 3
    rejected = [line for line in warnings(caplog) if "rejected" in line]
    assert len(rejected) == 1
    assert "bad_request on purpose" in rejected[0], "the server's reason"
    assert hiveloop.flush(5), "said once; nothing was lost since"


def test_many_poisoned_events_among_good_ones(sink: FaultSink) -> None:
    sink.become(faults.poisoned("POISON"))
    agent = start(sink)
    for number in range(300):
        poison = {"poison": "POISON"} if number % 10 == 3 else {}
        agent.event("custom", {"kind": KIND, "data": {"number": number, **poison}})
    hiveloop.flush(30)
    assert numbers(sink) == [number for number in range(300) if number % 10 != 3]
    assert hiveloop.init()._buffer.dropped() == {"rejected": 30}
    assert hiveloop.init()._buffer.pending == 0


def test_a_poisoned_event_alone_does_not_hold_up_what_comes_later(sink: FaultSink) -> None:
    sink.become(faults.poisoned("POISON"))
    agent = start(sink)
    emit(agent, 1)
    assert hiveloop.flush(20)
    for _ in range(3):
        agent.event("custom", {"kind": "bad", "data": "POISON"})
        hiveloop.flush(0.5)
    emit(agent, 9, first=1)
    hiveloop.flush(20)
    assert numbers(sink) == list(range(10))
    assert hiveloop.init()._buffer.dropped() == {"rejected": 3}


def test_a_collector_that_refuses_everything_is_not_believed_for_ever(
    sink: FaultSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An agent's envelope may be what is refused: in the end its events must not hold up those of the others."""
    sink.become(faults.poisoned("refused-agent"))
    monkeypatch.setattr(_delivery, "DOUBT_SECONDS", 0.2)
    start(sink)
    hiveloop.flush(20)
    # The mark is in each event of one agent; nothing else is sent until it has been given up.
    agent = hiveloop.agent("other", heartbeat_interval=0)
    for number in range(60):
        agent.event("custom", {"kind": "bad", "data": {"number": number, "of": "refused-agent"}})
    assert not hiveloop.flush(20)
    assert hiveloop.init()._buffer.pending == 0
    assert hiveloop.init()._buffer.dropped() == {"rejected": 60}
    emit(agent, 5)
    assert hiveloop.flush(20)
    assert numbers(sink) == list(range(5))


@pytest.mark.parametrize("named", [True, False], ids=["named", "unnamed"])
def test_a_partial_answer_costs_only_the_events_it_rejects(sink: FaultSink, named: bool) -> None:
    sink.become(faults.partial("POISON", named=named))
    agent = start(sink)
    for number in range(200):
        poison = {"poison": "POISON"} if number in (0, 77, 199) else {}
        agent.event("custom", {"kind": KIND, "data": {"number": number, **poison}})
    assert not hiveloop.flush(30)
    assert numbers(sink) == [number for number in range(200) if number not in (0, 77, 199)]
    buffer = hiveloop.init()._buffer
    assert buffer.dropped() == {"rejected": 3}
    assert (buffer.appended, buffer.delivered, buffer.pending) == (201, 198, 0)


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
