"""Tool calls whose gate was passed before the framework announced them: they are not asked about twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["asked", "is_asked"]

#: Name and id of the call.
_asked: ContextVar[tuple[str, str | None] | None] = ContextVar("hiveloop_langchain_asked", default=None)


@contextmanager
def asked(call: tuple[str, str | None] | None) -> Iterator[None]:
    """Inside, this tool call has passed the gate."""
    before = _asked.set(call)
    try:
        yield
    finally:
        _asked.reset(before)


def is_asked(name: str, call_id: object) -> bool:
    """Whether this tool call has passed the gate already. Once: when it is tried again, it is asked about again."""
    call = _asked.get()
    # langchain-core before 1.1 does not tell the id.
    if call is None or (call[0] != name if call_id is None else call[1] != call_id):
        return False
    _asked.set(None)
    return True
