"""flush, shutdown, init: what they promise; and what is logged."""

from __future__ import annotations

import contextlib
import logging
import math
import socket
import subprocess
import sys
import threading
import time

import hiveloop
import pytest
from hiveloop import _http, _sender

from . import faults
from .fault_sink import FaultSink
from .test_faults import emit, numbers, start, warnings


def our_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("hiveloop")}


# -- flush --


def test_flush_is_true_only_when_everything_is_stored(sink: FaultSink) -> None:
    assert hiveloop.flush(1), "before init there is nothing to deliver"
    hb = hiveloop.init(endpoint=sink.endpoint, flush_interval=3600)
    assert hb.flush(0), "nothing was sent"
    agent = hb.agent("a", heartbeat_interval=0)
    sink.become(faults.black_hole)
    emit(agent, 50)
    started = time.monotonic()
    assert not hiveloop.flush(0.2)
    assert not hb.flush(0)
    assert 0.2 <= time.monotonic() - started < 2
    sink.become(faults.healthy)
    assert hb.flush(20)
    assert numbers(sink) == list(range(50))


def test_flush_waits_for_what_is_sent_before_it_not_for_what_comes_during_it(sink: FaultSink) -> None:
    sink.become(faults.slow(0.02))
    agent = start(sink)
    stop = threading.Event()

    def go_on() -> None:
        while not stop.wait(0.001):
            emit(agent, 1, first=10_000)

    emit(agent, 100)
    noise = threading.Thread(target=go_on)
    noise.start()
    try:
        assert hiveloop.flush(10)
        assert numbers(sink)[:100] == list(range(100))
    finally:
        stop.set()
        noise.join()


