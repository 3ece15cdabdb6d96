"""What a framework brings to be measured: how it is watched, and runs of it that can be timed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

__all__ = ["Framework", "Run", "Work"]

#: One run, from the program's call to its return.
Run = Callable[[], object]


def _nothing() -> None:
    """Everything is done when the run returns."""


@dataclass(frozen=True)
class Work:
    """``ready`` prepares one run, untimed, and clears up after it; the run consists of ``calls`` of what a row is about."""

    ready: Callable[[], AbstractContextManager[Run]]
    calls: int = 1


@dataclass(frozen=True)
class Framework:
    """``settle`` waits for what a run left to other threads; it is part of the process's CPU and not of the thread's."""

    distributions: tuple[str, ...]
    instrument: Callable[[], None]
    uninstrument: Callable[[], None]
    works: Mapping[str, Work]
    settle: Callable[[], None] = _nothing
