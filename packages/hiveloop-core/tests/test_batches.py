"""Batches: one agent each, within the limits, numbered, in order."""

from __future__ import annotations

import uuid

import hiveloop

from . import faults
from .fault_sink import FaultSink
from .test_faults import emit, numbers, start


def test_one_agent_a_request_and_no_more_than_a_batch(sink: FaultSink) -> None:
    hb = hiveloop.init(
        endpoint=sink.endpoint, flush_interval=3600, batch_size=40, environment="test", group="g"
    )
    agents = [hb.agent(f"agent-{number}", type="worker", heartbeat_interval=0) for number in range(3)]
    for number in range(300):
        emit(agents[number % 3], 1, first=number)
    assert hb.flush(20)
    assert numbers(sink) == list(range(300))
    assert max(len(request.events) for request in sink.requests) <= 40
    for request in sink.requests:
        assert request.envelope["agent_type"] == "worker"
        assert (request.envelope["environment"], request.envelope["group"]) == ("test", "g")
        assert not any("agent_id" in event for event in request.events)
    per_agent = {event["agent_id"]: 0 for event in sink.events}
    assert set(per_agent) == {"agent-0", "agent-1", "agent-2"}


def test_a_request_holds_at_most_500_events_and_a_megabyte(sink: FaultSink) -> None:
    hb = hiveloop.init(endpoint=sink.endpoint, flush_interval=3600, batch_size=500)
    agent = hb.agent("a", heartbeat_interval=0)
    for number in range(100):
        agent.event("custom", {"kind": "step", "data": {"number": number, "text": "é" * 15_000}})
    emit(agent, 1_200, first=100)
    assert hb.flush(30)
    assert numbers(sink) == list(range(1_300))
    assert max(request.size for request in sink.requests) <= faults.MAX_BYTES
    assert max(request.size for request in sink.requests) > faults.MAX_BYTES / 2
    assert max(len(request.events) for request in sink.requests) <= 500
    assert sink.violations == []


def test_batches_are_numbered_without_gaps_and_event_ids_are_uuids(sink: FaultSink) -> None:
    agent = start(sink, batch_size=20)
    emit(agent, 100)
    assert hiveloop.flush(20)
    sink.close_port()
    emit(agent, 50, first=100)
    assert not hiveloop.flush(0.2), "attempts that reach nobody use no number up"
    sink.open_port()
    assert hiveloop.flush(20)
    hiveloop.shutdown(20)
    start(sink)
    assert hiveloop.flush(20), "and it goes on after another init"
    marks = [request.headers["x-hiveloop-client"].split(":") for request in sink.requests]
    assert len({process for process, _ in marks}) == 1
    first = int(marks[0][1])
    assert [int(number) for _, number in marks] == list(range(first, first + len(marks)))
    ids = [uuid.UUID(event["event_id"]) for event in sink.events]
    assert {event_id.version for event_id in ids} == {7}
    assert len(set(ids)) == len(ids)


def test_events_arrive_in_the_order_they_were_sent(sink: FaultSink) -> None:
    agent = start(sink)
    sink.become(faults.in_turn(*[faults.answering(503), faults.healthy] * 10, faults.healthy))
    emit(agent, 1_000)
    assert hiveloop.flush(30)
    assert [event["payload"]["data"]["number"] for event in sink.kinds("step")] == list(range(1_000))
