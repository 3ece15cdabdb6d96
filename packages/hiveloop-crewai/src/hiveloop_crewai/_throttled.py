"""Model calls that were refused for their rate and are asked again: CrewAI tries them itself, without a word."""

from __future__ import annotations

import re
from typing import NamedTuple

from . import _translate as translate
from ._actions import status_code
from ._facts import Fact
from ._tree import Node

__all__ = ["tell_retry", "was_refused"]

_TOO_MANY_REQUESTS = 429
_TOO_OFTEN = re.compile(r"rate[ _-]?limit|too many requests|throttl|resource[ _]?exhausted", re.IGNORECASE)
_KEY = "refused_calls"


class _Refused(NamedTuple):
    """The last try of a role's model call: the how manieth it was, when it failed, and why."""

    attempt: int
    at: float
    reason: str
    text: str | None


def was_refused(node: Node, fact: Fact, error_type: str | None) -> None:
    """The call failed; where it was for its rate, the next one beside it is another try."""
    text, status = fact.data["error"], status_code(fact.data["error"])
    if node.parent is None or not (status == _TOO_MANY_REQUESTS or (text and _TOO_OFTEN.search(text))):
        return
    reason = error_type or (f"HTTP {status}" if status is not None else "rate limit")
    told = text if fact.data["told"] else None
    attempt = node.data.get("attempt", 1)
    node.parent.data.setdefault(_KEY, {})[node.data.get("role")] = _Refused(attempt, fact.at, reason, told)


def tell_retry(node: Node, fact: Fact) -> None:
    """A call begins: another try of the one beside it that was refused, if there is one."""
    refused = node.parent.data.get(_KEY) if node.parent is not None else None
    before: _Refused | None = refused.pop(node.data.get("role"), None) if refused else None
    if before is None or node.run is None:
        return
    node.data["attempt"] = before.attempt + 1
    waited = max(0.0, round(fact.at - before.at, 3))
    name = node.role or "llm"
    event = translate.retry_started(
        node.scope, name, before.attempt + 1, before.reason, before.text, backoff_seconds=waited
    )
    node.run.emit(event, fact.at, node.actor)
