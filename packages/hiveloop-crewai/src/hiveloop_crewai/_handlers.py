"""The handlers on CrewAI's event bus: read the event off at once, hand the fact on, and never hold what it carries."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import hiveloop
from hiveloop.adapters import contained

from ._catalogue import EVENTS, Listened
from ._facts import OUTERMOST, START, Ambient, Fact, seconds_of
from ._models import first_tokens
from ._settings import captures
from ._watching import assembly, listening

__all__ = ["register", "unregister"]

Handler = Callable[[Any, Any], None]


def register() -> list[tuple[type, Handler]]:
    """Listen to every event of the catalogue that this version of CrewAI has; returns what to unregister."""
    from crewai.events import crewai_event_bus

    pairs: list[tuple[type, Handler]] = []
    for listened in EVENTS:
        kind = _class(listened.module, listened.name)
        if kind is not None:
            pairs.append((kind, _handler(listened)))
    chunk = _class("llm_events", "LLMStreamChunkEvent")
    if chunk is not None:
        pairs.append((chunk, on_chunk))
    for kind, handler in pairs:
        crewai_event_bus.on(kind)(handler)
    return pairs


def unregister(pairs: list[tuple[type, Handler]]) -> None:
    """Stop listening."""
    from crewai.events import crewai_event_bus

    for kind, handler in pairs:
        crewai_event_bus.off(kind, handler)


def _class(module: str, name: str) -> Any:
    """An event class, wherever its module; ``None`` where this version has none."""
    try:
        found = importlib.import_module(f"crewai.events.types.{module}")
    except ImportError:
        return None
    return getattr(found, name, None)


def _handler(listened: Listened) -> Handler:
    # Exactly two parameters: the bus counts them to decide what it passes.
    @contained
    def on_event(source: Any, event: Any) -> None:
        if not _is_replaying():
            with listening():
                assembly.add(_fact(listened, source, event))

    return on_event


def _fact(listened: Listened, source: Any, event: Any) -> Fact:
    key, data = listened.read(source, event, captures())
    parent_id = event.parent_event_id
    ambient = None
    if listened.phase == START and (parent_id is None or listened.kind in OUTERMOST):
        # Handlers run in a copy of the emitter's context, so this is the task around the kickoff.
        task = hiveloop.current_task()
        if task is not None and task.is_open:
            action = hiveloop.current_action()
            ambient = Ambient(task, action.action_id if action is not None else None)
    return Fact(
        listened.kind,
        listened.phase,
        event.event_id,
        parent_id,
        event.started_event_id,
        seconds_of(event.timestamp),
        key,
        data,
        ambient,
    )


def _is_replaying() -> bool:
    from crewai.events import event_bus

    is_replaying = getattr(event_bus, "is_replaying", None)
    return is_replaying is not None and bool(is_replaying())


def on_chunk(source: Any, event: Any) -> None:
    """A piece of an answer, on the emitter's own thread: all but the first must cost nothing."""
    if not first_tokens.known(event.call_id):
        _note_chunk(event)


@contained
def _note_chunk(event: Any) -> None:
    if event.chunk or event.tool_call is not None:
        first_tokens.note(event.call_id, seconds_of(event.timestamp))
