"""Neighbouring events that share everything summaries are kept by; what is looked up for one serves them all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import attrgetter
from typing import Any

from .records import EventRecord
from .values import dict_of

__all__ = ["COLLECTOR", "Stored", "Stretch", "stretches"]

#: ``data.via`` of an event that is a person's act at the collector and no sign of life of the agent.
COLLECTOR = "collector"

Stored = tuple[EventRecord, "dict[str, Any] | None"]

_place = attrgetter("tenant", "agent_id", "scope_id", "received_at", "task_id", "task_run_id")


class Stretch:
    """Events of one agent, scope, task run and time of receipt, in order of arrival; never empty."""

    __slots__ = ("events", "first", "last", "records", "times", "types")

    def __init__(self, events: list[Stored]) -> None:
        self.events = events
        self.records = [record for record, _ in events]
        self.times = [record.ts for record in self.records]
        self.types = [record.event_type for record in self.records]
        #: The earliest and the latest time.
        self.first, self.last = min(self.times), max(self.times)

    @property
    def is_act(self) -> bool:
        """Whether it is what a person did here, about the agent and not by it."""
        if len(self.events) > 1:
            return False
        record, payload = self.events[0]
        if record.event_type != "approval_received" and record.kind != "issue":
            return False
        return dict_of((payload or {}).get("data")).get("via") == COLLECTOR

    def earliest(self, event_type: str) -> Stored | None:
        """The earliest event of a type; of equal times the one that arrived first."""
        if event_type not in self.types:
            return None
        chosen = (at for at, name in enumerate(self.types) if name == event_type)
        return self.events[min(chosen, key=self.times.__getitem__)]


def _key(event: Stored) -> object:
    return _place(event[0])


def stretches(events: Iterable[Stored]) -> Iterator[Stretch]:
    """The events cut where one of the shared values changes."""
    for _, neighbours in groupby(events, _key):
        yield Stretch(list(neighbours))
