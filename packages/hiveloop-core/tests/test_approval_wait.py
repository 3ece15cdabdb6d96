"""Waiting for a decision made at the collector: released by it, by time, by shutdown; never by an error of the transport."""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import threading
import time
from collections.abc import Callable
from urllib.parse import unquote

import hiveloop
import pytest
from hiveloop import _approval_wait, _safety
from hiveloop._decision import Decision
from hiveloop._runtime import runtime
from hiveloop.testing import capture_events

from . import faults
from .fault_sink import FaultSink
from .faults import Behaviour, Reply, Request

PENDING = {"status": "pending"}
APPROVED = {"status": "approved", "decision": "approved", "approved_by": "jane", "decision_reason": "fine"}


def body(answer: dict[str, str | None], status: int = 200) -> Reply:
    return Reply(status, json.dumps(answer).encode())


class Desk:
    """Answers questions about approvals with ``replies`` in turn (the last one for ever), and stores what is sent."""

    def __init__(self, *replies: Reply | Behaviour) -> None:
        self.replies = list(replies)
        self.asked: list[Request] = []

    def __call__(self, request: Request) -> Reply:
        if request.method != "GET":
            return faults.healthy(request)
        self.asked.append(request)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        return reply if isinstance(reply, Reply) else reply(request)


@pytest.fixture(autouse=True)
def _quick_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_approval_wait, "FIRST_BACKOFF_SECONDS", 0.01)
    monkeypatch.setattr(_approval_wait, "MAX_BACKOFF_SECONDS", 0.05)


@pytest.fixture
def task(sink: FaultSink) -> hiveloop.Task:
    hiveloop.init(endpoint=sink.endpoint, flush_interval=60)
    return hiveloop.agent("desk", heartbeat_interval=0).start_task("refund")


def ask(task: hiveloop.Task, sink: FaultSink, *replies: Reply | Behaviour) -> tuple[str, Desk]:
    desk = Desk(*replies)
    sink.become(desk)
    return task.request_approval("Pay 84 EUR?", approver="ops"), desk


def test_the_decision_comes_back_with_who_made_it(task: hiveloop.Task, sink: FaultSink) -> None:
    name, desk = ask(task, sink, body(APPROVED))
    decision = task.wait_for_approval(name, timeout=10)
    assert decision == "approved"
    assert isinstance(decision, Decision)
    assert (decision.is_approved, decision.approved_by, decision.reason) == (True, "jane", "fine")
    (question,) = desk.asked
    assert question.path == f"/v1/approvals/{name}?wait={int(min(30, 9))}"
    assert question.headers["authorization"].startswith("Bearer hb_")
    # The collector had the request before it was asked about it.
    stored_at = [event["event_type"] for event in sink.events].index("approval_requested")
    assert sink.events[stored_at]["payload"]["data"]["approval_id"] == name
    assert [request.method for request in sink.requests].index("GET") > 0


def test_no_second_event_tells_the_decision(task: hiveloop.Task, sink: FaultSink) -> None:
    first, _ = ask(task, sink, body(APPROVED))
    assert task.wait_for_approval(first, 10) == "approved"
    task.approval_received(approved_by="jane")
    task.event("approval_received", {"data": {"approval_id": first, "decision": "approved"}})
    second = task.request_approval("Another?")
    task.approval_received(approved_by="joe", decision="rejected")
    assert hiveloop.flush()
    told = [event["payload"]["data"] for event in sink.of_type("approval_received")]
    assert [(data["approval_id"], data["decision"]) for data in told] == [(second, "rejected")]


def test_another_decision_than_the_one_at_the_collector_is_about_another_request(
    task: hiveloop.Task, sink: FaultSink
) -> None:
    first, _ = ask(task, sink, body(APPROVED))
    assert task.wait_for_approval(first, 10) == "approved"
    second = task.request_approval("Another?")
    task.approval_received(decision="rejected")
    assert hiveloop.flush()
    (told,) = sink.of_type("approval_received")
    assert told["payload"]["data"]["approval_id"] == second


@pytest.mark.parametrize("decision", ["rejected", "answered", "withdrawn"])
def test_other_decisions(task: hiveloop.Task, sink: FaultSink, decision: str) -> None:
    status = "rejected" if decision == "rejected" else "answered"
    name, _ = ask(task, sink, body({"status": status, "decision": decision}))
    got = task.wait_for_approval(name, 10)
    assert got == decision
    assert got is not None
    assert not got.is_approved


