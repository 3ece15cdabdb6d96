"""How a retried call ends: recovered, given up, failed for another reason, cancelled, or stopped on purpose."""

from __future__ import annotations

import asyncio
import functools
import gc
import threading
from typing import Any

import hiveloop
import hiveloop_tenacity
import pytest
import tenacity
from hiveloop import Intervention
from hiveloop.testing import Captured
from tenacity import AsyncRetrying, RetryError, Retrying, retry

from .scripted import Flaky, asleep, awake, data, kinds, quick

CALL = f"{Flaky.__module__}.Flaky"
ISSUE = f"retry:worker:{CALL}"


@pytest.fixture
def worker(hive: Captured) -> Any:
    """A task to work in."""
    with hiveloop.agent("worker").task("t") as task:
        yield task


def _issues(hive: Captured) -> list[dict[str, Any]]:
    return [event["payload"]["data"] for event in hive.kinds("issue")]


def _exhaust(call: Any) -> RetryError:
    with pytest.raises(RetryError) as raised:
        call()
    return raised.value


# -- recovered --


def test_recovered_after_retries(hive: Captured, worker: Any) -> None:
    hiveloop_tenacity.instrument()
    with hiveloop.agent("worker").track_context("lookup") as action:
        assert retry(**quick())(Flaky(2))() == "ok"
    (event,) = hive.kinds("recovered")
    assert (event["task_id"], event["action_id"]) == ("t", action.action_id)
    told = event["payload"]["data"]
    assert told.pop("elapsed_seconds") >= 0
    assert told == {"attempts": 3, "function": CALL}
    assert _issues(hive) == []


@pytest.mark.parametrize("end", ["return", "break", "fall through", "set result"])
def test_a_loop_left_in_any_way_has_recovered_once(hive: Captured, worker: Any, end: str) -> None:
    hiveloop_tenacity.instrument()
    flaky = Flaky(1)

    def work() -> Any:
        for attempt in Retrying(**quick()):
            with attempt:
                found = flaky()
                if end == "return":
                    return found
                if end == "break":
                    break
            if end == "set result" and not attempt.retry_state.outcome.failed:
                attempt.retry_state.set_result(found)
        return found

    assert work() == "ok"
    assert kinds(hive)[1:] == ["retry_started", "recovered"]


async def test_an_async_loop_left_by_break(hive: Captured) -> None:
    hiveloop_tenacity.instrument()
    flaky = Flaky(1)
    async for attempt in AsyncRetrying(**quick(sleep=awake)):
        with attempt:
            flaky()
            break
    assert kinds(hive) == ["retry_started", "recovered"]


def test_a_loop_that_judges_results_recovers_when_its_result_is_accepted(hive: Captured, worker: Any) -> None:
    hiveloop_tenacity.instrument()
    answers = iter([1, 2, 3])
    for attempt in Retrying(**quick(retry=tenacity.retry_if_result(lambda found: found != 3))):
        with attempt:
            found = next(answers)
        if not attempt.retry_state.outcome.failed:
            attempt.retry_state.set_result(found)
    assert kinds(hive)[1:] == ["retry_started", "retry_started", "recovered"]


def test_a_predicate_that_also_wants_no_error_is_left_to_judge(hive: Captured, worker: Any) -> None:
    """`retry_unless_exception_type` tries again after a success: that is no recovery."""
    hiveloop_tenacity.instrument(on_give_up=None)
    calls = Flaky(0)

    def work() -> None:
        for attempt in Retrying(**quick(retry=tenacity.retry_unless_exception_type(KeyError))):
            with attempt:
                calls()

    with pytest.raises(RetryError):
        work()
    assert kinds(hive)[1:] == ["retry_started", "retry_started"]


# -- given up --


