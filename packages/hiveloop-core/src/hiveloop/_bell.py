"""Wakes one waiting thread, from anywhere."""

from __future__ import annotations

import contextlib
import threading

__all__ = ["Bell"]


class Bell:
    """Rung any number of times, heard once.

    Unlike ``threading.Event``, which deadlocks when a signal handler or a finalizer sets it while the same thread is
    inside one of its methods, ringing is one step.
    """

    __slots__ = ("_silence",)

    def __init__(self) -> None:
        self._silence = threading.Lock()
        self._silence.acquire()

    def ring(self) -> None:
        """Wake whoever waits, or the next one to wait."""
        with contextlib.suppress(RuntimeError):  # rung already
            self._silence.release()

    def wait(self, seconds: float) -> bool:
        """Block until rung, at most so long; says whether it was."""
        return self._silence.acquire(timeout=min(seconds, threading.TIMEOUT_MAX))
