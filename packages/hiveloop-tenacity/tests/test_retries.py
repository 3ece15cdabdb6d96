"""Each retry is told once, where it happens, whichever way tenacity is used."""

from __future__ import annotations

import asyncio
from typing import Any

import hiveloop
import hiveloop_tenacity
import pytest
import tenacity
from hiveloop.testing import Captured, capture_events
from hiveloop_tenacity import _report
from hiveloop_tenacity._pace import MAX_PER_MINUTE, Pace
from tenacity import AsyncRetrying, RetryError, Retrying, retry

from .scripted import Flaky, asleep, awake, data, kinds, quick

HERE = __name__


def test_a_retry_says_what_is_tried_again_when_and_why(hive: Captured) -> None:
    flaky = Flaky(2)

    @retry(**quick(before_sleep=hiveloop_tenacity.before_sleep))
    def call_api() -> Any:
        return flaky()

    with (
        hiveloop.agent("worker").task("t") as task,
        hiveloop.agent("worker").track_context("lookup") as action,
    ):
        assert call_api() == "ok"
    first, second = hive.of_type("retry_started")
    for event in (first, second):
        assert (event["agent_id"], event["task_id"], event["task_run_id"]) == (
            "worker",
            "t",
            task.task_run_id,
        )
        assert event["action_id"] == action.action_id
    told = first["payload"]["data"]
    assert told.pop("elapsed_seconds") >= 0
    assert told == {
        "attempt": 2,
        "function": f"{HERE}.call_api",
        "backoff_seconds": 1.5,
        "reason": "ConnectionError: no route 1",
        "max_attempts": 3,
        "idle_seconds": 0.0,
    }
    again = second["payload"]["data"]
    assert (again["attempt"], again["reason"], again["idle_seconds"]) == (
        3,
        "ConnectionError: no route 2",
        1.5,
    )
    assert second["payload"]["summary"] == f"Attempt 3 of {HERE}.call_api"


def test_functions_decorated_before_are_seen(hive: Captured) -> None:
    call = retry(**quick())(Flaky(1))
    hiveloop_tenacity.instrument()
    assert call() == "ok"
    assert [retry["attempt"] for retry in data(hive)] == [2]


async def test_async_functions(hive: Captured) -> None:
    hiveloop_tenacity.instrument()
    flaky = Flaky(2)

    @retry(**quick(sleep=awake))
    async def call_api() -> Any:
        return flaky()

    agent = hiveloop.agent("worker")
    async with agent.task("t"):
        assert await call_api() == "ok"
    assert [(retry["attempt"], retry["function"]) for retry in data(hive)] == [
        (2, f"{HERE}.call_api"),
        (3, f"{HERE}.call_api"),
    ]
    assert {event["task_id"] for event in hive.of_type("retry_started")} == {"t"}


async def test_an_explicit_hook_on_an_async_function(hive: Captured) -> None:
    flaky = Flaky(1)

    @retry(**quick(sleep=awake, before_sleep=hiveloop_tenacity.before_sleep))
    async def call_api() -> Any:
        return flaky()

    assert await call_api() == "ok"
    assert len(data(hive)) == 1


def test_a_loop_is_named_after_the_function_it_stands_in(hive: Captured) -> None:
    hiveloop_tenacity.instrument()
    flaky = Flaky(1)

    def fetch_all() -> Any:
        for attempt in Retrying(**quick()):
            with attempt:
                flaky()

    fetch_all()
    assert [retry["function"] for retry in data(hive)] == [f"{HERE}.fetch_all"]


def test_a_loop_with_an_explicit_hook_is_named_too(hive: Captured) -> None:
    flaky = Flaky(1)

    def own_hook(state: Any) -> None:
        hiveloop_tenacity.before_sleep(state)

    def fetch_all() -> Any:
        for attempt in Retrying(**quick(before_sleep=own_hook)):
            with attempt:
                return flaky()

    assert fetch_all() == "ok"
    assert [retry["function"] for retry in data(hive)] == [f"{HERE}.fetch_all"]


async def test_an_async_loop(hive: Captured) -> None:
    hiveloop_tenacity.instrument()
    flaky = Flaky(2)

    async def fetch_all() -> Any:
        async for attempt in AsyncRetrying(**quick(sleep=awake)):
            with attempt:
                return flaky()

    assert await fetch_all() == "ok"
    assert [(retry["function"], retry["attempt"]) for retry in data(hive)] == [
        (f"{HERE}.fetch_all", 2),
        (f"{HERE}.fetch_all", 3),
    ]
    assert kinds(hive)[-1] == "recovered"


