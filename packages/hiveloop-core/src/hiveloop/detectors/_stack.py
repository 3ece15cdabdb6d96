"""Where in the code a run is: the stack of the asyncio task or thread that moved it last, without any values."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import traceback
import weakref
from types import AsyncGeneratorType, CoroutineType, FrameType, GeneratorType
from typing import Any, NamedTuple

__all__ = ["Mover", "Standing"]

_local = threading.local()
_get_ident = threading.get_ident
_get_running_loop = asyncio._get_running_loop

#: How the file names of Python's own code begin.
_PYTHON = (os.path.dirname(os.__file__) + os.sep, "<")

_MOST_FRAMES = 25
#: Frameworks are deep, and the innermost frames say most.
_MOST_WALKED = 500
#: How many tasks that wait for one another are followed.
_MOST_TASKS = 10
_SUSPENDED = (
    (CoroutineType, "cr_frame", "cr_await"),
    (GeneratorType, "gi_frame", "gi_yieldfrom"),
    (AsyncGeneratorType, "ag_frame", "ag_await"),
)


class Standing(NamedTuple):
    """Where a run is: lines outermost first, what runs it, and the innermost line of the program's own code."""

    stack: list[str]
    running_in: str
    own: str | None = None


class Mover:
    """Who runs a run: noted with every event of it, looked up when it stands still."""

    __slots__ = ("_ident", "_task", "_thread")

    def __init__(self) -> None:
        self._ident = 0
        self._thread: weakref.ref[threading.Thread] | None = None
        self._task: weakref.ref[asyncio.Task[Any]] | None = None

    def note(self) -> None:
        """The calling code is it."""
        ident = _get_ident()
        if ident != self._ident:
            # The number alone is given to the next thread when this one has ended.
            self._ident, self._thread = ident, _this_thread()
        if _get_running_loop() is None:
            self._task = None
            return
        running = asyncio.current_task()
        if self._task is None or self._task() is not running:
            self._task = None if running is None else weakref.ref(running)

    def stack(self) -> Standing:
        """Where it is now."""
        if self._task is not None:
            task = self._task()
            if task is None or task.done():
                return Standing([], "an asyncio task that has ended")
            frames = _awaited(task)
            if frames is not None:
                return _standing(frames, "asyncio task")
        thread = None if self._thread is None else self._thread()
        innermost = sys._current_frames().get(self._ident)
        if thread is None or not thread.is_alive() or innermost is None:
            return Standing([], "a thread that has ended")
        frames = [frame for frame, _ in traceback.walk_stack(innermost)]
        return _standing(frames[::-1], "thread")


def _standing(frames: list[FrameType], runs_in: str) -> Standing:
    own = next((frame for frame in reversed(frames) if _is_own(frame)), None)
    lines = [_line(frame) for frame in frames[-_MOST_FRAMES:]]
    return Standing(lines, runs_in, None if own is None else _line(own))


def _is_own(frame: FrameType) -> bool:
    """Whether it is the program's code: neither Python's nor that of an installed package."""
    name = frame.f_code.co_filename
    return not name.startswith(_PYTHON) and "-packages" not in name


def _this_thread() -> weakref.ref[threading.Thread]:
    known: weakref.ref[threading.Thread] | None = getattr(_local, "thread", None)
    if known is None:
        known = _local.thread = weakref.ref(threading.current_thread())
    return known


def _awaited(task: asyncio.Task[Any]) -> list[FrameType] | None:
    """The frames of a task and of all it waits for, other tasks included. None when it waits for nothing: it runs."""
    frames: list[FrameType] = []
    for _ in range(_MOST_TASKS):
        coroutine = task.get_coro()
        if getattr(coroutine, "cr_running", False):
            return None
        frames += _suspended(coroutine)
        waits_for = _waited_for(task, frames[-1] if frames else None)
        if waits_for is None:
            break
        task = waits_for
    return frames


def _waited_for(task: asyncio.Task[Any], innermost: FrameType | None) -> asyncio.Task[Any] | None:
    """The task that this one waits for, alone or as the first of several that are not done."""
    waiter = getattr(task, "_fut_waiter", None)
    candidates = [waiter, *list(getattr(waiter, "_children", ()))]
    if innermost is not None and innermost.f_code is asyncio.wait_for.__code__:
        # Before Python 3.12 it waits for a future of its own, and only its frame knows the task.
        candidates.append(innermost.f_locals.get("fut"))
    return next((one for one in candidates if isinstance(one, asyncio.Task) and not one.done()), None)


def _suspended(waiting: Any) -> list[FrameType]:
    """The frames of a coroutine and of the coroutines it waits for."""
    frames: list[FrameType] = []
    while len(frames) < _MOST_WALKED:
        names = next((names for names in _SUSPENDED if type(waiting) is names[0]), None)
        frame = None if names is None else getattr(waiting, names[1])
        if names is None or frame is None:
            break
        frames.append(frame)
        waiting = getattr(waiting, names[2])
    return frames


def _line(frame: FrameType) -> str:
    code = frame.f_code
    place = "/".join(code.co_filename.replace("\\", "/").split("/")[-2:])
    return f"{place}:{frame.f_lineno} in {code.co_name}"
