"""``human_input=True`` has no event: a guarded wrap of the two prompts of CrewAI's own provider tells question and answer."""

from __future__ import annotations

import functools
import inspect
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

from hiveloop.adapters import contained, outcome_of

from ._approvals import HUMAN_INPUT
from ._facts import POINT, Fact
from ._settings import captures
from ._watching import assembly
from ._wrapping import Switch, replace

__all__ = ["Question", "answered", "asked", "is_asking", "outermost", "unanswered", "wrap_prompts"]

_MARK = "_hiveloop_crewai_asks"
#: Whether the review that the running code is part of is told as a whole.
_is_told: ContextVar[bool] = ContextVar("hiveloop_crewai_review", default=False)
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
    ours = asking(prompt, switch)
    setattr(ours, _MARK, True)
    return staticmethod(ours)


def is_asking(provider: Any) -> bool:
    """Whether this provider reviews as CrewAI's own does, by the prompts that are wrapped here."""
    from crewai.core.providers import human_input

    own = human_input.SyncHumanInputProvider
    kind = type(provider)
    return all(
        getattr(getattr(kind, name, None), _MARK, False) for name in ("_prompt_input", "_prompt_input_async")
    ) and all(
        getattr(kind, name, None) is getattr(own, name, None)
        for name in ("handle_feedback", "handle_feedback_async")
    )


@contextmanager
def outermost() -> Iterator[None]:
    """Inside a review that is told as a whole: its prompts are a part of it."""
    token = _is_told.set(True)
    try:
        yield
    finally:
        _is_told.reset(token)


def _asking(prompt: Callable[..., Any], switch: Switch) -> Callable[..., Any]:
    @functools.wraps(prompt)
    def asking(*args: Any, **kwargs: Any) -> Any:
        question = asked(switch)
        try:
            answer = prompt(*args, **kwargs)
        except BaseException as error:
            unanswered(question, error)
            raise
        answered(question, answer)
        return answer

    return asking


def _asking_async(prompt: Callable[..., Any], switch: Switch) -> Callable[..., Any]:
    @functools.wraps(prompt)
    async def asking(*args: Any, **kwargs: Any) -> Any:
        question = asked(switch)
        try:
            answer = await prompt(*args, **kwargs)
        except BaseException as error:
            unanswered(question, error)
            raise
        answered(question, answer)
        return answer

    return asking


class Question(NamedTuple):
    """One prompt or review: its approval id, and the event around it."""

    request_id: str
    parent_id: str | None


@contained
def asked(switch: Switch) -> Question | None:
    """A person is asked about a result."""
    if not switch.is_on or _is_told.get():
        return None
    from crewai.events.event_context import get_current_parent_id

    question = Question(uuid.uuid4().hex, get_current_parent_id())
    _tell(question, "asks", {"message": _QUESTION, "shown": None, "options": []})
    return question


@contained
def answered(question: Question | None, answer: Any, decision: str | None = None) -> None:
    """The person answered; the ``decision`` is read from the words where it is not given."""
    if question is not None:
        text = answer[:500] if isinstance(answer, str) else None
        _tell(question, "answers", {"answer": text, "outcome": None, "ended": decision})


@contained
def unanswered(question: Question | None, error: BaseException) -> None:
    """Nobody will answer: there is no terminal, or the run was stopped."""
    if question is not None:
        ended = outcome_of(error) or "error"
        _tell(question, "answers", {"answer": None, "outcome": None, "ended": ended})


def _tell(question: Question, kind: str, data: dict[str, Any]) -> None:
    data = {"request_id": question.request_id, "told": captures(), **data}
    event_id = f"human-input-{uuid.uuid4().hex}"
    assembly.add(Fact(kind, POINT, event_id, question.parent_id, None, time.time(), HUMAN_INPUT, data))
