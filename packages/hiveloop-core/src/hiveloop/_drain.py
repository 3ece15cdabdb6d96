"""Hooks that run before delivery is waited for: frameworks that report from threads of their own get to finish."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ._clock import steady_seconds
from ._runtime import runtime
from ._safety import attempt

__all__ = ["Drain", "add_drain", "drain", "remove_drain"]

#: ``(timeout_seconds, is_final)``: tell what is known so far; with ``is_final`` nothing is told after it.
Drain = Callable[[float, bool], None]

_drains: list[Drain] = []


def add_drain(hook: Drain) -> None:
    """Call this before ``flush``, before ``shutdown`` (``is_final``), and before a capture of events ends."""
    with runtime.lock:
        if hook not in _drains:
            _drains.append(hook)


def remove_drain(hook: Drain) -> None:
    """Unregister; unknown ones are ignored."""
    with runtime.lock:
        if hook in _drains:
            _drains.remove(hook)


def drain(timeout: float, is_final: bool = False) -> float:
    """Run every hook within ``timeout`` seconds; returns what is left of it. Never raises."""
    deadline = steady_seconds() + timeout
    for hook in tuple(_drains):
        attempt(partial(_run, hook, deadline, is_final), "drain of an adapter")
    return max(0.0, deadline - steady_seconds())


def _run(hook: Drain, deadline: float, is_final: bool) -> None:
    hook(max(0.0, deadline - steady_seconds()), is_final)
