"""Model calls whose end LangChain does not tell: known by their asyncio task, by what called them, or at the last moment."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import Any

from hiveloop.adapters import contained, format_timestamp

from ._models import emit_llm
from ._runs import LlmRun, Root, innermost_model, state

__all__ = ["give_up", "leave", "settle", "sweep_late", "tell_rest", "tell_unanswered", "unwatch", "watch"]

# As long as the model clients wait for an answer when nobody tells them otherwise.
_LATE_NS = 600_000_000_000


def watch(run: LlmRun) -> None:
    """Hear of the end of the asyncio task a call begins in: a cancelled ``ainvoke`` has no callback of its own."""
    task = asyncio.current_task()
    if task is not None:
        hook = partial(_task_ended, run.number)
        run.watched = (task, hook)
        task.add_done_callback(hook)


def unwatch(run: LlmRun) -> None:
    """The call was told; a task that makes thousands must not collect their hooks."""
    watched = run.watched
    if watched is None:
        return
    run.watched = None
    task, hook = watched
    # Not thread-safe elsewhere; the hook then finds the call gone.
    if asyncio._get_running_loop() is task.get_loop():
        task.remove_done_callback(hook)


@contained
def _task_ended(number: Any, task: asyncio.Task[Any]) -> None:
    run = state.runs.get(number)
    if not isinstance(run, LlmRun):
        return
    if task.cancelled():
        give_up(run, "cancelled")
    else:
        # A timeout inside the task, which went on; or a stream, whose pieces may be read from several tasks.
        _wait_for(run)


def give_up(run: LlmRun, outcome: str, is_timed: bool = True, timestamp: str = "") -> None:
    """Tell the call without an answer, once. ``is_timed``: it ended about now, or its duration is not known."""
    if state.runs.take(run.number, None) is not None:
        tell_unanswered(run, outcome, is_timed, timestamp)


def tell_unanswered(run: LlmRun, outcome: str, is_timed: bool, timestamp: str = "") -> None:
    """Send the event of a call whose record was taken out already."""
    run.root.end_call(run)
    unwatch(run)
    emit_llm(run, outcome=outcome, is_timed=is_timed, timestamp=timestamp)


def settle(calls: set[LlmRun]) -> None:
    """The run that made these ended: those of an asyncio task that ended too, or ends with it, were cancelled by now."""
    last = state.runs.get(innermost_model.get())
    here = last.watched[0] if isinstance(last, LlmRun) and last.watched is not None else None
    for call in list(calls):
        if call.watched is not None and not call.streams:
            task = call.watched[0]
            if task is here or task.done():
                give_up(call, "cancelled")


def leave(root: Root, outcome: str | None) -> None:
    """The root ended with model calls open: each is told when its task ends, when it is answered, or given up."""
    last = innermost_model.get()
    for call in [call for made in list(root.models.values()) for call in list(made)]:
        if call.watched is not None and not call.streams:
            if call.number == last or call.watched[0].done():
                give_up(call, "cancelled")
        elif outcome == "cancelled":
            give_up(call, "cancelled")
        else:
            _wait_for(call)


def _wait_for(call: LlmRun) -> None:
    now = format_timestamp(time.time())
    state.late.append((time.perf_counter_ns() + _LATE_NS, now, call))


def sweep_late() -> None:
    """Give up on model calls whose root ended long ago and that were never answered."""
    late = state.late
    while late and late[0][0] < time.perf_counter_ns():
        _give_up_oldest()


def tell_rest(_: float, is_final: bool) -> None:
    """Before everything is delivered: what nobody will tell later is told now."""
    if not is_final:
        sweep_late()
        return
    while state.late:
        _give_up_oldest()
    for run in state.runs.values():
        # A loop that was closed under its tasks: they never end.
        if isinstance(run, LlmRun) and run.watched is not None and run.watched[0].get_loop().is_closed():
            give_up(run, "abandoned", is_timed=False)


def _give_up_oldest() -> None:
    try:
        _, ended, call = state.late.popleft()
    except IndexError:  # another thread was faster
        return
    give_up(call, "abandoned", is_timed=False, timestamp=ended)