def test_many_threads_may_flush(sink: FaultSink) -> None:
    sink.become(faults.slow(0.05))
    agent = start(sink)
    emit(agent, 300)
    answers: list[bool] = []
    threads = [threading.Thread(target=lambda: answers.append(hiveloop.flush(20))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [True] * 8


@pytest.mark.parametrize("timeout", [None, "5", "soon", math.nan, -1, 0, math.inf, 10**400, object()])
def test_any_timeout_is_taken(sink: FaultSink, timeout: object) -> None:
    agent = start(sink)
    assert hiveloop.flush(20)
    assert hiveloop.flush(timeout) is True  # type: ignore[arg-type]
    emit(agent, 1)
    hiveloop.shutdown(timeout)  # type: ignore[arg-type]
    hiveloop.shutdown(timeout)  # type: ignore[arg-type]


# -- shutdown, init --


def test_shutdown_delivers_says_goodbye_and_ends_its_threads(sink: FaultSink) -> None:
    before = our_threads()
    hb = hiveloop.init(endpoint=sink.endpoint, flush_interval=3600)
    agent = hb.agent("a", heartbeat_interval=3600)
    hb.agent("b", heartbeat_interval=0)
    assert {thread.name for thread in our_threads() - before} == {"hiveloop-sender", "hiveloop-heartbeat"}
    emit(agent, 250)
    hiveloop.shutdown(20)
    assert numbers(sink) == list(range(250))
    assert [event["agent_id"] for event in sink.kinds("runtime")] == ["a", "b"]
    deadline = time.monotonic() + 10
    while our_threads() - before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert our_threads() <= before
    emit(agent, 5, first=900)
    hiveloop.shutdown()
    hb.shutdown()
    assert hiveloop.flush(1)
    assert len(numbers(sink)) == 250


def test_shutdown_takes_no_longer_than_it_may(sink: FaultSink, monkeypatch: pytest.MonkeyPatch) -> None:
    sink.become(faults.black_hole)
    monkeypatch.setattr("hiveloop._sender.GIVE_UP_SECONDS", 60.0)
    agent = start(sink)
    emit(agent, 300)
    started = time.monotonic()
    hiveloop.shutdown(0.3)
    assert 0.3 <= time.monotonic() - started < 2


def test_shutdown_gives_up_early_when_nothing_moves(
    sink: FaultSink, caplog: pytest.LogCaptureFixture
) -> None:
    sink.become(faults.black_hole)
    agent = start(sink)
    emit(agent, 300)
    started = time.monotonic()
    hiveloop.shutdown(60)
    assert time.monotonic() - started < 5
    assert [line for line in warnings(caplog) if "302 event(s) undelivered" in line]


def test_shutdown_goes_on_while_there_is_progress(sink: FaultSink) -> None:
    """Longer than it would wait for a single batch that does not move (0.3 s here)."""
    sink.become(faults.slow(0.1))
    agent = start(sink, batch_size=10)
    emit(agent, 100)
    hiveloop.shutdown(30)
    assert numbers(sink) == list(range(100))


def test_a_second_shutdown_waits_for_the_first(sink: FaultSink) -> None:
    sink.become(faults.slow(0.1))
    agent = start(sink, batch_size=10)
    emit(agent, 50)
    first = threading.Thread(target=hiveloop.shutdown, args=(20,))
    first.start()
    while not sink.requests:
        time.sleep(0.005)
    hiveloop.shutdown(20)
    assert numbers(sink) == list(range(50))
    first.join()


def test_a_second_init_warns_and_keeps_the_first(sink: FaultSink, caplog: pytest.LogCaptureFixture) -> None:
    first = hiveloop.init(endpoint=sink.endpoint)
    assert hiveloop.init(endpoint="http://127.0.0.1:1") is first
    assert len([line for line in warnings(caplog) if "called again" in line]) == 1


def test_init_after_shutdown_starts_afresh_with_the_same_handles(sink: FaultSink) -> None:
    with FaultSink() as second:
        agent = start(sink)
        emit(agent, 10)
        hiveloop.shutdown(20)
        emit(agent, 10, first=100)
        hb = hiveloop.init(endpoint=second.endpoint, flush_interval=0.05)
        emit(agent, 10, first=200)
        assert hb.flush(20)
        assert numbers(sink) == list(range(10))
        assert numbers(second) == list(range(200, 210))
        assert [event["agent_id"] for event in second.of_type("agent_registered")] == ["worker"]
        hiveloop.shutdown(20)


def test_init_does_no_io_and_starts_no_thread(sink: FaultSink) -> None:
    sink.close_port()
    before = our_threads()
    started = time.monotonic()
    hiveloop.init(endpoint=sink.endpoint)
    assert time.monotonic() - started < 1
    assert our_threads() <= before
    hiveloop.shutdown()
    assert sink.requests == []


def test_events_are_delivered_where_no_thread_can_be_started(
    sink: FaultSink, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A container at its limit of threads; an interpreter about to end."""
    real_start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name.startswith("hiveloop"):
            raise RuntimeError("can't start new thread")
        real_start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    agent = start(sink)
    emit(agent, 300)
    assert hiveloop.flush(20)
    assert numbers(sink) == list(range(300))
    emit(agent, 300, first=300)
    sink.become(faults.black_hole)
    started = time.monotonic()
    hiveloop.shutdown(60)
    assert time.monotonic() - started < 10
    assert len([line for line in warnings(caplog) if "no thread can be started" in line]) == 1


def test_a_sender_that_ended_unexpectedly_is_replaced(
    sink: FaultSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = start(sink)
    assert hiveloop.flush(20)
    sender = hiveloop.init()._sender

    class Fatal(BaseException):
        pass

    seen = threading.Event()
    monkeypatch.setattr(threading, "excepthook", lambda args: seen.set())

    def die() -> None:
        raise Fatal

    with monkeypatch.context() as patch:
        patch.setattr(sender, "_wait", die)
        emit(agent, 100)
        assert seen.wait(20)
    emit(agent, 100, first=100)
    assert hiveloop.flush(20)
    assert numbers(sink) == list(range(200))


def test_a_fault_of_our_own_in_a_round_loses_nothing(
    sink: FaultSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = iter(range(100))

    def broken(*args: object) -> None:
        if next(calls) < 3:
            raise ZeroDivisionError
        monkeypatch.undo()

    agent = start(sink)
    assert hiveloop.flush(20)
    monkeypatch.setattr("hiveloop._delivery.Delivery._batches", broken)
    emit(agent, 300)
    assert hiveloop.flush(20)
    assert numbers(sink) == list(range(300))


# -- debug --


def test_debug_tells_what_the_sdk_does_and_never_the_key(
    sink: FaultSink, caplog: pytest.LogCaptureFixture
) -> None:
    key = "hb_live_secret"
    logger = logging.getLogger("hiveloop")
    assert logger.level == logging.NOTSET
    sink.become(faults.in_turn(faults.answering(503), faults.poisoned("POISON")))
    agent = start(sink, debug=True, api_key=key)
    emit(agent, 10)
    agent.event("custom", {"kind": "bad", "data": "POISON"})
    hiveloop.flush(20)
    hiveloop.shutdown(20)
    lines = [r.getMessage() for r in caplog.records if r.name == "hiveloop" and r.levelno == logging.DEBUG]
    assert any(sink.endpoint in line for line in lines)
    assert any("HTTP 503" in line and "next attempt" in line for line in lines)
    assert any("sent: stored" in line for line in lines)
    assert any("rejected" in line for line in lines)
    assert key not in caplog.text
    assert logger.level == logging.NOTSET, "given back"


def test_without_debug_a_good_run_says_nothing(sink: FaultSink, caplog: pytest.LogCaptureFixture) -> None:
    agent = start(sink)
    emit(agent, 500)
    assert hiveloop.flush(20)
    hiveloop.shutdown(20)
    assert [record for record in caplog.records if record.name == "hiveloop"] == []


def test_a_collector_slower_than_the_programs_end_may_take_is_waited_for_by_hand(
    sink: FaultSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_sender, "GIVE_UP_SECONDS", 2.0)
    monkeypatch.setattr(_http, "READ_TIMEOUT_SECONDS", 10.0)
    sink.become(faults.slow(1.5))
    agent = start(sink, batch_size=100)
    emit(agent, 250)
    hiveloop.shutdown(timeout=15)
    assert numbers(sink) == list(range(250))


def test_being_asked_to_come_back_at_once_for_ever_is_not_a_reason_to_hurry(
    sink: FaultSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_sender, "FIRST_BACKOFF_SECONDS", 0.25)
    monkeypatch.setattr(_sender, "MAX_BACKOFF_SECONDS", 5.0)
    sink.become(faults.busy("0"))
    agent = start(sink)
    emit(agent, 1)
    time.sleep(2)
    assert 1 <= len(sink.requests) <= 6


def test_the_goodbye_tells_what_was_dropped(sink: FaultSink) -> None:
    sink.become(faults.black_hole)
    hb = hiveloop.init(endpoint=sink.endpoint, flush_interval=3600, max_queue_size=50)
    agent = hb.agent("worker", heartbeat_interval=0)
    emit(agent, 1_000)
    dropped = hb._buffer.dropped()
    assert dropped["queue_overflow"] > 900
    sink.become(faults.healthy)
    hiveloop.shutdown(10)
    (goodbye,) = (e for e in sink.kinds("runtime") if e["payload"]["data"]["event"] == "agent_stopped")
    assert goodbye["payload"]["hiveloop"]["dropped"] == dropped
    assert len(sink.kinds("step")) == 1_000 + 1 - dropped["queue_overflow"] - len(
        sink.of_type("agent_registered")
    ), "and that is exactly what is missing"


def test_debug_shows_lines_where_the_program_has_not_said_where_logs_go() -> None:
    program = (
        "import hiveloop; hiveloop.init(endpoint='http://127.0.0.1:9', debug=True); hiveloop.shutdown(0.1)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert "hiveloop DEBUG events go to http://127.0.0.1:9" in done.stderr
    assert done.stdout == ""


def test_an_answer_that_trickles_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_http, "_WHOLE_ANSWER_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as server:
        trickling = threading.Event()

        def trickle() -> None:
            client = server.accept()[0]
            client.recv(65_536)
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            with contextlib.suppress(OSError):
                while not trickling.wait(0.05):
                    client.sendall(b" ")
            client.close()

        thread = threading.Thread(target=trickle)
        thread.start()
        http = _http.Http(f"http://127.0.0.1:{server.getsockname()[1]}", "hb_live_x", "p")
        started = time.monotonic()
        answer = http.post(b"{}", [b"{}"])
        trickling.set()
        thread.join()
        http.close()
    assert (answer.verdict, answer.status) == ("retry", 0)
    assert time.monotonic() - started < 5
