"""What adapters build on: bounded run maps, gates, scope resolvers, discovery."""

from __future__ import annotations

from typing import Any

import hiveloop
import pytest
from hiveloop import adapters
from hiveloop.testing import Captured


class Stop(hiveloop.Intervention):
    pass


def test_run_map_is_bounded_and_aged() -> None:
    now = [0.0]
    runs: adapters.RunMap[str] = adapters.RunMap(max_runs=3, ttl_seconds=10, now=lambda: now[0])
    for number in range(3):
        runs.put(number, str(number))
    assert runs.get(0) == "0"
    runs.put(3, "3")
    assert runs.get(1) is None
    assert runs.get(0) == "0"
    assert runs.evicted == 1
    now[0] = 11.0
    runs.put(4, "4")
    assert len(runs) == 1
    assert runs.evicted == 4
    assert runs.pop(4) == "4"
    assert runs.pop(4) is None


def test_gate_is_asked_before_a_tool_and_may_stop_it(hive: Captured) -> None:
    asked: list[tuple[Any, ...]] = []

    def ask(task: Any, kind: str, name: str, arguments: Any) -> str | None:
        asked.append((task.task_id, kind, name))
        if name == "forbidden":
            raise Stop("no")
        return None

    ran: list[str] = []
    agent = hiveloop.agent("a")

    @agent.track("forbidden")
    def forbidden() -> None:
        ran.append("forbidden")

    adapters.add_gate(ask)
    try:
        with pytest.raises(Stop), agent.task("t") as task:
            with agent.track_context("allowed"):
                ran.append("allowed")
            task.llm_call("think", "m")
            forbidden()
    finally:
        adapters.remove_gate(ask)
    assert ran == ["allowed"]
    assert asked == [("t", "tool", "allowed"), ("t", "llm", "think"), ("t", "tool", "forbidden")]
    assert hive.of_type("task_failed")[0]["payload"]["exception_type"] == "Stop"
    assert len(hive.of_type("action_started")) == len(hive.of_type("action_completed")) == 1


def test_gate_replacement_and_registration() -> None:
    assert adapters.gate(None, "tool", "x") is None

    def replace(task: Any, kind: str, name: str, arguments: Any) -> str | None:
        return f"instead of {name}"

    adapters.add_gate(replace)
    try:
        assert adapters.gate(None, "tool", "x", {"a": 1}) == "instead of x"
    finally:
        adapters.remove_gate(replace)
        adapters.remove_gate(replace)
    assert adapters.gate(None, "tool", "x") is None


def test_scope_resolver_puts_user_code_under_the_frameworks_step(hive: Captured) -> None:
    agent = hiveloop.agent("a")
    task = adapters.begin_task(agent, "t")
    assert hiveloop.current_task() is None
    step: list[tuple[str, Any, str] | None] = [None]

    def resolve() -> tuple[str, Any, str] | None:
        return step[0]

    adapters.add_scope_resolver(resolve)
    try:
        step[0] = ("run-1", task, "action-1")
        with agent.track_context("outer"):
            with agent.track_context("inner"):
                pass
            step[0] = ("run-2", task, "action-2")
            with agent.track_context("later"):
                pass
            step[0] = ("run-1", task, "action-1")
            with agent.track_context("back"):
                pass
        assert hiveloop.current_task() is task
    finally:
        adapters.remove_scope_resolver(resolve)
    task.complete()
    started = {e["payload"]["action_name"]: e for e in hive.of_type("action_started")}
    outer = started["outer"]["action_id"]
    assert started["outer"]["parent_action_id"] == "action-1"
    assert started["inner"]["parent_action_id"] == outer
    assert started["later"]["parent_action_id"] == "action-2"
    assert started["back"]["parent_action_id"] == outer
    assert all(event["task_id"] == "t" for event in started.values())


def test_resumed_task_sends_nothing_until_it_ends(hive: Captured) -> None:
    task = adapters.resume_task(hiveloop.agent("a"), "t", "run-1", project="p")
    assert task.is_open
    assert hive.of_type("task_started") == []
    task.complete()
    event = hive.of_type("task_completed")[0]
    assert (event["task_run_id"], event["project_id"]) == ("run-1", "p")


def test_a_gate_that_breaks_costs_no_event(hive: Captured) -> None:
    def broken(*_: Any) -> str | None:
        raise RuntimeError("bug")

    asked: list[tuple[str, str]] = []

    def ask(task: Any, kind: str, name: str, arguments: Any) -> str | None:
        asked.append((kind, name))
        return None

    for gate in (broken, ask):
        adapters.add_gate(gate)
    try:
        agent = hiveloop.agent("a")
        with agent.track_context("tool"):
            pass
        agent.llm_call("think", "m")
    finally:
        for gate in (broken, ask):
            adapters.remove_gate(gate)
    assert len(hive.of_type("action_started")) == len(hive.of_type("action_completed")) == 1
    assert asked == [("tool", "tool"), ("llm", "think")]
    hive.forgive()
