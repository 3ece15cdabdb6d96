"""`chain`: several hooks as one, in order, sync and async; what the user's raise passes, ours raise nothing."""

from __future__ import annotations

import functools
import logging
from typing import Any

import hiveloop
import hiveloop_tenacity
import pytest
import tenacity
from hiveloop.testing import Captured
from tenacity import retry

from .scripted import Flaky, awake, data, quick

has_async_hooks = "iter" in vars(tenacity.AsyncRetrying)


def test_hooks_run_in_order(hive: Captured, caplog: pytest.LogCaptureFixture) -> None:
    order: list[str] = []
    hook = hiveloop_tenacity.chain(
        tenacity.before_sleep_log(logging.getLogger("app"), logging.INFO),
        lambda state: order.append("first"),
        None,
        hiveloop_tenacity.before_sleep,
        lambda state: order.append(f"told {len(data(hive))}"),
    )
    with caplog.at_level(logging.INFO, "app"):
        assert retry(**quick(before_sleep=hook))(Flaky(1))() == "ok"
    assert order == ["first", "told 1"]
    assert "Retrying" in caplog.text


@pytest.mark.skipif(not has_async_hooks, reason="tenacity before 8.3 awaits no hooks")
async def test_one_coroutine_makes_the_chain_one(hive: Captured) -> None:
    order: list[str] = []

    async def slow(name: str, state: Any) -> None:
        order.append(name)

    class Hook:
        async def __call__(self, state: Any) -> None:
            order.append("object")

    flaky = Flaky(1)
    hook = hiveloop_tenacity.chain(functools.partial(slow, "partial"), Hook(), hiveloop_tenacity.before_sleep)

    @retry(**quick(sleep=awake, before_sleep=hook))
    async def call() -> Any:
        return flaky()

    assert await call() == "ok"
    assert order == ["partial", "object"]
    assert len(data(hive)) == 1


def test_what_a_hook_of_the_user_raises_passes(hive: Captured) -> None:
    def breaks(state: Any) -> None:
        raise ZeroDivisionError("mine")

    hook = hiveloop_tenacity.chain(hiveloop_tenacity.before_sleep, breaks)
    with pytest.raises(ZeroDivisionError, match="mine"):
        retry(**quick(before_sleep=hook))(Flaky(1))()
    assert len(data(hive)) == 1


def test_an_empty_chain_does_nothing(hive: Captured) -> None:
    assert retry(**quick(before_sleep=hiveloop_tenacity.chain(None)))(Flaky(1))() == "ok"


def test_what_is_no_hook_is_refused() -> None:
    with pytest.raises(hiveloop.HiveLoopConfigError, match="functions of one RetryCallState"):
        hiveloop_tenacity.chain("before_sleep")  # type: ignore[arg-type]


def test_called_with_something_else_it_harms_nothing(hive: Captured) -> None:
    hiveloop_tenacity.before_sleep(object())
    assert hive.events == []
    hive.forgive()
