"""The test kit itself: captures, determinism, and errors that do not stay hidden."""

from __future__ import annotations

import hiveloop
import pytest
from hiveloop import _safety
from hiveloop.testing import Captured, capture_events

pytest_plugins = ["pytester"]


def test_capture_works_without_init_and_hides_nothing() -> None:
    with capture_events() as seen:
        with hiveloop.agent("a").task("t"):
            pass
        assert len(seen.events) == 3
    assert [e["event_type"] for e in seen.events] == ["agent_registered", "task_started", "task_completed"]
    assert {e["agent_id"] for e in seen.events} == {"a"}


def test_captures_nest_and_give_back_what_ran_before() -> None:
    agent = hiveloop.agent("a")
    with capture_events() as outer:
        agent.event("custom", {"kind": "before"})
        with capture_events() as inner:
            agent.event("custom", {"kind": "inside"})
        agent.event("custom", {"kind": "after"})
    assert [e["payload"]["kind"] for e in outer.of_type("custom")] == ["before", "after"]
    assert [e["payload"]["kind"] for e in inner.of_type("custom")] == ["inside"]


def test_init_inside_a_capture_does_not_send_and_takes_effect_after_it() -> None:
    with capture_events() as seen:
        hiveloop.init(endpoint="http://127.0.0.1:9")
        with hiveloop.agent("a").task("t"):
            pass
    assert len(seen.of_type("task_completed")) == 1
    from hiveloop._runtime import runtime

    assert runtime.session is not None
    assert runtime.session.buffer.appended == 0
    hiveloop.agent("a").event("custom", {"kind": "k"})
    assert runtime.session.buffer.appended == 2  # registered anew, then the event


def test_hive_is_deterministic(hive: Captured) -> None:
    with hiveloop.agent("a").task("t", task_run_id="r"):
        pass
    assert [e["event_id"][-4:] for e in hive.events] == ["0001", "0002", "0003"]
    assert hive.events[0]["timestamp"].startswith("2026-01-01T00:00:00.")


def test_hive_raises_what_was_swallowed(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import hiveloop
        from hiveloop._safety import contained

        @contained
        def broken():
            raise LookupError("hidden")

        def test_it(hive):
            broken()
        """
    )
    result = pytester.runpytest("-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:asyncio")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*LookupError: hidden*"])


def test_contained_keeps_signature_and_lets_the_asked_for_through() -> None:
    @_safety.contained
    def shout(word: str, *rest: str, loud: bool = True, **more: int) -> str:
        """Doc."""
        if word == "stop":
            raise hiveloop.Intervention("stop")
        if word == "bad":
            raise hiveloop.HiveLoopConfigError("bad")
        if word == "exit":
            raise KeyboardInterrupt
        return f"{word}{rest}{loud}{more}"

    assert shout("a", "b", loud=False, x=1) == "a('b',)False{'x': 1}"
    assert shout.__doc__ == "Doc."
    for word, error in (("stop", hiveloop.Intervention), ("bad", hiveloop.HiveLoopConfigError)):
        with pytest.raises(error):
            shout(word)
    with pytest.raises(KeyboardInterrupt):
        shout("exit")


def test_contained_refuses_what_it_cannot_guard() -> None:
    async def coroutine() -> None: ...

    def generator():  # type: ignore[no-untyped-def]
        yield 1

    for fn in (coroutine, generator):
        with pytest.raises(TypeError, match="unguarded"):
            _safety.contained(fn)
