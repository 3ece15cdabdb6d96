"""What a run or turn returned → the payload of its end."""

from __future__ import annotations

import re
from typing import Any

from hiveloop.adapters.preview import RESULT_CHARS, preview

from ._extract import content_text
from ._nodes import RunNode

__all__ = ["last_message", "result_payload"]

#: The reasons AutoGen's own limits give: such a run stopped, and may not be done.
_LIMIT = re.compile(r"Maximum number of |Timeout of |Token usage limit reached|Max rounds reached")


def last_message(result: Any) -> Any:
    """The last chat message of a ``TaskResult``, or the message of a ``Response``."""
    message = getattr(result, "chat_message", None)
    if message is not None:
        return message
    messages = getattr(result, "messages", None)
    return messages[-1] if isinstance(messages, (list, tuple)) and messages else None


def result_payload(node: RunNode) -> dict[str, Any]:
    """Stop reason, number of messages, and the last text where content is captured."""
    result = node.result
    payload: dict[str, Any] = {}
    messages = getattr(result, "messages", None)
    if isinstance(messages, (list, tuple)):
        payload["message_count"] = len(messages)
    reason = getattr(result, "stop_reason", None)
    if isinstance(reason, str) and reason:
        if _LIMIT.search(reason):
            payload["limit_reached"] = True
        if node.root.capture:
            # Where a model decides when to stop, the reason is its words.
            payload["stop_reason"] = preview(reason, RESULT_CHARS)
    text = (
        content_text(getattr(last_message(result), "content", None), RESULT_CHARS)
        if node.root.capture
        else ""
    )
    if text:
        payload["output"] = text
    return payload