def test_giving_up_opens_an_issue(hive: Captured, worker: Any) -> None:
    hiveloop_tenacity.instrument()
    _exhaust(retry(**quick())(Flaky(9)))
    (event,) = hive.kinds("issue")
    assert (event["agent_id"], event["task_id"]) == ("worker", "t")
    assert event["payload"]["summary"] == f"{CALL} gave up after 3 attempts: ConnectionError: no route 3"
    told = event["payload"]["data"]
    assert told["context"].pop("elapsed_seconds") >= 0
    assert told == {
        "severity": "high",
        "action": "reported",
        "issue_id": ISSUE,
        "category": "retries_exhausted",
        "occurrence_count": 1,
        "context": {"function": CALL, "attempts": 3, "last_error": "ConnectionError: no route 3"},
    }
    assert hive.of_type("escalated") == []


def test_the_issue_counts_and_the_next_success_resolves_it(hive: Captured, worker: Any) -> None:
    hiveloop_tenacity.instrument()
    call = retry(**quick())(Flaky(6))
    _exhaust(call)
    _exhaust(call)
    assert call() == "ok", "at the first try"
    assert call() == "ok"
    assert [(issue["action"], issue["issue_id"]) for issue in _issues(hive)] == [
        ("reported", ISSUE),
        ("reported", ISSUE),
        ("resolved", ISSUE),
    ]
    assert [issue.get("occurrence_count") for issue in _issues(hive)] == [1, 2, None]
    _exhaust(retry(**quick())(Flaky(9)))
    assert _issues(hive)[-1]["occurrence_count"] == 1, "counted anew"


def test_a_recovery_resolves_it_too(hive: Captured, worker: Any) -> None:
    hiveloop_tenacity.instrument()
    call = retry(**quick())(Flaky(4))
    _exhaust(call)
    assert call() == "ok"
    assert kinds(hive)[-3:] == ["retry_started", "recovered", "issue"]
    assert _issues(hive)[-1]["action"] == "resolved"


def test_a_loop_resolves_its_issue_at_the_first_try(hive: Captured, worker: Any) -> None:
    hiveloop_tenacity.instrument()
    flaky = Flaky(3)

    def work() -> Any:
        for attempt in Retrying(**quick()):
            with attempt:
                return flaky()

    _exhaust(work)
    assert work() == "ok"
    assert [issue["action"] for issue in _issues(hive)] == ["reported", "resolved"]


def test_functions_of_one_name_have_issues_of_their_own(hive: Captured, worker: Any) -> None:
    hiveloop_tenacity.instrument()

    def one() -> Any:
        @retry(**quick(attempts=2))
        def call() -> None:
            raise ConnectionError("down")

        return call

    def other() -> Any:
        @retry(**quick(attempts=2))
        def call() -> str:
            return "ok"

        return call

    _exhaust(one())
    assert other()() == "ok"
    assert [issue["action"] for issue in _issues(hive)] == ["reported"]
    assert _issues(hive)[0]["issue_id"].endswith("one.<locals>.call")
    assert data(hive)[0]["function"].endswith(".call")
    assert "<locals>" not in data(hive)[0]["function"], "what people read stays short"


def _calls(flaky: Any, name: str) -> Any:
    @retry(**quick(attempts=2))
    def call() -> Any:
        return name and flaky()

    return call


def test_a_closure_resolves_only_what_it_opened_itself(hive: Captured, worker: Any) -> None:
    hiveloop_tenacity.instrument()
    flaky = Flaky(4)
    mail, crm = _calls(flaky, "mail"), _calls(flaky, "crm")
    _exhaust(mail)
    _exhaust(crm)
    assert _calls(Flaky(0), "mail")() == "ok", "holds another object"
    assert _calls(flaky, "bank")() == "ok", "holds another text"
    assert crm() == "ok"
    assert [issue["action"] for issue in _issues(hive)] == ["reported", "reported"], "mail is still down"
    again = _calls(flaky, "mail")
    assert again() == "ok", "holds the same: made anew, it is the same function"
    assert [issue["action"] for issue in _issues(hive)] == ["reported", "reported", "resolved"]
    assert {issue["issue_id"] for issue in _issues(hive)} == {f"retry:worker:{__name__}._calls.<locals>.call"}