@pytest.mark.parametrize(
    "trouble",
    [
        faults.answering(500),
        faults.answering(503),
        faults.busy("0"),
        faults.busy(),
        faults.reset(stores=False),
        lambda request: body(APPROVED)._replace(fate=faults.CUT),
        lambda request: Reply(200, b"<html>Please sign in</html>"),
        lambda request: body({"status": "something new"}),
        lambda request: body({"error": "approval_not_found"}, 404),
        lambda request: body(PENDING),
        lambda request: body({"status": "lost"}),
    ],
)
def test_trouble_on_the_way_is_waited_out(task: hiveloop.Task, sink: FaultSink, trouble: Behaviour) -> None:
    name, desk = ask(task, sink, trouble, trouble, trouble, body(APPROVED))
    assert task.wait_for_approval(name, 20) == "approved"
    assert len(desk.asked) == 4


def test_a_collector_that_restarts_is_waited_out(task: hiveloop.Task, sink: FaultSink) -> None:
    name, _ = ask(task, sink, faults.black_hole)
    decisions: list[Decision | None] = []
    waiting = threading.Thread(target=lambda: decisions.append(task.wait_for_approval(name, 20)))
    waiting.start()
    assert sink.wait_until(lambda at: any(request.method == "GET" for request in at.requests))
    sink.become(Desk(body(APPROVED)))
    sink.close_port()
    sink.open_port()
    waiting.join(10)
    assert decisions == ["approved"]


def test_what_could_not_be_delivered_before_is_delivered_while_it_waits(
    task: hiveloop.Task, sink: FaultSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_approval_wait, "DELIVERY_SECONDS", 0.1)
    name = task.request_approval("Pay?")

    def behave(request: Request) -> Reply:
        if request.method != "GET":
            return faults.healthy(request)
        known = any(
            name == event["payload"]["data"].get("approval_id")
            for event in sink.of_type("approval_requested")
        )
        return body(APPROVED) if known else body({"error": "approval_not_found"}, 404)

    sink.become(faults.answering(503))
    threading.Timer(0.5, lambda: sink.become(behave)).start()
    assert task.wait_for_approval(name, 20) == "approved"


