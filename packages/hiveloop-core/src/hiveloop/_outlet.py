"""Whether anything may leave this process. Under ``hiveloop audit`` it is shown instead, by children of the script too."""

from __future__ import annotations

import os
from collections.abc import Callable

__all__ = ["AUDIT_VARIABLE", "is_audited", "show", "take"]

#: Names the folder for what child processes would have sent; they inherit it, so none of them sends anything.
AUDIT_VARIABLE = "HIVELOOP_AUDIT"

_taker: tuple[int, Callable[[bytes], None]] | None = None


def is_audited() -> bool:
    """Whether nothing may be sent, and nothing asked."""
    return AUDIT_VARIABLE in os.environ


def take(write: Callable[[bytes], None]) -> None:
    """Show what this process would send here; that of its children is kept in the folder."""
    global _taker
    _taker = (os.getpid(), write)


def show(body: bytes) -> None:
    """Take one request's body in place of the collector. Raises OSError when the audit is over."""
    if _taker is not None and _taker[0] == os.getpid():
        _taker[1](body)
        return
    path = os.path.join(os.environ[AUDIT_VARIABLE], f"{os.getpid()}.jsonl")
    # One write a line: threads of a process may deliver side by side.
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(handle, body + b"\n")
    finally:
        os.close(handle)