def test_what_is_gone_is_stood_for_by_its_like(hive: Captured, worker: Any) -> None:
    """A function made for each request around an object of that request will never work again itself."""
    hiveloop_tenacity.instrument()
    _exhaust(_calls(Flaky(9), "x"))
    gc.collect()
    assert _calls(Flaky(0), "x")() == "ok"
    assert [issue["action"] for issue in _issues(hive)] == ["reported", "resolved"]


def test_partials_are_told_apart_by_what_they_hold(hive: Captured, worker: Any) -> None:
    hiveloop_tenacity.instrument()

    def fetch(where: str, state: dict[str, int] = {"a": 2, "b": 0}) -> str:  # noqa: B006
        if state[where] > 0:
            state[where] -= 1
            raise ConnectionError(where)
        return where

    a, b = (retry(**quick(attempts=2))(functools.partial(fetch, where)) for where in "ab")
    _exhaust(a)
    assert b() == "b"
    assert [issue["action"] for issue in _issues(hive)] == ["reported"]
    assert a() == "a"
    assert [issue["action"] for issue in _issues(hive)] == ["reported", "resolved"]


def test_a_long_name_is_cut_without_meeting_another(hive: Captured, worker: Any) -> None:
    for end in ("a", "b"):
        hiveloop_tenacity.instrument(name=lambda state, end=end: "x" * 199 + end)
        with hiveloop.agent("w" * 200).task(end):
            _exhaust(retry(**quick(attempts=2))(Flaky(9)))
    first, second = (issue["issue_id"] for issue in _issues(hive))
    assert first != second
    assert len(first) == len(second) == 256


def test_a_stop_condition_that_cannot_be_read_costs_only_its_number(hive: Captured, worker: Any) -> None:
    class Stop(tenacity.stop_after_attempt):
        limit = 2

        @property
        def max_attempt_number(self) -> int:
            raise RuntimeError("not yet known")

        @max_attempt_number.setter
        def max_attempt_number(self, value: int) -> None:
            self.limit = value

        def __call__(self, retry_state: Any) -> bool:
            return bool(retry_state.attempt_number >= self.limit)

    hiveloop_tenacity.instrument()
    _exhaust(retry(**quick(stop=Stop(2)))(Flaky(9)))
    (told,) = data(hive)
    assert told["attempt"] == 2
    assert "max_attempts" not in told
    assert len(_issues(hive)) == 1


def test_nobody_elses_issue_is_resolved(hive: Captured, worker: Any) -> None:
    hiveloop_tenacity.instrument()
    hiveloop.agent("worker").report_issue("down", issue_id=ISSUE)
    assert retry(**quick())(Flaky(1))() == "ok"
    assert [issue["action"] for issue in _issues(hive)] == ["reported"]


def test_another_functions_success_tells_nothing(hive: Captured, worker: Any) -> None:
    hiveloop_tenacity.instrument()
    _exhaust(retry(**quick())(Flaky(9)))
    before = len(hive.events)

    @retry(**quick())
    def other() -> str:
        return "ok"

    def outside() -> None:
        assert other() == "ok"

    thread = threading.Thread(target=outside)
    thread.start()
    thread.join(timeout=10)
    assert other() == "ok"
    assert len(hive.events) == before, "nor is an agent made for it"


def test_resolving_can_be_left_to_people(hive: Captured, worker: Any) -> None:
    hiveloop_tenacity.instrument(resolve_on_recover=False)
    call = retry(**quick())(Flaky(4))
    _exhaust(call)
    assert call() == "ok"
    assert [issue["action"] for issue in _issues(hive)] == ["reported"]


