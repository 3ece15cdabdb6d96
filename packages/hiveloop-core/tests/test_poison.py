"""G10: a batch that is refused costs only the events that are to blame, and none when it is not about the events."""

from __future__ import annotations

import itertools
import math

import hiveloop
import pytest
from hiveloop import _delivery

from . import faults
from .fault_sink import FaultSink
from .test_faults import KIND, emit, numbers, start, warnings


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


def test_an_event_that_always_makes_the_server_fail_costs_only_itself(
    sink: FaultSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink.become(faults.poisoned("POISON", 500))
    agent = start(sink)
    emit(agent, 150)
    agent.event("custom", {"kind": "bad", "data": "POISON"})
    emit(agent, 150, first=150)
    assert not hiveloop.flush(3)
    assert numbers(sink) == list(range(300))
    assert sink.duplicates == 0
    assert hiveloop.init()._buffer.dropped() == {}, "it may still be the server"
    emit(agent, 50, first=300)
    assert not hiveloop.flush(3)
    assert numbers(sink) == list(range(350))
    monkeypatch.setattr(_delivery, "FAULT_SECONDS", 0)
    assert not hiveloop.flush(10)
    assert hiveloop.init()._buffer.dropped() == {"rejected": 1}
    assert hiveloop.flush(5)


def test_a_server_that_fails_for_everything_loses_nothing(sink: FaultSink) -> None:
    sink.become(faults.answering(500))
    agent = start(sink)
    emit(agent, 60)
    assert not hiveloop.flush(4)
    sink.become(faults.healthy)
    assert hiveloop.flush(20)
    assert numbers(sink) == list(range(60))


def test_a_server_that_fails_now_and_then_loses_nothing(sink: FaultSink) -> None:
    calls = itertools.count()

    def flaky(request: faults.Request) -> faults.Reply:
        return (faults.healthy if next(calls) % 7 == 6 else faults.answering(500))(request)

    sink.become(flaky)
    agent = start(sink, batch_size=20)
    emit(agent, 200)
    assert hiveloop.flush(30)
    assert numbers(sink) == list(range(200))


@pytest.mark.parametrize("poisoned", [8, 20, 40])
def test_poisoned_events_in_front_do_not_hold_up_what_is_behind(sink: FaultSink, poisoned: int) -> None:
    sink.become(faults.answering(503))
    agent = start(sink)
    for _ in range(poisoned):
        agent.event("custom", {"kind": "bad", "data": "POISON"})
    emit(agent, 300)
    sink.become(faults.poisoned("POISON"))
    assert not hiveloop.flush(30)
    assert numbers(sink) == list(range(300))
    assert hiveloop.init()._buffer.dropped() == {"rejected": poisoned}
