"""Whatever order the bus's threads deliver in, and however late, the same story is told."""

from __future__ import annotations

import random
from functools import cache
from typing import Any
from unittest import mock

import hiveloop
import hiveloop_crewai
import pytest
from hiveloop import _safety
from hiveloop.testing import capture_events
from hiveloop_crewai import _watching
from hiveloop_crewai._assembly import Assembly
from hiveloop_crewai._facts import Fact
from hiveloop_crewai._story import Story
from hypothesis import given, settings
from hypothesis import strategies as st

from .replaying import played

STREAMS = (
    "delegation",
    "parallel_tools",
    "retry",
    "guardrail",
    "hierarchical",
    "failure",
    "flow_with_feedback",
)


class Unattended(Assembly):
    """Without a thread of its own: time passes when the test says so."""

    def __init__(self) -> None:
        self.time = 0.0
        self.story = Story(lambda: self.time)
        super().__init__(self.story.tell, self.story.sweep, lambda: self.time)

    def _wake(self) -> None:
        self._changed.notify_all()

    def pass_time(self, seconds: float) -> None:
        self.time += seconds
        self.tick()


@cache
def facts_of(name: str) -> tuple[Fact, ...]:
    """The facts the bus delivered while this recording was played."""
    facts: list[Fact] = []
    hiveloop_crewai.instrument()
    with capture_events(), mock.patch.object(_watching.assembly, "add", facts.append):
        played(name)
        hiveloop.flush()
    hiveloop_crewai.uninstrument()
    assert len(facts) > 10
    return tuple(facts)


def told(deliver: Any) -> list[dict[str, Any]]:
    """What is sent when the facts are delivered like this, without what differs by the moment of sending."""
    assembly = Unattended()
    swallowed: list[BaseException] = []

    def listen(error: BaseException, where: str) -> None:
        swallowed.append(error)

    _safety.listeners.append(listen)
    try:
        with capture_events() as seen:
            deliver(assembly)
            assembly.settle()
    finally:
        _safety.listeners.remove(listen)
    assert not swallowed
    assert seen.of_type("task_completed", "task_failed")
    events = []
    for event in seen.events:
        if event["event_type"] == "agent_registered":
            continue
        event.pop("event_id")
        if (event["payload"] or {}).get("kind") == "issue":
            event.pop("timestamp")
        events.append(event)
    return events


def as_set(events: list[dict[str, Any]]) -> list[str]:
    return sorted(repr(sorted(event.items(), key=str)) for event in events)


def in_time(name: str) -> list[dict[str, Any]]:
    """The story when everything arrives at once and in order."""
    facts = sorted(facts_of(name), key=lambda fact: fact.at)
    return told(lambda assembly: [assembly.add(fact) for fact in facts])


@pytest.mark.parametrize("name", STREAMS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_order_tells_the_same(name: str, data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(facts_of(name)))

    def deliver(assembly: Unattended) -> None:
        for fact in shuffled:
            assembly.add(fact)

    assert told(deliver) == in_time(name), "the same events, in the same order"


@pytest.mark.parametrize("name", ["delegation", "parallel_tools", "hierarchical", "flow_with_feedback"])
@pytest.mark.parametrize("seed", range(10))
def test_late_facts_find_their_place(name: str, seed: int) -> None:
    """Each is late by up to 1.9 s: far beyond the window in which order can be repaired, within that of causes."""
    chance = random.Random(seed)
    arrivals = sorted((chance.uniform(0, 1.9), index) for index in range(len(facts_of(name))))

    def deliver(assembly: Unattended) -> None:
        for when, index in arrivals:
            assembly.pass_time(max(0.0, when - assembly.time))
            assembly.add(facts_of(name)[index])

    assert as_set(timeless(told(deliver))) == as_set(timeless(in_time(name)))


def timeless(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without what follows the order of telling: counts, and the id of a question that came after its answer."""
    kept = []
    for event in events:
        payload = event["payload"] or {}
        if payload.get("kind") == "queue_snapshot":
            continue
        if payload.get("kind") == "llm_call":
            payload["data"]["metadata"].pop("turn_number")
        if event["event_type"] == "approval_received":
            payload["data"].pop("approval_id", None)
        kept.append(event)
    return kept


@pytest.mark.parametrize("name", ["delegation", "parallel_tools"])
def test_a_fact_that_never_comes_costs_only_itself(name: str) -> None:
    facts = sorted(facts_of(name), key=lambda fact: fact.at)
    spent = sum(tokens_of(fact) for fact in facts)
    for missing in range(len(facts)):

        def deliver(assembly: Unattended, missing: int = missing) -> None:
            for index, fact in enumerate(facts):
                if index != missing:
                    assembly.add(fact)
            assembly.pass_time(0.2)
            assembly.pass_time(3.0)

        events = told(deliver)
        lost = facts[missing]
        ended_calls = [e for e in events if (e["payload"] or {}).get("kind") == "llm_call"]
        assert sum(e["payload"]["data"].get("tokens_in", 0) for e in ended_calls) == spent - tokens_of(lost)
        started = {e["action_id"] for e in events if e["event_type"] == "action_started"}
        ended = [e["action_id"] for e in events if e["event_type"] in ("action_completed", "action_failed")]
        assert len(ended) == len(set(ended))
        assert set(ended) <= started


def tokens_of(fact: Fact) -> int:
    return fact.data["usage"].tokens_in or 0 if fact.kind == "llm" and fact.phase == "end" else 0


def test_a_start_that_nobody_ends_is_aborted_with_what_is_around_it() -> None:
    facts = [fact for fact in facts_of("parallel_tools") if not (fact.kind == "tool" and fact.phase == "end")]

    def deliver(assembly: Unattended) -> None:
        for fact in facts:
            assembly.add(fact)

    ends = [e for e in told(deliver) if e["event_type"] == "action_completed"]
    assert [e["status"] for e in ends if e["payload"]["action_name"] == "get_weather"] == [
        "aborted",
        "aborted",
    ]


def test_the_end_of_the_program_ends_what_is_open() -> None:
    starts = [fact for fact in facts_of("delegation") if fact.phase == "start"]
    assembly = Unattended()
    with capture_events() as seen:
        for fact in starts:
            assembly.add(fact)
        assembly.settle()
        assembly.story.abort(starts[-1].at + 1)
    assert [event["status"] for event in seen.of_type("task_completed")] == ["aborted"]
    assert len(seen.of_type("action_started")) == len(seen.of_type("action_completed"))
    assert all("tokens_in" not in event["payload"]["data"] for event in seen.kinds("llm_call"))
    assert not assembly.story.tree.open