def test_giving_up_can_escalate_instead(hive: Captured, worker: Any) -> None:
    hiveloop_tenacity.instrument(on_give_up="escalate", assigned_to="ops")
    _exhaust(retry(**quick())(Flaky(9)))
    (event,) = hive.of_type("escalated")
    summary = f"{CALL} gave up after 3 attempts: ConnectionError: no route 3"
    assert event["payload"] == {"summary": summary, "data": {"assigned_to": "ops", "reason": summary}}
    assert event["task_id"] == "t"
    assert _issues(hive) == []


def test_giving_up_can_be_left_to_the_error(hive: Captured, worker: Any) -> None:
    hiveloop_tenacity.instrument(on_give_up=None)
    _exhaust(retry(**quick())(Flaky(9)))
    assert kinds(hive)[1:] == ["retry_started", "retry_started"]


def test_the_users_own_error_comes_out(hive: Captured, worker: Any) -> None:
    hiveloop_tenacity.instrument()
    error = ValueError("the very one")

    def call() -> None:
        raise error

    with pytest.raises(ValueError, match="the very one") as raised:
        retry(**quick(reraise=True))(call)()
    assert raised.value is error
    assert [issue["context"]["last_error"] for issue in _issues(hive)] == ["ValueError: the very one"]
    assert _exhaust(retry(**quick())(call)).last_attempt.exception() is error


def test_an_error_class_of_the_users_own(hive: Captured, worker: Any) -> None:
    class GaveUp(RetryError):
        pass

    hiveloop_tenacity.instrument()
    with pytest.raises(GaveUp):
        retry(**quick(retry_error_cls=GaveUp))(Flaky(9))()
    assert len(_issues(hive)) == 1


@pytest.mark.parametrize("value", ["cached", None, 0, False, ""])
def test_the_value_of_a_fallback_is_preserved(hive: Captured, worker: Any, value: Any) -> None:
    hiveloop_tenacity.instrument()
    call = retry(**quick(retry_error_callback=lambda state: value))(Flaky(9))
    assert call() is value
    (issue,) = _issues(hive)
    assert (issue["severity"], issue["context"]["fallback"]) == ("medium", True)


def test_a_fallback_to_the_last_result(hive: Captured, worker: Any) -> None:
    """The usual way to keep polling without an error at the end: it gave up all the same."""
    hiveloop_tenacity.instrument()
    poll = retry(
        **quick(
            retry=tenacity.retry_if_result(lambda found: found == "pending"),
            retry_error_callback=lambda state: state.outcome.result(),
        )
    )(Flaky(0, answer="pending"))
    assert poll() == "pending"
    (issue,) = _issues(hive)
    assert issue["context"]["last_error"] == "unwanted result (str)"


def test_a_fallback_that_raises(hive: Captured, worker: Any) -> None:
    def fallback(state: Any) -> Any:
        raise KeyError("cache is empty")

    hiveloop_tenacity.instrument()
    with pytest.raises(KeyError, match="cache is empty"):
        retry(**quick(retry_error_callback=fallback))(Flaky(9))()
    assert [(issue["severity"], issue["context"].get("fallback")) for issue in _issues(hive)] == [
        ("high", None)
    ]


async def test_giving_up_in_async_functions_and_loops(hive: Captured) -> None:
    hiveloop_tenacity.instrument()
    flaky = Flaky(99)

    @retry(**quick(sleep=awake))
    async def call() -> Any:
        return flaky()

    async def loop() -> None:
        async for attempt in AsyncRetrying(**quick(sleep=awake)):
            with attempt:
                flaky()

    for work in (call, loop):
        with pytest.raises(RetryError):
            await work()
    assert [issue["context"]["function"] for issue in _issues(hive)] == [
        f"{__name__}.call",
        f"{__name__}.loop",
    ]


# -- neither --


def test_another_error_after_a_retry_is_told_by_what_it_fails(hive: Captured) -> None:
    hiveloop_tenacity.instrument()
    errors = iter([ConnectionError("once"), KeyError("then")])

    def call() -> None:
        raise next(errors)

    picky = retry(**quick(retry=tenacity.retry_if_exception_type(ConnectionError)))(call)
    with pytest.raises(KeyError), hiveloop.agent("worker").task("t"):
        picky()
    assert kinds(hive) == ["task_started", "retry_started", "task_failed"]


