"""tenacity to be measured: a decorated function that succeeds, and one that fails twice before it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import hiveloop
import hiveloop_tenacity
import tenacity

from benchmarks.framework_work import Framework, Run, Work

__all__ = ["FRAMEWORK"]

_RETRIES = 2
#: In one task. The adapter tells at most 30 retries a minute of one function in one task: all of these are told.
_CALLS = 15


def _asleep(seconds: float) -> None:
    """A backoff that takes no time."""


_retry = tenacity.retry(
    stop=tenacity.stop_after_attempt(_RETRIES + 1), wait=tenacity.wait_fixed(1.5), sleep=_asleep
)
_failures_left = 0


@_retry
def _call() -> str:
    global _failures_left
    if _failures_left:
        _failures_left -= 1
        raise ConnectionError("no route to the shop")
    return "ok"


def _failing(times: int) -> Callable[[], AbstractContextManager[Run]]:
    def calls() -> None:
        global _failures_left
        for _ in range(_CALLS):
            _failures_left = times
            _call()

    @contextmanager
    def inside_a_task() -> Iterator[Run]:
        with hiveloop.agent("bench").task("order-42"):
            yield calls

    return inside_a_task


FRAMEWORK = Framework(
    distributions=("tenacity",),
    instrument=hiveloop_tenacity.instrument,
    uninstrument=hiveloop_tenacity.uninstrument,
    works={
        "a call without a retry": Work(_failing(0), _CALLS),
        f"a call with {_RETRIES} retries": Work(_failing(_RETRIES), _CALLS),
    },
)
