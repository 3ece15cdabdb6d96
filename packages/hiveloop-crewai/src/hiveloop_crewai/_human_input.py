"""``human_input=True`` has no event: a guarded wrap of the two prompts of CrewAI's own provider tells question and answer."""

from __future__ import annotations

import functools
import inspect
import time
import uuid
from collections.abc import Callable
from typing import Any

from hiveloop.adapters import contained

from ._approvals import HUMAN_INPUT
from ._facts import POINT, Fact
from ._settings import captures
from ._watching import assembly

__all__ = ["wrap_prompts"]

_QUESTION = "Is the result good, or what should change?"


def wrap_prompts() -> list[Callable[[], None]]:
    """Wrap them; returns what undoes it. Where CrewAI has moved them nothing is wrapped, and nothing is told."""
    try:
        from crewai.core.providers import human_input
    except ImportError:
        return []
    provider = getattr(human_input, "SyncHumanInputProvider", None)
    names = ("_prompt_input", "_prompt_input_async")
    if not isinstance(provider, type):
        return []
    undo = (_wrap(provider, name, vars(provider).get(name)) for name in names)
    return [each for each in undo if each is not None]


def _wrap(provider: type, name: str, original: Any) -> Callable[[], None] | None:
    if not isinstance(original, staticmethod):
        return None
    prompt = original.__func__
    ours = staticmethod(_asking_async(prompt) if inspect.iscoroutinefunction(prompt) else _asking(prompt))
    setattr(provider, name, ours)

    def undo() -> None:
        # Somebody who wrapped after us keeps their wrapper.
        if vars(provider).get(name) is ours:
            setattr(provider, name, original)

    return undo


def _asking(prompt: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(prompt)
    def asking(*args: Any, **kwargs: Any) -> Any:
        _tell("asks", None)
        answer = prompt(*args, **kwargs)
        _tell("answers", answer)
        return answer

    return asking


def _asking_async(prompt: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(prompt)
    async def asking(*args: Any, **kwargs: Any) -> Any:
        _tell("asks", None)
        answer = await prompt(*args, **kwargs)
        _tell("answers", answer)
        return answer

    return asking


@contained
def _tell(kind: str, answer: Any) -> None:
    from crewai.events.event_context import get_current_parent_id

    data: dict[str, Any] = {
        "message": _QUESTION,
        "shown": None,
        "options": [],
        "request_id": None,
        "answer": answer[:500] if isinstance(answer, str) else None,
        "outcome": None,
        "told": captures(),
    }
    event_id = f"human-input-{uuid.uuid4().hex}"
    assembly.add(Fact(kind, POINT, event_id, get_current_parent_id(), None, time.time(), HUMAN_INPUT, data))
