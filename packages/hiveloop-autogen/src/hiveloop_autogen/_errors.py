"""How a run that raised is to be told: as a failure with its real cause, or as an outcome that is none."""

from __future__ import annotations

import re
from typing import Any

from hiveloop import Intervention
from hiveloop.adapters import attempt, guarded, outcome_of
from hiveloop.adapters.preview import ARGUMENT_CHARS

from ._nodes import Node, Root, RunNode
from ._translate import ErrorInfo

__all__ = ["cause_of", "describe", "note_cause", "outcome_of", "swallowed_intervention", "tell_origin"]

#: AutoGen hands a participant's exception on as the text of a RuntimeError: `BadRequestError: …\nTraceback:\n…`.
_TEXT = re.compile(r"^(?:RuntimeError: )*([A-Za-z_]\w*): ?(.*)", re.DOTALL)


def note_cause(node: Node | None, error: BaseException) -> None:
    """Remember the real exception on every run above: what leaves AutoGen may be no more than its text."""
    while node is not None:
        if isinstance(node, RunNode):
            node.cause = error
        node = node.parent


def cause_of(node: RunNode, error: BaseException) -> BaseException:
    """The exception a run really ended by: the one seen below where AutoGen made a text of it, else its own."""
    cause = node.cause
    if cause is not None and cause is not error and isinstance(error, RuntimeError):
        first = _text(error).partition("\n")[0]
        if f"{type(cause).__name__}: " in first + " ":
            return cause
    return error


def swallowed_intervention(node: RunNode, error: BaseException) -> Intervention | None:
    """The intervention that AutoGen turned into this error's text."""
    raised = node.root.intervention
    if raised is None or raised is error or not isinstance(error, RuntimeError):
        return None
    return raised if f"{type(raised).__name__}: " in _text(error) else None


def tell_origin(root: Root, error: BaseException, action_id: str) -> str | None:
    """The action that told this error in full already; otherwise this one does, and ``None``."""
    if root.reported is not None and root.reported[0] is error:
        return root.reported[1]
    root.reported = (error, action_id)
    return None


def describe(error: BaseException, capture: bool) -> ErrorInfo:
    """Type, message (only when content is captured: it may quote the model) and HTTP status of an error."""
    status = _status(error)
    kind, message = type(error).__name__, _text(error)
    if kind == "RuntimeError":
        named = _TEXT.match(message.partition("\nTraceback:")[0]) if "\nTraceback:" in message else None
        if named is not None:
            kind, message = named.group(1), named.group(2)
    return ErrorInfo(kind, (message[:ARGUMENT_CHARS] or None) if capture else None, status)


def _status(error: BaseException) -> int | None:
    # Properties of the program's own errors: what they raise is no fault of ours, and costs only the status.
    status: Any = guarded(lambda: getattr(error, "status_code", None), None)
    if type(status) is not int:
        status = guarded(lambda: getattr(getattr(error, "response", None), "status_code", None), None)
    return status if type(status) is int else None


def _text(error: BaseException) -> str:
    # The one place where code of the program runs: an exception that cannot be printed is named by its type.
    return attempt(lambda: str(error), f"text of {type(error).__name__}")[1] or ""
