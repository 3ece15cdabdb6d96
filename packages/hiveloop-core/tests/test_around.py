"""What programs do around the SDK: stop the clock, time out by signal, copy handles, send from a middleware."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
import signal
import sys
import threading
import time
import types
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any

import hiveloop
import pytest
from hiveloop import _safety, _scope
from hiveloop.events import Event
from hiveloop.testing import Captured, capture_events

from .fault_sink import FaultSink


class LateError(Exception):
    """What a timeout of the program raises."""


@contextmanager
def raising(handler: Callable[..., Any]) -> Iterator[Callable[[], None]]:
    """Within, a call of what this gives is interrupted by this handler."""
    before = signal.signal(signal.SIGUSR1, handler)
    try:
        yield lambda: signal.raise_signal(signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, before)


def late(*_: Any) -> None:
    raise LateError


# -- time --


def test_a_stopped_clock_does_not_keep_a_flush_or_a_shutdown_from_giving_up(
    quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultSink() as sink:
        sink.close_port()
        hiveloop.init(endpoint=sink.endpoint)
        hiveloop.agent("a").report_issue("kept")
        monkeypatch.setattr(time, "monotonic", lambda: 5.0)
        ended = threading.Event()

        def wait() -> None:
            assert not hiveloop.flush(0.1)
            hiveloop.shutdown(0.1)
            ended.set()

        threading.Thread(target=wait, daemon=True).start()
        assert ended.wait(20)


def test_a_clock_that_raises_does_not_reach_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("replaced")

    agent = hiveloop.agent("a")
    with capture_events() as seen:
        for name in ("time_ns", "strftime", "gmtime"):
            monkeypatch.setattr(time, name, broken)
        with agent.task():
            pass
        monkeypatch.undo()
    assert [event["event_type"] for event in seen.events] == ["task_started", "task_completed"]
    assert abs(int(seen.events[-1]["timestamp"][:4]) - time.gmtime().tm_year) <= 1


# -- signals --


class Handler:
    """A handler that is an object."""

    def __call__(self, *_: Any) -> None:
        raise LateError


@pytest.mark.parametrize("handler", [late, Handler(), Handler().__call__])
def test_what_a_signal_handler_raises_inside_of_the_sdk_reaches_the_program(
    handler: Callable[..., Any],
) -> None:
    with raising(handler) as strike, capture_events():
        inside: list[Callable[[], Any]] = [
            _safety.contained(strike),
            lambda: _safety.attempt(strike, "here"),
            lambda: _safety.guarded(strike, None),
        ]
        for call in inside:
            with pytest.raises(LateError):
                call()
    assert not _safety.swallowed


def test_of_other_errors_nothing_comes_out_while_there_are_handlers() -> None:
    with raising(late):
        assert _safety.contained(lambda: 1 // 0)() is None  # type: ignore[func-returns-value]
        assert _safety.guarded(lambda: 1 // 0, 7) == 7
    assert list(_safety.swallowed.values()) == [1]


@pytest.mark.parametrize("what", ["task", "action"])
def test_a_block_that_was_not_entered_for_a_signal_is_ended(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = hiveloop.agent("a")
    block: Any = agent.task("t") if what == "task" else agent.track_context("step")
    enter = _scope.enter

    def interrupted(*given: Any) -> Any:
        scope = enter(*given)
        monkeypatch.undo()
        handle: Any = block
        handle._scope = scope
        strike()
        return scope

    with raising(late) as strike, capture_events() as seen:
        monkeypatch.setattr(_scope, "enter", interrupted)
        with pytest.raises(LateError), block:
            raise AssertionError("entered")
        assert _scope.current() is None
    assert [event.get("status") for event in seen.events][-1] == "failure"


# -- copies --


def test_a_copy_of_a_handle_is_the_handle(hive: Captured) -> None:
    agent = hiveloop.agent("a", type="sales", version="2")
    with agent.task("t") as task, agent.track_context("step") as step:
        state = {"agent": agent, "task": task, "step": step}
        deep = copy.deepcopy(state)
        assert all(deep[name] is handle is copy.copy(handle) for name, handle in state.items())
        assert pickle.loads(pickle.dumps(agent)) is agent
    assert len(hive.of_type("task_completed", "action_completed", "agent_registered")) == 3


def _work(task: hiveloop.Task, step: hiveloop.Action, endpoint: str) -> tuple[bool, str | None]:
    """In a process of its own."""
    hiveloop.init(endpoint=endpoint)
    task.llm_call("elsewhere", model="m", tokens_in=1)
    task.complete()
    known = hiveloop.agent(task.agent.agent_id)
    hiveloop.shutdown()
    return known is task.agent and known is step.agent, step.action_id


def test_a_handle_sent_to_another_process_tells_of_the_same_run_and_does_not_end_it(sink: FaultSink) -> None:
    hiveloop.init(endpoint=sink.endpoint)
    agent = hiveloop.agent("a", type="sales")
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        with agent.task("t", project="p") as task, agent.track_context("step") as step:
            assert pool.submit(_work, task, step, sink.endpoint).result(60) == (True, step.action_id)
    hiveloop.shutdown()
    (call,) = sink.kinds("llm_call")
    (started,) = sink.of_type("task_started")
    for field in ("task_id", "task_run_id", "project_id", "agent_id"):
        assert call[field] == started[field]
    assert len(sink.of_type("task_completed")) == 1


# -- a handle entered again --


def test_an_action_entered_again_while_it_is_open_is_another_one_inside(hive: Captured) -> None:
    agent = hiveloop.agent("a")
    step = agent.track_context("step")
    with step as outer, step as inner, step as innermost:
        innermost.set_payload({"depth": 3})
    assert hiveloop.current_action() is None
    ids = [outer.action_id, inner.action_id, innermost.action_id]
    assert [event["action_id"] for event in hive.of_type("action_started")] == ids
    assert [event["parent_action_id"] for event in hive.of_type("action_started")[1:]] == ids[:2]
    assert [event["action_id"] for event in hive.of_type("action_completed")] == ids[::-1]
    assert hive.of_type("action_completed")[0]["payload"]["depth"] == 3


def test_an_action_shared_by_threads_ends_in_each_what_began_there(hive: Captured) -> None:
    agent = hiveloop.agent("a")
    step = agent.track_context("step")
    entered = threading.Barrier(2)

    def work(name: str) -> None:
        with agent.task(name):
            with step:
                entered.wait(10)
            entered.wait(10)

    threads = [threading.Thread(target=work, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    begun = {event["action_id"]: event["task_id"] for event in hive.of_type("action_started")}
    done = {event["action_id"]: event["task_id"] for event in hive.of_type("action_completed")}
    assert begun == done
    assert sorted(begun.values()) == ["one", "two"]


# -- half imported modules --


def test_a_failure_while_asyncio_is_being_imported_is_the_programs_own(
    hive: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = hiveloop.agent("a")

    def items() -> Iterator[int]:
        with agent.track_context("in a generator"):
            yield 1

    monkeypatch.setitem(sys.modules, "asyncio", types.ModuleType("asyncio"))
    monkeypatch.setitem(sys.modules, "concurrent.futures", types.ModuleType("concurrent.futures"))
    with pytest.raises(ValueError, match="mine"), agent.task("t"):
        for _ in items():
            hiveloop.propagate(list)()
        with agent.track_context("step"):
            raise ValueError("mine")
    assert len(hive.of_type("action_completed")) == 1
    assert [event["event_type"] for event in hive.events][-2:] == ["action_failed", "task_failed"]


# -- middleware that sends --


def test_a_middleware_that_sends_is_heard_and_comes_to_an_end() -> None:
    agent = hiveloop.agent("a")

    def talkative(event: Event) -> Event:
        with agent.track_context("looked at"):
            pass
        return event

    def redacting(event: Event) -> Event:
        if isinstance(event.payload, dict) and "action_name" in event.payload:
            event.payload["action_name"] = "***"
        return event

    with capture_events(middleware=[talkative, redacting]) as seen:
        with agent.task("t"):
            pass
    assert len(seen.of_type("task_started", "task_completed")) == 2
    inside = seen.of_type("action_started", "action_completed")
    assert inside
    assert {event["payload"]["action_name"] for event in inside} == {"***"}
    # Both events of the task send two each; each of those would send two more.
    assert len(inside) == 4
    assert not _safety.swallowed


def test_what_a_middleware_sends_without_end_is_counted(sink: FaultSink) -> None:
    def talkative(event: Event) -> Event:
        hiveloop.agent("b").report_issue("seen")
        return event

    hiveloop.init(endpoint=sink.endpoint, middleware=[talkative])
    hiveloop.agent("a").report_issue("one")
    assert hiveloop.flush(10)
    told = [event["payload"]["summary"] for event in sink.kinds("issue")]
    hiveloop.shutdown()
    (goodbye,) = [event for event in sink.kinds("runtime") if event["agent_id"] == "a"]
    assert told.count("one") == 1
    assert goodbye["payload"]["hiveloop"]["dropped"]["middleware_recursion"] >= told.count("seen") > 0