@pytest.mark.skipif(not hasattr(tenacity.AttemptManager, "__aenter__"), reason="tenacity before 9.1")
async def test_an_async_loop_with_async_blocks(hive: Captured) -> None:
    hiveloop_tenacity.instrument()
    flaky = Flaky(1)

    async def fetch_all() -> Any:
        async for attempt in AsyncRetrying(**quick(sleep=awake)):
            async with attempt:  # type: ignore[attr-defined, unused-ignore]
                return flaky()

    assert await fetch_all() == "ok"
    assert kinds(hive) == ["retry_started", "recovered"]


def test_retry_with_and_called_directly(hive: Captured) -> None:
    hiveloop_tenacity.instrument()
    call: Any = retry(**quick())(Flaky(9))
    with pytest.raises(RetryError):
        call.retry_with(stop=tenacity.stop_after_attempt(2))()
    assert [retry["max_attempts"] for retry in data(hive)] == [2]
    assert Retrying(**quick())(Flaky(1)) == "ok"
    assert len(data(hive)) == 2


@pytest.mark.parametrize("also", ["instrument", "watch", "both"])
def test_a_hook_and_an_observation_tell_a_retry_once(hive: Captured, also: str) -> None:
    call = retry(**quick(before_sleep=hiveloop_tenacity.before_sleep))(Flaky(2))
    if also in ("instrument", "both"):
        hiveloop_tenacity.instrument()
    if also in ("watch", "both"):
        hiveloop_tenacity.watch(call)
    assert call() == "ok"
    assert kinds(hive) == ["retry_started", "retry_started", "recovered"]


def test_a_first_try_is_silent_however_it_ends(hive: Captured) -> None:
    hiveloop_tenacity.instrument()
    assert retry(**quick())(Flaky(0))() == "ok"
    with pytest.raises(RetryError):
        retry(**quick(attempts=1))(Flaky(1))()
    picky = retry(**quick(retry=tenacity.retry_if_exception_type(KeyError)))(Flaky(1))
    with pytest.raises(ConnectionError):
        picky()
    for attempt in Retrying(**quick()):
        with attempt:
            break
    assert hive.events == []


def test_an_unwanted_result_is_named_by_its_type_only(hive: Captured) -> None:
    hiveloop_tenacity.instrument()
    answers = iter([{"secret": "s3cret"}, "fine"])
    poll = retry(**quick(retry=tenacity.retry_if_result(lambda found: found != "fine")))(
        lambda: next(answers)
    )
    assert poll() == "fine"
    assert [retry["reason"] for retry in data(hive)] == ["unwanted result (dict)"]
    assert b"s3cret" not in hive.raw


def test_try_again_names_its_cause(hive: Captured) -> None:
    hiveloop_tenacity.instrument()
    flaky = Flaky(1, TimeoutError)

    def call() -> Any:
        try:
            return flaky()
        except TimeoutError:
            raise tenacity.TryAgain from None

    assert retry(**quick())(call)() == "ok"
    assert [retry["reason"] for retry in data(hive)] == ["TryAgain after TimeoutError: no route 1"]


def test_arguments_are_never_sent(hive: Captured) -> None:
    hiveloop_tenacity.instrument()
    call = retry(**quick())(Flaky(5))
    with pytest.raises(RetryError):
        call("pa55word", token="pa55word")
    assert b"pa55word" not in hive.raw


@pytest.mark.parametrize("how", ["option", "init"])
def test_without_content_errors_are_types_only(how: str) -> None:
    hiveloop_tenacity.instrument(capture_content=how != "option")
    with capture_events(capture_content=how != "init") as seen:
        with pytest.raises(RetryError):
            retry(**quick())(Flaky(5))()
    assert {retry["reason"] for retry in data(seen)} == {"ConnectionError"}
    assert b"no route" not in seen.raw


def test_long_and_unprintable_errors(hive: Captured) -> None:
    class Silent(Exception):
        def __str__(self) -> str:
            raise RuntimeError("not printable")

    class Chatty(Exception):
        def __str__(self) -> str:
            return "x" * 100_000

    hiveloop_tenacity.instrument()
    assert retry(**quick())(Flaky(1, Silent))() == "ok"
    assert retry(**quick())(Flaky(1, Chatty))() == "ok"
    silent, chatty = [retry["reason"] for retry in data(hive)]
    assert silent == "Silent"
    assert 150 < len(chatty) <= 200
    hive.forgive()


