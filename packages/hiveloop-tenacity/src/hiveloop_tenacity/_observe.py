"""The observation itself: around one step of tenacity's loop, and around one ``with attempt:`` block."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from hiveloop import Intervention
from hiveloop.adapters import bind, contained

from . import _nesting as nesting
from ._call import Call, call_of, note_site
from ._decision import StopProbe, decision_of, ends_here
from ._report import Reporter

__all__ = [
    "Chooser",
    "around_aenter",
    "around_async_step",
    "around_enter",
    "around_exit",
    "around_loop",
    "around_step",
]

#: Who reports for this Retrying object, if anybody does.
Chooser = Callable[[Any], Reporter | None]


def around_step(original: Callable[..., Any], choose: Chooser) -> Callable[..., Any]:
    """``BaseRetrying.iter``, seen."""

    @functools.wraps(original)
    def iter(self: Any, retry_state: Any) -> Any:
        step = bind(original, self)
        reporter = choose(self)
        if reporter is None:
            return step(retry_state)
        if retry_state.outcome is None:
            do = step(retry_state)
            _begins(reporter, retry_state)
            return do
        probe = _judged(reporter, self, retry_state)
        if isinstance(probe, Intervention):
            raise probe
        try:
            do = step(retry_state)
        except BaseException as error:
            _decided(reporter, retry_state, probe, None, error)
            raise
        _decided(reporter, retry_state, probe, do, None)
        return do

    return iter


def around_async_step(original: Callable[..., Any], choose: Chooser) -> Callable[..., Any]:
    """``AsyncRetrying.iter``, seen."""

    @functools.wraps(original)
    async def iter(self: Any, retry_state: Any) -> Any:
        step = bind(original, self)
        reporter = choose(self)
        if reporter is None:
            return await step(retry_state)
        if retry_state.outcome is None:
            do = await step(retry_state)
            _begins(reporter, retry_state)
            return do
        probe = _judged(reporter, self, retry_state)
        if isinstance(probe, Intervention):
            raise probe
        try:
            do = await step(retry_state)
        except BaseException as error:
            _decided(reporter, retry_state, probe, None, error)
            raise
        _decided(reporter, retry_state, probe, do, None)
        return do

    return iter


@contained
def _begins(reporter: Reporter, state: Any) -> None:
    # A loop's try begins when its `with attempt:` block is entered.
    if state.fn is not None:
        call = call_of(state)
        if _is_watched(reporter, call, state):
            nesting.enter(call)


def _is_watched(reporter: Reporter, call: Call, state: Any) -> bool:
    """Asked once a call: its place does not change."""
    if call.is_watched is None:
        call.is_watched = reporter.watches(state)
    return call.is_watched


@contained
def _judged(reporter: Reporter, retrying: Any, state: Any) -> StopProbe | Intervention | None:
    """Before the step: the try is over. An intervention the user opted into is never tried again."""
    call = call_of(state)
    if not _is_watched(reporter, call, state):
        return None
    nesting.leave(call)
    error = state.outcome.exception()
    return error if isinstance(error, Intervention) else StopProbe(retrying)


@contained
def _decided(
    reporter: Reporter, state: Any, probe: StopProbe | None, do: Any, error: BaseException | None
) -> None:
    """After the step."""
    if probe is None:
        return
    outcome = state.outcome
    decision = decision_of(outcome, do, error, probe.said_stop(outcome, do, error))
    if decision == "retry":
        reporter.retrying(state, float(do))
    elif call_of(state).settled:
        return
    elif decision == "gave_up":
        reporter.gave_up(state, fallback=error is None)
    elif decision == "succeeded":
        reporter.succeeded(state)
    elif decision == "failed":
        reporter.failed(state)


def around_loop(original: Callable[..., Any], choose: Chooser) -> Callable[..., Any]:
    """``BaseRetrying.__iter__``, seen: what a loop is left with by ``return`` or ``break`` is judged by nobody."""

    @functools.wraps(original)
    def loop(self: Any) -> Iterator[Any]:
        attempt: Any = None
        attempts = iter(bind(original, self)())
        try:
            for attempt in attempts:
                yield attempt
        finally:
            _loop_left(choose, attempt)

    return loop


@contained
def _loop_left(choose: Chooser, attempt: Any) -> None:
    reporter = None if attempt is None else choose(attempt.retry_state.retry_object)
    if reporter is not None:
        reporter.left(attempt.retry_state)


def around_enter(original: Callable[..., Any], choose: Chooser) -> Callable[..., Any]:
    """``AttemptManager.__enter__``, seen."""

    @functools.wraps(original)
    def enter(self: Any) -> Any:
        _loop_try_begins(choose, self.retry_state, sys._getframe(1))
        return bind(original, self)()

    return enter


def around_aenter(original: Callable[..., Any], choose: Chooser) -> Callable[..., Any]:
    """``AttemptManager.__aenter__`` (since 9), seen."""

    @functools.wraps(original)
    async def aenter(self: Any) -> Any:
        _loop_try_begins(choose, self.retry_state, sys._getframe(1))
        return await bind(original, self)()

    return aenter


@contained
def _loop_try_begins(choose: Chooser, state: Any, frame: FrameType) -> None:
    reporter = choose(state.retry_object)
    if reporter is None:
        return
    call = call_of(state)
    note_site(call, frame)
    if _is_watched(reporter, call, state):
        nesting.enter(call)


def around_exit(original: Callable[..., Any], choose: Chooser) -> Callable[..., Any]:
    """``AttemptManager.__exit__``, seen."""

    @functools.wraps(original)
    def leave(self: Any, exc_type: Any, exc_value: Any, traceback: Any) -> Any:
        swallowed = bind(original, self)(exc_type, exc_value, traceback)
        _loop_try_ends(choose, self.retry_state, exc_value)
        return swallowed

    return leave


@contained
def _loop_try_ends(choose: Chooser, state: Any, error: BaseException | None) -> None:
    """A loop that is left from inside its block (``return``) never comes back to be judged: told here where certain."""
    reporter = choose(state.retry_object)
    call = call_of(state)
    if reporter is None or not _is_watched(reporter, call, state):
        return
    nesting.leave(call)
    if error is not None or call.settled:
        return
    if ends_here(state.retry_object.retry):
        call.settled = True
        reporter.succeeded(state)
    else:
        reporter.unjudged(state)
