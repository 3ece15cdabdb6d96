"""The decorator leaves functions what they were: values, exceptions, kinds, traceback; and reports how they ended."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import AsyncGenerator, Generator
from typing import Any

import hiveloop
import pytest
from hiveloop.testing import Captured


def endings(seen: Captured) -> list[tuple[str, str]]:
    return [(e["event_type"], e["status"]) for e in seen.of_type("action_completed", "action_failed")]


def test_function(hive: Captured) -> None:
    agent = hiveloop.agent("a")

    @agent.track("add")
    def add(one: int, two: int = 2) -> int:
        """Adds."""
        return one + two

    assert add(1, two=3) == 4
    assert (add.__name__, add.__doc__) == ("add", "Adds.")
    payload = hive.of_type("action_started")[0]["payload"]
    assert payload["action_name"] == "add"
    assert payload["function"].endswith("test_function.<locals>.add")
    assert endings(hive) == [("action_completed", "success")]


def test_the_same_exception_object_comes_out(hive: Captured) -> None:
    agent = hiveloop.agent("a")
    error = ValueError("boom")

    @agent.track("f")
    def fail() -> None:
        raise error

    with pytest.raises(ValueError, match="boom") as caught:
        fail()
    assert caught.value is error
    payload = hive.of_type("action_failed")[0]["payload"]
    assert (payload["exception_type"], payload["exception_message"]) == ("ValueError", "boom")


def test_coroutine_success_failure_and_cancellation(hive: Captured) -> None:
    agent = hiveloop.agent("a")

    @agent.track("work")
    async def work(how: str) -> str:
        if how == "fail":
            raise KeyError("k")
        if how == "hang":
            await asyncio.Event().wait()
        return how

    assert inspect.iscoroutinefunction(work)

    async def program() -> None:
        assert await work("fine") == "fine"
        with pytest.raises(KeyError):
            await work("fail")
        running = asyncio.create_task(work("hang"))
        await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(program())
    assert endings(hive) == [
        ("action_completed", "success"),
        ("action_failed", "failure"),
        ("action_completed", "cancelled"),
    ]


def test_generator_keeps_its_protocol(hive: Captured) -> None:
    agent = hiveloop.agent("a")

    @agent.track("gen")
    def talk() -> Generator[str, str, str]:
        heard = yield "hello"
        try:
            yield heard.upper()
        except KeyError:
            yield "caught"
        return "bye"

    assert inspect.isgeneratorfunction(talk)
    running = talk()
    assert next(running) == "hello"
    assert running.send("you") == "YOU"
    assert running.throw(KeyError()) == "caught"
    with pytest.raises(StopIteration) as stop:
        next(running)
    assert stop.value.value == "bye"
    abandoned = talk()
    next(abandoned)
    abandoned.close()
    assert endings(hive) == [("action_completed", "success"), ("action_completed", "abandoned")]


def test_async_generator_keeps_its_protocol(hive: Captured) -> None:
    agent = hiveloop.agent("a")
    closed: list[bool] = []

    @agent.track("agen")
    async def talk() -> AsyncGenerator[Any, Any]:
        try:
            heard = yield "hello"
            try:
                yield heard
            except KeyError:
                yield "caught"
        finally:
            closed.append(True)

    assert inspect.isasyncgenfunction(talk)

    async def program() -> None:
        running = talk()
        assert await anext(running) == "hello"
        assert await running.asend(5) == 5
        assert await running.athrow(KeyError()) == "caught"
        with pytest.raises(StopAsyncIteration):
            await anext(running)
        left = talk()
        await anext(left)
        await left.aclose()
        with pytest.raises(ZeroDivisionError):
            broken = talk()
            await anext(broken)
            await broken.athrow(ZeroDivisionError())

    asyncio.run(program())
    assert closed == [True, True, True]
    assert endings(hive) == [
        ("action_completed", "success"),
        ("action_completed", "abandoned"),
        ("action_failed", "failure"),
    ]


def test_bare_decorator_and_no_name(hive: Captured) -> None:
    agent = hiveloop.agent("a")

    @agent.track
    def bare() -> int:
        return 1

    @agent.track()
    def called() -> int:
        return 2

    assert (bare(), called()) == (1, 2)
    assert [e["payload"]["action_name"] for e in hive.of_type("action_started")] == ["bare", "called"]


def test_module_level_track_finds_the_agent_at_call_time(hive: Captured) -> None:
    @hiveloop.track("step")
    def step() -> int:
        return 7

    assert step() == 7
    assert hive.of_type("action_started") == []
    with hiveloop.agent("a").task("t"):
        assert step() == 7
    started = hive.of_type("action_started")
    assert [(e["agent_id"], e["task_id"]) for e in started] == [("a", "t")]


def test_decorated_before_init_works_after() -> None:
    agent = hiveloop.agent("early")

    @agent.track("f")
    def f() -> int:
        return 1

    assert f() == 1
    from hiveloop.testing import capture_events

    with capture_events() as seen:
        assert f() == 1
    assert [e["event_type"] for e in seen.events] == ["action_started", "action_completed"]


def test_methods_of_every_kind_stay_what_they_are(hive: Captured) -> None:
    agent = hiveloop.agent("a")

    class Worker:
        @agent.track
        @classmethod
        def of_class(cls) -> str:
            return cls.__name__

        @agent.track("named")
        @staticmethod
        def static(value: int) -> int:
            return value

        @agent.track()
        @property
        def known(self) -> int:
            """Documented."""
            return 7

    worker: Any = Worker()
    assert (Worker.of_class(), worker.of_class(), Worker.static(1), worker.static(2), worker.known) == (
        "Worker",
        "Worker",
        1,
        2,
        7,
    )
    assert Worker.known.__doc__ == "Documented."
    started = [event["payload"]["action_name"] for event in hive.of_type("action_started")]
    assert started == ["of_class", "of_class", "named", "named", "known"]


def test_what_is_no_function_is_left_as_it_is_and_said(hive: Captured, caplog: Any) -> None:
    agent = hiveloop.agent("a")
    later = functools.partialmethod(print)

    @agent.track
    class Plain:
        pass

    assert isinstance(Plain, type)
    assert agent.track("name")(later) is later
    assert agent.track(later) is later
    assert [record.args for record in caplog.records] == [("Plain",), ("partialmethod",), ("partialmethod",)]


def test_callable_objects_and_partials_are_named_and_awaited(hive: Captured) -> None:
    agent = hiveloop.agent("a")

    class Search:
        async def __call__(self) -> int:
            assert hiveloop.current_action() is not None
            return 3

    def add(one: int, two: int) -> int:
        return one + two

    search = agent.track(Search())
    assert inspect.iscoroutinefunction(search)
    assert asyncio.run(search()) == 3
    assert agent.track(functools.partial(add, 1))(2) == 3
    assert [event["payload"]["action_name"] for event in hive.of_type("action_started")] == ["Search", "add"]
