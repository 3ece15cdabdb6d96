"""HTTP retries of model clients, with stand-ins for the clients: wrapped while somebody cares, told once, never felt."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import types
from typing import Any

import hiveloop
import pytest
import wrapt
from hiveloop.adapters import ClientRetries, ModelCall, _client_retries
from hiveloop.testing import Captured


class Options:
    method = "post"
    url = "/chat/completions?key=s3cret"


def client_module(name: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A module like the clients' private one: a sync and an async client that wait before another try."""

    class BaseClient:
        slept: list[float] = []

        def _calculate_retry_timeout(self, remaining_retries: int) -> float:
            return 0.25 * remaining_retries

    class SyncAPIClient(BaseClient):
        def _sleep_for_retry(
            self, *, retries_taken: int, max_retries: int, options: Any, response: Any
        ) -> str:
            self.slept.append(self._calculate_retry_timeout(max_retries - retries_taken))
            return "slept"

    class AsyncAPIClient(BaseClient):
        async def _sleep_for_retry(
            self, *, retries_taken: int, max_retries: int, options: Any, response: Any
        ) -> str:
            self.slept.append(self._calculate_retry_timeout(max_retries - retries_taken))
            await asyncio.sleep(0)
            return "slept"

    module = types.ModuleType(name)
    for owner in (BaseClient, SyncAPIClient, AsyncAPIClient):
        setattr(module, owner.__name__, owner)
    monkeypatch.setitem(sys.modules, name, module)
    return module


@pytest.fixture(autouse=True)
def _no_real_clients(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in _client_retries._CLIENTS:
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield
    gc.collect()
    assert _client_retries._interested == {}
    assert _client_retries._undo == []


@pytest.fixture
def openai(monkeypatch: pytest.MonkeyPatch) -> Any:
    return client_module("openai._base_client", monkeypatch)


def _response(status: Any) -> Any:
    return types.SimpleNamespace(status_code=status)


def _retry(module: Any, response: Any = None, taken: int = 0) -> Any:
    return module.SyncAPIClient()._sleep_for_retry(
        retries_taken=taken, max_retries=2, options=Options(), response=response
    )


def _told(hive: Captured) -> list[dict[str, Any]]:
    return [event["payload"]["data"] for event in hive.of_type("retry_started")]


def test_a_retry_is_told_on_the_current_task_and_action(hive: Captured, openai: Any) -> None:
    watching = ClientRetries()
    watching.watch()
    agent = hiveloop.agent("a")
    with agent.task("t"), agent.track_context("think") as action:
        assert _retry(openai, _response(429), taken=1) == "slept"
    (event,) = hive.of_type("retry_started")
    assert (event["agent_id"], event["task_id"], event["action_id"]) == ("a", "t", action.action_id)
    assert event["payload"]["data"] == {
        "attempt": 3,
        "function": "openai POST /chat/completions",
        "client": "openai",
        "backoff_seconds": 0.25,
        "reason": "HTTP 429 Too Many Requests",
        "max_attempts": 3,
    }
    assert b"s3cret" not in hive.raw
    watching.close()


def test_async_clients(hive: Captured, openai: Any) -> None:
    watching = ClientRetries()
    watching.watch()

    async def work(number: int) -> None:
        async with hiveloop.agent("a").task(f"t{number}"):
            client = openai.AsyncAPIClient()
            about = {"retries_taken": number % 2, "max_retries": 2, "options": Options(), "response": None}
            assert await client._sleep_for_retry(**about) == "slept"

    async def together() -> None:
        await asyncio.gather(*(work(number) for number in range(20)))

    asyncio.run(together())
    attempts = {
        event["task_id"]: event["payload"]["data"]["attempt"] for event in hive.of_type("retry_started")
    }
    assert attempts == {f"t{number}": 2 + number % 2 for number in range(20)}
    watching.close()


def test_wrapper_objects_of_other_tools_see_their_client(hive: Captured, openai: Any) -> None:
    """Theirs are in the class before ours: called with `self` as an argument, they would not know their client."""
    seen: list[tuple[str, int]] = []

    def theirs(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        seen.append((type(instance).__name__, len(args)))
        return wrapped(*args, **kwargs)

    wrapt.wrap_function_wrapper(openai, "SyncAPIClient._sleep_for_retry", theirs)
    wrapt.wrap_function_wrapper(openai, "AsyncAPIClient._sleep_for_retry", theirs)
    wrapt.wrap_function_wrapper(openai, "BaseClient._calculate_retry_timeout", theirs)
    watching = ClientRetries()
    watching.watch()
    with hiveloop.agent("a").task("t"):
        assert _retry(openai) == "slept"
        about = {"retries_taken": 0, "max_retries": 2, "options": Options(), "response": None}
        assert asyncio.run(openai.AsyncAPIClient()._sleep_for_retry(**about)) == "slept"
    assert seen == [
        ("SyncAPIClient", 0),
        ("SyncAPIClient", 1),
        ("AsyncAPIClient", 0),
        ("AsyncAPIClient", 1),
    ]
    assert len(_told(hive)) == 2
    watching.close()


def test_watching_again_under_somebody_elses_wrapper_tells_once(hive: Captured, openai: Any) -> None:
    watching = ClientRetries()
    for _ in range(3):
        watching.watch()
        ours = vars(openai.SyncAPIClient)["_sleep_for_retry"]
        openai.SyncAPIClient._sleep_for_retry = lambda self, _ours=ours, **about: _ours(self, **about)
        watching.close()
    watching.watch()
    with hiveloop.agent("a").task("t"):
        assert _retry(openai) == "slept"
    assert len(_told(hive)) == 1
    watching.close()


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (_response(503), "HTTP 503 Service Unavailable"),
        (_response(599), "HTTP 599"),
        (_response("?"), "no answer"),
    ],
)
def test_reasons(hive: Captured, openai: Any, response: Any, reason: str) -> None:
    watching = ClientRetries()
    watching.watch()
    with hiveloop.agent("a").task("t"):
        _retry(openai, response)
    assert [retry["reason"] for retry in _told(hive)] == [reason]
    watching.close()