@pytest.mark.parametrize(
    ("stop", "most"),
    [
        (tenacity.stop_after_attempt(4), 4),
        (tenacity.stop_after_attempt(5) | tenacity.stop_after_delay(60), 5),
        (tenacity.stop_after_attempt(5) | tenacity.stop_after_attempt(4), 4),
        (tenacity.stop_after_attempt(2) & tenacity.stop_after_delay(60), None),
        (tenacity.stop_after_delay(60), None),
        (tenacity.stop_never, None),
        (lambda state: state.attempt_number > 4, None),
    ],
)
def test_the_number_of_tries_is_told_where_it_is_known(hive: Captured, stop: Any, most: int | None) -> None:
    hiveloop_tenacity.instrument()
    assert retry(**quick(stop=stop))(Flaky(1))() == "ok"
    assert [retry.get("max_attempts") for retry in data(hive)] == [most]


def test_an_endless_loop_does_not_flood(hive: Captured) -> None:
    hiveloop_tenacity.instrument()
    forever = retry(wait=tenacity.wait_none(), sleep=asleep)
    with hiveloop.agent("worker").task("t"):
        assert forever(Flaky(500))() == "ok"
    told = data(hive)
    assert len(told) == MAX_PER_MINUTE
    (recovered,) = hive.kinds("recovered")
    assert recovered["payload"]["data"]["attempts"] == 501, "what was held back is counted all the same"


def test_the_flood_of_one_task_does_not_silence_another(hive: Captured) -> None:
    hiveloop_tenacity.instrument()
    for name in ("one", "two"):
        with hiveloop.agent("worker").task(name):
            retry(wait=tenacity.wait_none(), sleep=asleep)(Flaky(100))()
    tasks = [event["task_id"] for event in hive.of_type("retry_started")]
    assert tasks == ["one"] * MAX_PER_MINUTE + ["two"] * MAX_PER_MINUTE


def test_after_a_minute_the_next_one_says_how_many_were_held_back() -> None:
    now = [0.0]
    pace = Pace(per_minute=2, now=lambda: now[0])
    assert [pace.admit("a") for _ in range(4)] == [0, 0, None, None]
    assert pace.admit("b") == 0
    now[0] = 59.9
    assert pace.admit("a") is None
    now[0] = 60.0
    assert pace.admit("a") == 3
    assert pace.admit("a") == 0


def test_short_waits_can_be_left_out(hive: Captured) -> None:
    hiveloop_tenacity.instrument(min_backoff_seconds=1.0)
    waits = tenacity.wait_chain(tenacity.wait_fixed(0.5), tenacity.wait_fixed(2))
    assert retry(**quick(wait=waits))(Flaky(2))() == "ok"
    assert [retry["backoff_seconds"] for retry in data(hive)] == [2.0]
    assert kinds(hive)[-1] == "recovered"


def _in_module(module: str, flaky: Flaky) -> Any:
    def call() -> Any:
        return flaky()

    call.__module__ = module
    return retry(**quick())(call)


@pytest.mark.parametrize(
    ("options", "seen"),
    [
        ({}, ["chromadb.api", "langchain_core_of_ours", "myapp"]),
        ({"exclude": ()}, ["chromadb.api", "langchain_core.runnables", "langchain_core_of_ours", "myapp"]),
        ({"exclude": ["chromadb", "myapp"]}, ["langchain_core.runnables", "langchain_core_of_ours"]),
        ({"include": ["myapp", "langchain_core"]}, ["myapp"]),
        ({"include": "chromadb"}, ["chromadb.api"]),
    ],
)
def test_modules_are_chosen_by_prefix(hive: Captured, options: dict[str, Any], seen: list[str]) -> None:
    hiveloop_tenacity.instrument(**options)
    for module in ("myapp", "langchain_core.runnables", "langchain_core_of_ours", "chromadb.api"):
        with pytest.raises(RetryError):
            _in_module(module, Flaky(9))()
    found = {retry["function"].rpartition(".")[0] for retry in data(hive)}
    assert sorted(found) == seen


def test_a_retry_made_by_an_excluded_library_is_its_own(hive: Captured) -> None:
    """LangChain's integrations decorate functions of their own with a hook of langchain_core."""

    def hook(state: Any) -> None:
        pass

    hook.__module__ = "langchain_core.language_models.llms"
    hiveloop_tenacity.instrument()
    assert retry(**quick(before_sleep=hook))(Flaky(1))() == "ok"
    assert hive.events == []


