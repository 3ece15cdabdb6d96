"""What one step of tenacity's loop decided, read from what came out of it and from whether its stop condition said stop."""

from __future__ import annotations

from typing import Any, Literal

import tenacity

__all__ = ["Decision", "StopProbe", "decision_of", "ends_here"]

Decision = Literal["retry", "gave_up", "succeeded", "failed", "unknown"]

_DELAY = "delay_since_first_attempt"
#: Predicates that look at errors only, so that a try without one is the last.
_ABOUT_ERRORS = tuple(
    getattr(tenacity, name)
    for name in (
        "retry_if_exception",
        "retry_if_exception_type",
        "retry_if_not_exception_type",
        "retry_if_exception_message",
        "retry_if_exception_cause_type",
    )
    if hasattr(tenacity, name)
)


class _Unread(float):
    """A number that can be told from an equal one."""


class StopProbe:
    """Finds out whether the stop condition was asked and said stop, in any version of tenacity.

    Since 8.3 the loop keeps that itself (``iter_state``). Before, the loop writes a statistic just before it asks:
    an equal number put there first is still there where it never came to that.
    """

    __slots__ = ("_before", "_mark", "_retrying")

    def __init__(self, retrying: Any) -> None:
        self._retrying = retrying
        self._mark: _Unread | None = None
        if not hasattr(type(retrying), "iter_state"):
            statistics = retrying.statistics
            self._before = statistics.get(_DELAY)
            self._mark = statistics[_DELAY] = _Unread(self._before or 0.0)

    def said_stop(self, outcome: Any, do: Any, error: BaseException | None) -> bool:
        """Ask once, after the step."""
        if self._mark is None:
            return bool(self._retrying.iter_state.stop_run_result)
        statistics = self._retrying.statistics
        if statistics.get(_DELAY) is self._mark:
            if self._before is None:
                del statistics[_DELAY]
            else:
                statistics[_DELAY] = self._before
            return False
        if isinstance(do, tenacity.DoSleep):
            return False
        # Asked, and no further try: it said stop, unless the condition or a hook itself broke.
        return (
            error is None
            or self._retrying.retry_error_callback is not None
            or isinstance(error, self._retrying.retry_error_cls)
            or error is outcome.exception()
        )


def decision_of(outcome: Any, do: Any, error: BaseException | None, said_stop: bool) -> Decision:
    """``outcome`` of the last try; ``do`` and ``error``: what the step returned or raised."""
    if isinstance(do, tenacity.DoSleep):
        return "retry"
    if said_stop:
        return "gave_up"
    if outcome.failed:
        return "failed"
    # A hook or predicate of the program broke: how the try was judged is not known.
    return "succeeded" if error is None else "unknown"


def ends_here(predicate: Any) -> bool:
    """Whether a try without an error is surely accepted, whatever its result."""
    kind = type(predicate)
    if kind in (tenacity.retry_any, tenacity.retry_all):
        return all(ends_here(part) for part in predicate.retries)
    return kind in _ABOUT_ERRORS