def test_without_an_answer_the_error_is_named(hive: Captured, openai: Any) -> None:
    watching = ClientRetries()
    watching.watch()
    with hiveloop.agent("a").task("t"):
        try:
            raise TimeoutError("secret host")
        except TimeoutError:
            _retry(openai)
    assert [retry["reason"] for retry in _told(hive)] == ["TimeoutError"]
    watching.close()


def test_without_anybody_around_it_is_not_told(hive: Captured, openai: Any) -> None:
    watching = ClientRetries()
    watching.watch()
    assert _retry(openai) == "slept"
    assert _told(hive) == []
    with hiveloop.agent("a").track_context("poll"):
        _retry(openai)
    assert len(_told(hive)) == 1
    watching.close()


def test_the_frameworks_own_call_is_more_exact_and_is_told_once(hive: Captured, openai: Any) -> None:
    task = hiveloop.agent("framework").start_task("own")
    lost = ClientRetries(lambda: None)
    exact = ClientRetries(lambda: ModelCall(task.emit, "node-1", "ChatModel"))
    plain = ClientRetries()
    for watching in (plain, lost, exact):
        watching.watch()
        watching.watch()
    with hiveloop.agent("a").task("t"):
        _retry(openai)
    (event,) = hive.of_type("retry_started")
    assert (event["task_id"], event["action_id"]) == ("own", "node-1")
    assert event["payload"]["data"]["function"] == "ChatModel"
    for watching in (plain, lost, exact):
        watching.close()


def test_the_last_one_to_leave_gives_everything_back(openai: Any) -> None:
    owners = [(openai.SyncAPIClient, "_sleep_for_retry"), (openai.AsyncAPIClient, "_sleep_for_retry")]
    owners.append((openai.BaseClient, "_calculate_retry_timeout"))
    before = [vars(owner)[name] for owner, name in owners]
    first, second = ClientRetries(), ClientRetries()
    first.watch()
    second.watch()
    assert all(vars(owner)[name] is not then for (owner, name), then in zip(owners, before, strict=True))
    first.close()
    first.close()
    assert all(vars(owner)[name] is not then for (owner, name), then in zip(owners, before, strict=True))
    del second
    gc.collect()
    assert all(vars(owner)[name] is then for (owner, name), then in zip(owners, before, strict=True))