def test_names_can_be_given(hive: Captured) -> None:
    hiveloop_tenacity.instrument(name=lambda state: f"{state.fn.__class__.__name__}!")
    retry(**quick())(Flaky(1))()
    assert [retry["function"] for retry in data(hive)] == ["Flaky!"]
    hiveloop_tenacity.instrument(name=lambda state: state.nothing)
    retry(**quick())(Flaky(1))()
    assert data(hive)[-1]["function"] == f"{Flaky.__module__}.Flaky"
    hive.forgive()


@pytest.mark.skipif(not hasattr(Retrying(), "_name"), reason="tenacity before 9.2")
def test_tenacitys_own_name_is_used(hive: Captured) -> None:
    hiveloop_tenacity.instrument()
    for attempt in Retrying(**quick(), name="nightly sync"):
        with attempt:
            if attempt.retry_state.attempt_number == 1:
                raise ConnectionError
    assert [retry["function"] for retry in data(hive)] == ["nightly sync"]


@pytest.mark.parametrize(
    ("given", "name"), [(None, "tenacity"), ("sync", "sync"), (lambda fn: fn[-5:], "Flaky")]
)
def test_without_a_task_there_is_an_agent_for_it(hive: Captured, given: Any, name: str) -> None:
    hiveloop_tenacity.instrument(agent=given)
    retry(**quick())(Flaky(1))()
    assert {event["agent_id"] for event in hive.events} == {name}
    assert hive.envelopes[0]["framework"] == "tenacity"
    assert "task_id" not in hive.of_type("retry_started")[0]


def test_an_agent_around_it_is_its_agent(hive: Captured) -> None:
    hiveloop_tenacity.instrument(agent="nobody")
    with hiveloop.agent("worker").track_context("poll") as action:
        retry(**quick())(Flaky(1))()
    (event,) = hive.of_type("retry_started")
    assert (event["agent_id"], event["action_id"]) == ("worker", action.action_id)


def test_concurrent_tasks_keep_their_retries(hive: Captured) -> None:
    hiveloop_tenacity.instrument()
    agent = hiveloop.agent("worker")

    async def work(number: int) -> None:
        flaky = Flaky(number % 3)

        @retry(**quick(sleep=awake))
        async def call() -> Any:
            await asyncio.sleep(0)
            return flaky()

        async with agent.task(f"t{number}"), agent.track_context("step"):
            await call()

    async def together() -> None:
        await asyncio.gather(*(work(number) for number in range(60)))

    asyncio.run(together())
    actions = {event["action_id"]: event["task_id"] for event in hive.of_type("action_started")}
    retries = hive.of_type("retry_started")
    assert len(retries) == 60
    assert all(actions[event["action_id"]] == event["task_id"] for event in retries)
    for number in range(60):
        attempts = [e["payload"]["data"]["attempt"] for e in retries if e["task_id"] == f"t{number}"]
        assert attempts == [2, 3][: number % 3]


def test_a_reporter_that_breaks_is_not_felt(hive: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("reporter broke")

    monkeypatch.setattr(_report, "place_of", broken)
    hiveloop_tenacity.instrument()
    assert retry(**quick(before_sleep=hiveloop_tenacity.before_sleep))(Flaky(2))() == "ok"
    with pytest.raises(RetryError):
        retry(**quick())(Flaky(9))()
    assert hive.events == []
    assert {type(error) for error in hive.swallowed} == {RuntimeError}
    hive.forgive()


def test_middleware_that_retries_does_not_tell_of_itself(hive: Captured) -> None:
    hiveloop_tenacity.instrument()
    passed: list[Any] = []

    def middleware(event: Any) -> Any:
        passed.append(retry(**quick())(Flaky(1))())
        return event

    with capture_events(middleware=[middleware]) as seen, hiveloop.agent("worker").task("t"):
        assert retry(**quick())(Flaky(1))() == "ok"
    told = [event["payload"]["data"]["function"] for event in seen.of_type("retry_started")]
    assert told.count(f"{Flaky.__module__}.Flaky") == len(told)
    assert len(told) < 10
    assert set(passed) == {"ok"}


def test_before_init_it_does_nothing_and_harms_nothing() -> None:
    hiveloop_tenacity.instrument()
    assert retry(**quick(before_sleep=hiveloop_tenacity.before_sleep))(Flaky(2))() == "ok"
