"""Providers of human input that are the program's own: nothing is known of their prompts, only that they are asked."""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Callable
from typing import Any

from hiveloop.adapters import contained

from ._human_input import Question, answered, asked, is_asking, outermost, unanswered
from ._wrapping import Switch, replace

__all__ = ["wrap_reviews"]

#: Who hands a result to the provider, since 1.15 and before.
_EXECUTORS = (
    ("crewai.agents.agent_executor", "AgentExecutor"),
    ("crewai.agents.crew_agent_executor", "CrewAgentExecutor"),
)
_METHODS = ("_handle_human_feedback", "_ahandle_human_feedback")


def wrap_reviews() -> list[Callable[[], None]]:
    """Wrap them; returns what undoes it. Where CrewAI has moved them nothing is wrapped, and nothing is told."""
    undo: list[Callable[[], None]] = []
    for module, name in _EXECUTORS:
        try:
            owner = getattr(importlib.import_module(module), name, None)
        except ImportError:
            continue
        for method in _METHODS:
            undo += replace(owner, method, _wrapped)
    return undo


def _wrapped(original: Any, switch: Switch) -> Any:
    return (
        _reviewed_async(original, switch)
        if inspect.iscoroutinefunction(original)
        else _reviewed(original, switch)
    )


def _reviewed(original: Any, switch: Switch) -> Any:
    @functools.wraps(original)
    def review(self: Any, given: Any, *args: Any, **kwargs: Any) -> Any:
        call = original.__get__(self, type(self))
        question = _asked(switch)
        if question is None:
            return call(given, *args, **kwargs)
        with outermost():
            try:
                result = call(given, *args, **kwargs)
            except BaseException as error:
                unanswered(question, error)
                raise
        _answered(question, given, result)
        return result

    return review


def _reviewed_async(original: Any, switch: Switch) -> Any:
    @functools.wraps(original)
    async def review(self: Any, given: Any, *args: Any, **kwargs: Any) -> Any:
        call = original.__get__(self, type(self))
        question = _asked(switch)
        if question is None:
            return await call(given, *args, **kwargs)
        with outermost():
            try:
                result = await call(given, *args, **kwargs)
            except BaseException as error:
                unanswered(question, error)
                raise
        _answered(question, given, result)
        return result

    return review


@contained
def _asked(switch: Switch) -> Question | None:
    """A question, unless CrewAI's own provider is asked: its prompts are told one by one."""
    if not switch.is_on:
        return None
    from crewai.core.providers.human_input import get_provider

    return None if is_asking(get_provider()) else asked(switch)


@contained
def _answered(question: Question, given: Any, result: Any) -> None:
    # Nobody says what was answered; a result that comes back as it was has been accepted.
    answered(question, None, "approved" if result is given else "answered")
