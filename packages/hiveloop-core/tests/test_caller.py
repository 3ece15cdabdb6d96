"""G2, G7: a collector in trouble is not felt by the program; what does not fit is counted exactly."""

from __future__ import annotations

import http.client
import logging
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import hiveloop
import pytest
from hiveloop._buffer import Buffer

from . import faults
from .fault_sink import FaultSink
from .test_faults import emit, numbers, warnings


def latencies_ms(agent: hiveloop.Agent, count: int, first: int) -> list[float]:
    spent = []
    for number in range(first, first + count):
        started = time.perf_counter()
        agent.event("custom", {"kind": "step", "data": {"number": number}})
        spent.append((time.perf_counter() - started) * 1000)
        if number % 50 == 0:
            time.sleep(0.001)  # let the delivery thread get into the trouble
    return sorted(spent)


def figures(name: str, spent: list[float]) -> None:
    p50, p99 = spent[len(spent) // 2], spent[int(len(spent) * 0.99)]
    print(f"{name}: p50 {p50 * 1000:.1f} µs, p99 {p99 * 1000:.1f} µs, max {spent[-1]:.2f} ms")  # noqa: T201


@pytest.mark.parametrize("trouble", ["black hole", "refused", "503"])
def test_the_caller_does_not_feel_a_collector_in_trouble(
    sink: FaultSink, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Short only where nothing answers: elsewhere a busy machine's late answer would be a batch sent twice.
    monkeypatch.setattr("hiveloop._http.READ_TIMEOUT_SECONDS", 1.5 if trouble == "black hole" else 10.0)
    used_by: set[str] = set()
    real_connect, real_send = http.client.HTTPConnection.connect, socket.socket.sendall

    def connect(connection: Any) -> None:
        used_by.add(threading.current_thread().name)
        real_connect(connection)

    def send(connection: Any, *args: Any) -> None:
        if connection.getpeername()[1] == sink.port:
            used_by.add(threading.current_thread().name)
        real_send(connection, *args)

    monkeypatch.setattr(http.client.HTTPConnection, "connect", connect)
    monkeypatch.setattr(socket.socket, "sendall", send)
    hb = hiveloop.init(endpoint=sink.endpoint, flush_interval=0.05)
    agent = hb.agent("worker", heartbeat_interval=0)
    healthy = latencies_ms(agent, 2_000, first=0)
    assert hb.flush(20)
    if trouble == "refused":
        sink.close_port()
    else:
        sink.become(faults.black_hole if trouble == "black hole" else faults.answering(503))
    troubled = latencies_ms(agent, 2_000, first=2_000)
    figures("healthy", healthy)
    figures(trouble, troubled)
    # Any wait for the collector would be the read timeout of 1.5 s; the scheduler of a busy machine is far below.
    assert troubled[-1] < 1_000
    assert troubled[int(len(troubled) * 0.99)] < 50
    assert hb._buffer.pending > 0
    sink.become(faults.healthy)
    sink.open_port()
    assert hb.flush(30)
    assert numbers(sink) == list(range(4_000))
    assert sink.duplicates == 0
    assert used_by <= {"hiveloop-sender"}, "no I/O on the program's threads"


def eventually(condition: Callable[[], object]) -> bool:
    """Wait until it holds, at most 20 s."""
    deadline = time.monotonic() + 20
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return bool(condition())


def overflow_lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [line for line in warnings(caplog) if "queue is full" in line]


def assert_sums(buffer: Buffer) -> None:
    """Read one by one while threads append: only what cannot shrink may be compared."""
    settled = buffer.delivered + buffer.lost
    assert settled + buffer.pending >= 0
    assert settled <= buffer.appended


def test_what_overflows_is_counted_exactly_and_said_once(
    sink: FaultSink, caplog: pytest.LogCaptureFixture
) -> None:
    sink.become(faults.black_hole)
    hb = hiveloop.init(endpoint=sink.endpoint, flush_interval=0.02, max_queue_size=1_000)
    agent = hb.agent("worker", heartbeat_interval=0)
    buffer = hb._buffer

    def burst(first: int) -> None:
        for number in range(first, first + 2_500):
            emit(agent, 1, first=number)
            if number % 100 == 0:
                assert buffer.pending <= 1_000
                assert_sums(buffer)

    threads = [threading.Thread(target=burst, args=(part * 2_500,)) for part in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert buffer.appended == 20_001
    assert buffer.pending == 1_000
    assert buffer.dropped() == {"queue_overflow": 19_001}
    assert eventually(lambda: overflow_lines(caplog)), "the delivery thread says it after its next attempt"
    sink.become(faults.healthy)
    assert not hb.flush(30), "a flush is not true when something was dropped"
    assert buffer.appended == buffer.delivered + buffer.lost + buffer.pending
    assert (buffer.delivered, buffer.lost, buffer.pending) == (1_000, 19_001, 0)
    assert len(sink.stored) == 1_000
    assert hb.flush(5)
    for _ in range(5):
        emit(agent, 1_500)
        hb.flush(20)
    assert len(overflow_lines(caplog)) == 1


def test_the_overflow_is_said_again_after_a_while(
    sink: FaultSink, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hiveloop._sender.OVERFLOW_LOG_SECONDS", 0.0)
    hb = hiveloop.init(endpoint=sink.endpoint, flush_interval=3600, max_queue_size=10, batch_size=500)
    agent = hb.agent("worker", heartbeat_interval=0)
    for expected in (1, 2):
        emit(agent, 100)
        hb.flush(20)
        assert eventually(lambda n=expected: len(overflow_lines(caplog)) == n)  # type: ignore[misc]


def test_drops_are_shipped_with_the_heartbeat(sink: FaultSink) -> None:
    sink.become(faults.black_hole)
    hb = hiveloop.init(
        endpoint=sink.endpoint,
        flush_interval=0.02,
        max_queue_size=100,
        middleware=[lambda event: None if event.event_type == "escalated" else event],
    )
    agent = hb.agent("worker", heartbeat_interval=0)
    emit(agent, 1_000)
    with agent.task("t") as task:
        for _ in range(3):
            task.escalate("dropped on purpose")
    dropped = hb._buffer.dropped()
    assert dropped["middleware"] == 3
    assert dropped["queue_overflow"] == hb._buffer.appended - hb._buffer.pending
    sink.become(faults.healthy)
    hb.flush(20)
    agent.beat()
    assert hb.flush(20)
    signs = sink.of_type("heartbeat")[-1]["payload"]["hiveloop"]
    assert signs["dropped"] == dropped
    assert signs["emitted"] == hb._buffer.appended - 1
    assert signs["pending"] == 0


def test_dropping_on_purpose_is_no_failed_flush(sink: FaultSink) -> None:
    hb = hiveloop.init(endpoint=sink.endpoint, middleware=[lambda event: None])
    agent = hb.agent("worker", heartbeat_interval=0)
    emit(agent, 10)
    assert hb.flush(5)
    assert hb._buffer.dropped()["middleware"] == 11
    assert sink.requests == []


def test_a_log_handler_that_reports_to_us_does_not_go_round_in_circles(
    sink: FaultSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    hb = hiveloop.init(endpoint=sink.endpoint, flush_interval=0.02, max_queue_size=50, debug=True)
    agent = hb.agent("worker", heartbeat_interval=0)

    class Reporting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            agent.event("custom", {"kind": "log", "data": record.getMessage()})

    handler = Reporting()
    logger = logging.getLogger("hiveloop")
    logger.addHandler(handler)
    try:
        sink.become(faults.answering(503))
        emit(agent, 500)
        assert sink.wait_until(lambda s: len(s.requests) >= 3)
        sink.become(faults.healthy)
        hb.flush(20)
    finally:
        logger.removeHandler(handler)
    assert len(sink.requests) < 200