@pytest.mark.parametrize("status", [404, 405, 501, 401, 403, 400, 302])
def test_a_collector_that_does_not_know_approvals_is_not_waited_for(
    task: hiveloop.Task, sink: FaultSink, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    name, desk = ask(task, sink, body({"error": "not_found"}, status))
    assert task.wait_for_approval(name, 60) is None
    assert len(desk.asked) == 1
    assert f"HTTP {status}" in caplog.text


def test_a_request_whose_run_ended_is_not_waited_for(task: hiveloop.Task, sink: FaultSink) -> None:
    name, desk = ask(task, sink, body({"status": "expired"}))
    assert task.wait_for_approval(name) is None
    assert len(desk.asked) == 1


def test_a_request_that_never_arrives_is_given_up(
    task: hiveloop.Task, sink: FaultSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_approval_wait, "UNKNOWN_SECONDS", 0.2)
    name, desk = ask(task, sink, body({"error": "approval_not_found"}, 404))
    assert task.wait_for_approval(name) is None
    assert len(desk.asked) > 2


def test_time_is_up(task: hiveloop.Task, sink: FaultSink) -> None:
    name, desk = ask(task, sink, body(PENDING))
    began = time.monotonic()
    assert task.wait_for_approval(name, timeout=0.5) is None
    assert 0.4 < time.monotonic() - began < 3
    assert desk.asked
    count = len(desk.asked)
    assert task.wait_for_approval(name, timeout=0) is None
    assert len(desk.asked) == count + 1


def test_nothing_is_waited_for_without_a_client() -> None:
    task = hiveloop.agent("desk").start_task()
    assert task.wait_for_approval("a") is None
    assert asyncio.run(task.wait_for_approval_async("a")) is None
    with capture_events():
        assert task.wait_for_approval("a") is None


def hostile() -> list[object]:
    class Unshowable:
        def __str__(self) -> str:
            raise RuntimeError

    return [None, "", 7, Unshowable(), b"x", "a/../b", "x" * 5_000, "\ud800", "..", "a b?c#d"]


def test_no_argument_makes_it_raise(task: hiveloop.Task, sink: FaultSink) -> None:
    _, desk = ask(task, sink, body(APPROVED))
    for name in hostile():
        task.wait_for_approval(name, "soon")  # type: ignore[arg-type]
        task.wait_for_approval(name, float("nan"))  # type: ignore[arg-type]
    paths = [unquote(request.path) for request in desk.asked]
    assert "/v1/approvals/a/../b" in {path.partition("?wait")[0] for path in paths}
    _safety.swallowed.clear()


def released(
    wait: Callable[[], object], release: Callable[[], object], sink: FaultSink
) -> tuple[list[object], float]:
    got: list[object] = []
    ended: list[float] = []

    def run() -> None:
        got.append(wait())
        ended.append(time.monotonic())

    thread = threading.Thread(target=run)
    thread.start()
    assert sink.wait_until(lambda at: any(request.method == "GET" for request in at.requests))
    began = time.monotonic()
    release()
    thread.join(10)
    assert not thread.is_alive()
    return got, ended[0] - began


def test_shutdown_releases_at_once(task: hiveloop.Task, sink: FaultSink) -> None:
    name, _ = ask(task, sink, faults.black_hole)
    got, took = released(lambda: task.wait_for_approval(name), lambda: hiveloop.shutdown(2), sink)
    assert got == [None]
    assert took < 1.0


def test_shutdown_releases_coroutines_too(task: hiveloop.Task, sink: FaultSink) -> None:
    name, _ = ask(task, sink, faults.black_hole)
    got, took = released(
        lambda: asyncio.run(task.wait_for_approval_async(name)), lambda: hiveloop.shutdown(2), sink
    )
    assert got == [None]
    assert took < 1.0


async def test_the_event_loop_goes_on(task: hiveloop.Task, sink: FaultSink) -> None:
    turned = asyncio.Event()

    def when_turned(request: Request) -> Reply:
        # Answers only once the loop, whose coroutine waits, has done something else.
        return body(APPROVED if turned.is_set() else PENDING)

    name, _ = ask(task, sink, when_turned)
    waiting = asyncio.create_task(task.wait_for_approval_async(name, 20))
    await asyncio.to_thread(sink.wait_until, lambda at: any(one.method == "GET" for one in at.requests))
    turned.set()
    assert await waiting == "approved"


async def test_cancelling_a_coroutine_ends_its_wait(task: hiveloop.Task, sink: FaultSink) -> None:
    name, _ = ask(task, sink, faults.black_hole)
    waiting = asyncio.create_task(task.wait_for_approval_async(name))
    await asyncio.to_thread(sink.wait_until, lambda at: any(one.method == "GET" for one in at.requests))
    (thread,) = [one for one in threading.enumerate() if one.name == "hiveloop-approval"]
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.to_thread(thread.join, 5)
    assert not thread.is_alive()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_child_does_not_end_the_waits_of_its_parent(task: hiveloop.Task, sink: FaultSink) -> None:
    name, _ = ask(task, sink, faults.black_hole)

    def fork_and_stop() -> None:
        child = os.fork()
        if child == 0:
            try:
                hiveloop.shutdown(1)
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        assert sink.wait_until(lambda at: True)
        sink.become(Desk(body(APPROVED)))

    got, _ = released(lambda: task.wait_for_approval(name, 20), fork_and_stop, sink)
    assert got == ["approved"]
    # One question hung and was dropped by the switch; had the child cut it, there would be one more.
    assert len([one for one in sink.requests if one.method == "GET"]) == 2


def test_the_client_waits_for_requests_of_adapters(sink: FaultSink) -> None:
    board = hiveloop.init(endpoint=sink.endpoint)
    sink.become(Desk(body(APPROVED)))
    assert board.wait_for_approval("interrupt-1", 10) == "approved"
    assert asyncio.run(board.wait_for_approval_async("interrupt-1", 10)) == "approved"


def test_a_decision_is_a_text_that_survives_a_trip() -> None:
    decision = Decision("approved", "jane", "fine")
    again = pickle.loads(pickle.dumps(decision))
    assert (again, again.approved_by, again.reason) == ("approved", "jane", "fine")
    assert json.dumps(decision) == '"approved"'


def test_what_is_remembered_of_decisions_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_approval_wait, "_MAX_SETTLED", 3)
    monkeypatch.setattr(runtime, "settled_approvals", {})
    for number in range(10):
        _approval_wait._settle(f"a{number}", "approved")
    assert list(runtime.settled_approvals) == ["a7", "a8", "a9"]
