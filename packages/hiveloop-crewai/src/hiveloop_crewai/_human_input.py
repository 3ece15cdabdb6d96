"""``human_input=True`` has no event: a guarded wrap of the two prompts of CrewAI's own provider tells question and answer."""

from __future__ import annotations

import functools
import inspect
import time
import uuid
from collections.abc import Callable
from typing import Any, NamedTuple

from hiveloop.adapters import contained, outcome_of

from ._approvals import HUMAN_INPUT
from ._facts import POINT, Fact
from ._settings import captures
from ._watching import assembly
from ._wrapping import Switch, replace

__all__ = ["wrap_prompts"]

_QUESTION = "Is the result good, or what should change?"


def wrap_prompts() -> list[Callable[[], None]]:
    """Wrap them; returns what undoes it. Where CrewAI has moved them nothing is wrapped, and nothing is told."""
    try:
        from crewai.core.providers import human_input
    except ImportError:
        return []
    provider = getattr(human_input, "SyncHumanInputProvider", None)
    wrap = functools.partial(_wrapped, provider)
    return [*replace(provider, "_prompt_input", wrap), *replace(provider, "_prompt_input_async", wrap)]


def _wrapped(provider: Any, original: Any, switch: Switch) -> Any:
    # A static method, or what another tool has put in its place: either gives what is to be called.
    prompt = original.__get__(None, provider) if hasattr(type(original), "__get__") else original
    asking = _asking_async if inspect.iscoroutinefunction(prompt) else _asking
    return staticmethod(asking(prompt, switch))


def _asking(prompt: Callable[..., Any], switch: Switch) -> Callable[..., Any]:
    @functools.wraps(prompt)
    def asking(*args: Any, **kwargs: Any) -> Any:
        question = _asked(switch)
        try:
            answer = prompt(*args, **kwargs)
        except BaseException as error:
            _unanswered(question, error)
            raise
        _answered(question, answer)
        return answer

    return asking


def _asking_async(prompt: Callable[..., Any], switch: Switch) -> Callable[..., Any]:
    @functools.wraps(prompt)
    async def asking(*args: Any, **kwargs: Any) -> Any:
        question = _asked(switch)
        try:
            answer = await prompt(*args, **kwargs)
        except BaseException as error:
            _unanswered(question, error)
            raise
        _answered(question, answer)
        return answer

    return asking


class _Question(NamedTuple):
    """One prompt: its approval id, and the event around it."""

    request_id: str
    parent_id: str | None


@contained
def _asked(switch: Switch) -> _Question | None:
    if not switch.is_on:
        return None
    from crewai.events.event_context import get_current_parent_id

    question = _Question(uuid.uuid4().hex, get_current_parent_id())
    _tell(question, "asks", {"message": _QUESTION, "shown": None, "options": []})
    return question


@contained
def _answered(question: _Question | None, answer: Any) -> None:
    if question is not None:
        text = answer[:500] if isinstance(answer, str) else None
        _tell(question, "answers", {"answer": text, "outcome": None, "ended": None})


@contained
def _unanswered(question: _Question | None, error: BaseException) -> None:
    """Nobody will answer: there is no terminal, or the run was stopped."""
    if question is not None:
        ended = outcome_of(error) or "error"
        _tell(question, "answers", {"answer": None, "outcome": None, "ended": ended})


def _tell(question: _Question, kind: str, data: dict[str, Any]) -> None:
    data = {"request_id": question.request_id, "told": captures(), **data}
    event_id = f"human-input-{uuid.uuid4().hex}"
    assembly.add(Fact(kind, POINT, event_id, question.parent_id, None, time.time(), HUMAN_INPUT, data))