def test_a_client_imported_later_is_found_at_the_next_look(
    hive: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    watching = ClientRetries()
    watching.watch()
    module = client_module("anthropic._base_client", monkeypatch)
    with hiveloop.agent("a").task("t"):
        _retry(module)
        watching.watch()
        _retry(module)
    assert [retry["client"] for retry in _told(hive)] == ["anthropic"]
    watching.close()


def test_a_client_that_is_being_imported_is_left_for_the_next_look(openai: Any) -> None:
    openai.__spec__ = types.SimpleNamespace(_initializing=True)
    before = vars(openai.SyncAPIClient)["_sleep_for_retry"]
    watching = ClientRetries()
    watching.watch()
    assert vars(openai.SyncAPIClient)["_sleep_for_retry"] is before
    openai.__spec__ = types.SimpleNamespace(_initializing=False)
    watching.watch()
    assert vars(openai.SyncAPIClient)["_sleep_for_retry"] is not before
    watching.close()


@pytest.mark.parametrize("gone", ["_sleep_for_retry", "SyncAPIClient", "everything"])
def test_names_that_have_moved_are_no_fault(hive: Captured, openai: Any, gone: str) -> None:
    if gone == "_sleep_for_retry":
        del openai.SyncAPIClient._sleep_for_retry
    elif gone == "SyncAPIClient":
        del openai.SyncAPIClient
    else:
        vars(openai).clear()
        openai.__spec__ = None
    watching = ClientRetries()
    watching.watch()
    watching.close()


def test_a_wait_computed_elsewhere_is_measured(
    hive: Captured, openai: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai.SyncAPIClient, "_sleep_for_retry", lambda self, **about: "slept")
    watching = ClientRetries()
    watching.watch()
    with hiveloop.agent("a").task("t"):
        assert _retry(openai) == "slept"
        openai.BaseClient()._calculate_retry_timeout(1)
    (told,) = _told(hive)
    assert 0 <= told["backoff_seconds"] < 1
    watching.close()


def test_what_the_client_raises_passes(hive: Captured, openai: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(self: Any, **about: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(openai.SyncAPIClient, "_sleep_for_retry", interrupted)
    watching = ClientRetries()
    watching.watch()
    with pytest.raises(KeyboardInterrupt):
        _retry(openai)
    assert _client_retries._retry.get() is None
    watching.close()


def test_an_adapter_that_breaks_is_not_felt(hive: Captured, openai: Any) -> None:
    def breaks() -> ModelCall:
        raise RuntimeError("adapter broke")

    watching = ClientRetries(breaks)
    watching.watch()
    assert _retry(openai) == "slept"
    assert [type(error) for error in hive.swallowed] == [RuntimeError]
    hive.forgive()
    watching.close()


def test_somebody_elses_wrapper_stays(hive: Captured, openai: Any) -> None:
    watching = ClientRetries()
    watching.watch()
    ours = vars(openai.SyncAPIClient)["_sleep_for_retry"]

    def theirs(self: Any, **about: Any) -> Any:
        return ours(self, **about)

    openai.SyncAPIClient._sleep_for_retry = theirs
    watching.close()
    assert vars(openai.SyncAPIClient)["_sleep_for_retry"] is theirs
    with hiveloop.agent("a").task("t"):
        assert _retry(openai) == "slept"
    assert _told(hive) == []


def test_many_threads_come_and_go(openai: Any) -> None:
    before = vars(openai.SyncAPIClient)["_sleep_for_retry"]
    start = threading.Barrier(8)

    def work() -> None:
        start.wait(timeout=10)
        for _ in range(50):
            watching = ClientRetries()
            watching.watch()
            watching.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert vars(openai.SyncAPIClient)["_sleep_for_retry"] is before


def test_nothing_is_imported_for_it() -> None:
    ClientRetries().watch()
    assert not set(_client_retries._CLIENTS) & set(sys.modules)
