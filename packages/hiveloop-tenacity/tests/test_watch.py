"""One function watched, after its decoration: nothing is patched, and tenacity's copies stay watched."""

from __future__ import annotations

import copy
import inspect
import pickle
from typing import Any

import hiveloop
import hiveloop_tenacity
import pytest
import tenacity
from hiveloop.testing import Captured
from tenacity import AsyncRetrying, RetryError, Retrying, retry

from .scripted import Flaky, awake, data, kinds, quick

POINTS = [
    (tenacity.BaseRetrying, "iter"),
    (AsyncRetrying, "__anext__"),
    (tenacity.AttemptManager, "__enter__"),
    (tenacity.AttemptManager, "__exit__"),
]


def _points() -> list[Any]:
    return [vars(owner)[name] for owner, name in POINTS]


def _give_up(call: Any) -> None:
    with pytest.raises(RetryError):
        call()


def test_the_whole_story_of_one_function(hive: Captured) -> None:
    before = _points()
    call: Any = retry(**quick())(Flaky(5))
    other = retry(**quick())(Flaky(2))
    assert hiveloop_tenacity.watch(call, "escalate", assigned_to="ops") is call
    with hiveloop.agent("worker").task("t"):
        _give_up(call)
        assert call() == "ok"
        assert other() == "ok"
    assert kinds(hive)[1:-1] == [
        "retry_started",
        "retry_started",
        "escalated",
        "retry_started",
        "retry_started",
        "recovered",
    ]
    assert data(hive, "escalated")[0]["assigned_to"] == "ops"
    assert _points() == before


def test_the_issue_can_be_named(hive: Captured) -> None:
    call = hiveloop_tenacity.watch(retry(**quick())(Flaky(3)), issue_id="crm-down", agent="crm")
    _give_up(call)
    assert call() == "ok"
    issues = [(event["agent_id"], event["payload"]["data"]) for event in hive.kinds("issue")]
    assert [(agent, issue["issue_id"], issue["action"]) for agent, issue in issues] == [
        ("crm", "crm-down", "reported"),
        ("crm", "crm-down", "resolved"),
    ]


def test_retry_with_keeps_the_watch(hive: Captured) -> None:
    call: Any = hiveloop_tenacity.watch(retry(**quick())(Flaky(9)))
    _give_up(call.retry_with(stop=tenacity.stop_after_attempt(2), before_sleep=None))
    assert kinds(hive) == ["retry_started", "issue"]


async def test_async_functions(hive: Captured) -> None:
    flaky = Flaky(1)

    @retry(**quick(sleep=awake))
    async def call() -> Any:
        return flaky()

    hiveloop_tenacity.watch(call)
    assert inspect.iscoroutinefunction(call)
    assert await call() == "ok"
    assert kinds(hive) == ["retry_started", "recovered"]


def test_a_retrying_object_in_a_loop(hive: Captured) -> None:
    retrying = hiveloop_tenacity.watch(Retrying(**quick()))
    flaky = Flaky(4)

    def work() -> Any:
        for attempt in retrying:
            with attempt:
                return flaky()

    _give_up(work)
    assert work() == "ok"
    assert kinds(hive)[-3:] == ["retry_started", "recovered", "issue"]
    assert data(hive)[0]["function"] == f"{__name__}.work"


async def test_a_retrying_object_in_an_async_loop(hive: Captured) -> None:
    retrying = hiveloop_tenacity.watch(AsyncRetrying(**quick(sleep=awake)))
    flaky = Flaky(1)
    async for attempt in retrying:
        with attempt:
            flaky()
            break
    assert kinds(hive) == ["retry_started", "recovered"]


def test_methods(hive: Captured) -> None:
    class Client:
        flaky = Flaky(1)

        @retry(**quick())
        def fetch(self) -> Any:
            return self.flaky()

    hiveloop_tenacity.watch(Client().fetch)
    assert Client().fetch() == "ok"
    assert data(hive)[0]["function"] == f"{__name__}.Client.fetch"


def test_watched_and_instrumented_the_own_settings_win_and_all_is_told_once(hive: Captured) -> None:
    call = retry(**quick())(Flaky(9))
    hiveloop_tenacity.watch(call, "escalate")
    hiveloop_tenacity.instrument(on_give_up="issue")
    _give_up(call)
    assert kinds(hive) == ["retry_started", "retry_started", "escalated"]
    hiveloop_tenacity.uninstrument()
    _give_up(call)
    assert kinds(hive)[3:] == ["retry_started", "retry_started", "escalated"]


def test_watching_again_changes_the_settings(hive: Captured) -> None:
    call: Any = retry(**quick(attempts=2))(Flaky(9))
    for on_give_up in ("escalate", "issue", None):
        hiveloop_tenacity.watch(call, on_give_up)  # type: ignore[arg-type]
    assert len(type(call.retry).__mro__) == len(Retrying.__mro__) + 1
    _give_up(call)
    assert kinds(hive) == ["retry_started"]


def test_it_is_still_what_it_was(hive: Captured) -> None:
    retrying = Retrying(**quick(sleep=tenacity.nap.sleep))
    shown = repr(retrying).partition(" object")[0]
    hiveloop_tenacity.watch(retrying)
    assert isinstance(retrying, Retrying)
    assert repr(retrying).startswith(shown)
    assert isinstance(retrying.copy(), Retrying)
    assert type(copy.copy(retrying)) is Retrying


@pytest.mark.skipif(not hasattr(tenacity.BaseRetrying, "__setstate__"), reason="tenacity before 9.2")
def test_it_can_still_be_pickled(hive: Captured) -> None:
    retrying = hiveloop_tenacity.watch(Retrying(stop=tenacity.stop_after_attempt(3)))
    again = pickle.loads(pickle.dumps(retrying))
    assert type(again) is Retrying
    assert again.stop.max_attempt_number == 3


def test_a_subclass_of_the_programs_own(hive: Captured) -> None:
    class Patient(Retrying):
        begun = 0

        def begin(self) -> None:
            type(self).begun += 1
            super().begin()

    call = hiveloop_tenacity.watch(Patient(**quick()).wraps(Flaky(1)))
    assert call() == "ok"
    assert kinds(hive) == ["retry_started", "recovered"]


@pytest.mark.parametrize("target", [len, None, "call", Flaky(0), tenacity.retry_if_result])
def test_what_cannot_be_watched_is_refused(target: Any) -> None:
    with pytest.raises(hiveloop.HiveLoopConfigError, match=r"decorated with tenacity\.retry"):
        hiveloop_tenacity.watch(target)