async def test_cancelled_while_it_waits(hive: Captured) -> None:
    hiveloop_tenacity.instrument()
    waiting = asyncio.Event()

    async def wait(seconds: float) -> None:
        waiting.set()
        await asyncio.Event().wait()

    @retry(**quick(sleep=wait))
    async def call() -> None:
        raise ConnectionError("no route")

    task = asyncio.create_task(call())
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert kinds(hive) == ["retry_started"]


def test_interrupted_in_the_second_try(hive: Captured) -> None:
    hiveloop_tenacity.instrument()
    errors = iter([ConnectionError("once"), KeyboardInterrupt()])

    def call() -> None:
        raise next(errors)

    with pytest.raises(KeyboardInterrupt):
        retry(**quick())(call)()
    assert kinds(hive) == ["retry_started"]


class Enough(Intervention):
    pass


@pytest.mark.parametrize("options", [{}, {"retry_error_callback": lambda state: "fallback"}])
def test_an_intervention_is_never_tried_again(hive: Captured, options: dict[str, Any]) -> None:
    hiveloop_tenacity.instrument()
    stop = Enough("budget")
    calls: list[int] = []

    def call() -> None:
        calls.append(1)
        raise stop

    with pytest.raises(Enough) as raised:
        retry(**quick(**options))(call)()
    assert raised.value is stop
    with pytest.raises(Enough):
        for attempt in Retrying(**quick(**options)):
            with attempt:
                call()
    assert len(calls) == 2
    assert hive.events == []


async def test_an_intervention_is_never_tried_again_async(hive: Captured) -> None:
    hiveloop_tenacity.instrument()
    calls: list[int] = []

    @retry(**quick(sleep=awake))
    async def call() -> None:
        calls.append(1)
        raise Enough

    with pytest.raises(Enough):
        await call()
    assert len(calls) == 1


# -- nothing changes --


def test_hooks_of_the_user_run_as_always(hive: Captured) -> None:
    def run() -> list[Any]:
        order: list[Any] = []

        def note(name: str) -> Any:
            return lambda state: order.append((name, state.attempt_number, round(state.idle_for, 3)))

        flaky = Flaky(1)
        call: Any = retry(
            **quick(
                before=note("before"),
                after=note("after"),
                before_sleep=note("before_sleep"),
                sleep=lambda seconds: order.append(("sleep", seconds)),
            )
        )(lambda: order.append("call") or flaky())
        call()
        statistics = dict(getattr(call, "statistics", None) or call.retry.statistics)
        for name in ("start_time", "delay_since_first_attempt"):
            statistics[name] = type(statistics[name])
        return [*order, statistics]

    bare = run()
    hiveloop_tenacity.instrument()
    assert run() == bare


@pytest.mark.parametrize("broken", ["before", "after", "before_sleep", "retry", "stop", "wait", "sleep"])
def test_a_broken_hook_of_the_user_breaks_as_always(hive: Captured, broken: str) -> None:
    def breaks(*args: Any) -> Any:
        raise ZeroDivisionError("mine")

    hiveloop_tenacity.instrument()
    with pytest.raises(ZeroDivisionError, match="mine"):
        retry(**{**quick(), broken: breaks})(Flaky(9))()
    assert _issues(hive) == []
    assert hive.kinds("recovered") == []


def test_generators_are_retried_at_their_creation_only(hive: Captured) -> None:
    hiveloop_tenacity.instrument()

    @retry(stop=tenacity.stop_after_attempt(3), sleep=asleep)
    def numbers() -> Any:
        yield 1
        raise ConnectionError("while iterating")

    with pytest.raises(ConnectionError):
        list(numbers())
    assert data(hive) == []
