"""How a run that raised is to be told: as a failure, or as an outcome that is none (interrupt, handoff, cancel)."""

from __future__ import annotations

import asyncio
import concurrent.futures
import sys
from typing import Any

from hiveloop.adapters import attempt
from hiveloop.adapters.preview import ARGUMENT_CHARS

from ._translate import ErrorInfo

__all__ = ["describe", "interrupts_of", "is_recursion_limit", "outcome_of"]

_CANCELLED = (asyncio.CancelledError, concurrent.futures.CancelledError, KeyboardInterrupt, SystemExit)


def outcome_of(error: BaseException) -> str | None:
    """``None`` for a real failure; else how the run ended: interrupted, handoff, drained, cancelled, abandoned."""
    if isinstance(error, _CANCELLED):
        return "cancelled"
    if isinstance(error, GeneratorExit):
        return "abandoned"
    errors = _graph_errors()
    if errors is None or not isinstance(error, errors.GraphBubbleUp):
        return None
    if isinstance(error, errors.GraphInterrupt):
        return "interrupted"
    if isinstance(error, errors.ParentCommand):
        return "handoff"
    drained = getattr(errors, "GraphDrained", None)
    return "drained" if drained is not None and isinstance(error, drained) else "control_flow"


def is_recursion_limit(error: BaseException) -> bool:
    """Whether a graph stopped because it took too many steps."""
    errors = _graph_errors()
    return errors is not None and isinstance(error, errors.GraphRecursionError)


def _graph_errors() -> Any:
    # Whoever raised one of these has imported the module; nobody else should pay for importing it.
    return sys.modules.get("langgraph.errors")


def interrupts_of(error: BaseException) -> tuple[Any, ...]:
    """The interrupts a ``GraphInterrupt`` carries."""
    found = error.args[0] if error.args else ()
    return tuple(found) if isinstance(found, (list, tuple)) else ()


def describe(error: BaseException, capture: bool) -> ErrorInfo:
    """Type, message (only when content is captured: it may quote the model) and HTTP status of an error."""
    status = getattr(error, "status_code", None)
    if type(status) is not int:
        status = getattr(getattr(error, "response", None), "status_code", None)
    return ErrorInfo(
        type(error).__name__, _message(error) if capture else None, status if type(status) is int else None
    )


def _message(error: BaseException) -> str | None:
    """The error's text, cut before it is formatted where it is a plain one."""
    if len(error.args) == 1 and type(error.args[0]) is str and type(error).__str__ is Exception.__str__:
        text = error.args[0]
    else:
        # The one place where code of the program runs: an exception that cannot be printed is named by its type.
        text = attempt(lambda: str(error), f"text of {type(error).__name__}")[1] or ""
    return text[:ARGUMENT_CHARS] or None
