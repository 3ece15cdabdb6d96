"""Retries inside retries: which one is around the running code, and what the inner one holds back for it to judge."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar

from hiveloop.adapters import contained

from ._call import Call

__all__ = ["Frame", "around", "depth", "enter", "forget", "leave", "release"]

#: A try can hold a loop of its own over many things that each give up.
_MAX_HELD = 100


class Frame:
    """One try under way. What gives up inside it is told only when this try's own retry does not repeat it."""

    __slots__ = ("held", "is_open", "outer")

    def __init__(self, outer: Frame | None) -> None:
        self.outer = outer
        self.is_open = True
        self.held: dict[str, Callable[[], None]] | None = None

    def hold(self, key: str, tell: Callable[[], None]) -> None:
        """Keep an inner give-up until this try is judged; the latest of each key, a hundred at most."""
        held = self.held = self.held or {}
        if key in held or len(held) < _MAX_HELD:
            held[key] = tell


def _nobody() -> ContextVar[Frame | None]:
    return ContextVar("hiveloop_tenacity", default=None)


_innermost = _nobody()


def forget() -> None:
    """Tries under way, in whatever context, are around nothing any more: nobody will see them end."""
    global _innermost
    _innermost = _nobody()


def around() -> Frame | None:
    """The innermost try that runs the calling code. A task started inside a try that is over is outside of it."""
    frame = _innermost.get()
    while frame is not None and not frame.is_open:
        frame = frame.outer
    return frame


def depth() -> int:
    """How many tries are around the calling code."""
    found = 0
    frame = around()
    while frame is not None:
        found += frame.is_open
        frame = frame.outer
    return found


def enter(call: Call) -> None:
    """A try begins in this context."""
    frame = Frame(around())
    call.frame = frame
    _innermost.set(frame)


def leave(call: Call) -> None:
    """The try is over, wherever this is called from. Its frame stays with the call until it is judged."""
    frame: Frame | None = call.frame
    if frame is None or not frame.is_open:
        return
    frame.is_open = False
    if _innermost.get() is frame:
        _innermost.set(frame.outer)


@contained
def release(frame: Frame) -> None:
    """Nobody repeats what gave up inside this try: it is told, or the nearest try around that is open judges it."""
    held, frame.held = frame.held, None
    outer = frame.outer
    while outer is not None and not outer.is_open:
        outer = outer.outer
    for key, tell in (held or {}).items():
        if outer is None:
            tell()
        else:
            outer.hold(key, tell)
