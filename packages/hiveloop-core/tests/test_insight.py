"""What tasks and agents tell of themselves: each method its kind, whatever it is given; never a state's value or a prompt."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import hiveloop
import pytest
from hiveloop.testing import capture_events

from .hostile import Boom
from .nasty import NASTY
from .test_task_record import is_large

#: Holder, a full call, and the data it is told with.
CALLS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "task.learning": (
        {
            "description": "Selected the wrong tool", "trigger": "reflection", "category": "tool_selection",
            "correction_applied": True, "turn_number": 3, "extra": "x",
        },
        {
            "description": "Selected the wrong tool", "trigger": "reflection", "category": "tool_selection",
            "correction_applied": True, "turn_number": 3, "extra": "x",
        },
    ),
    "task.context_compaction": (
        {
            "tokens_before": 1000, "tokens_after": 250, "method": "summary", "messages_removed": 12,
            "turn_number": 4,
        },
        {
            "tokens_before": 1000, "tokens_after": 250, "tokens_removed": 750, "compression_ratio": 0.25,
            "method": "summary", "messages_removed": 12, "turn_number": 4,
        },
    ),
    "task.error_context": (
        {
            "error": "bad", "error_type": "HTTPError", "error_message": "403", "api_name": "crm",
            "status_code": 403, "response_body": "no", "retry_eligible": False, "turn_number": 1,
            "action_name": "search",
        },
        {
            "error_type": "HTTPError", "error_message": "403", "api_name": "crm", "status_code": 403,
            "response_body": "no", "retry_eligible": False, "turn_number": 1, "action_name": "search",
        },
    ),
    "task.memory_op": (
        {"operation": "write", "store": "db", "key_or_query": "k", "result_count": 0, "latency_ms": 1.5},
        {"operation": "write", "store": "db", "key_or_query": "k", "result_count": 0, "latency_ms": 1.5},
    ),
    "task.reflection": ({"summary": "On course", "decision": "go on"}, {"decision": "go on"}),
    "agent.runtime": (
        {"event": "model_switched", "summary": "s", "to_model": "m2"},
        {"event": "model_switched", "to_model": "m2"},
    ),
    "agent.memory_op": (
        {"operation": "search", "store": "db", "key_or_query": "k", "result_count": 2, "latency_ms": 3},
        {"operation": "search", "store": "db", "key_or_query": "k", "result_count": 2, "latency_ms": 3},
    ),
    "agent.config_snapshot": (
        {
            "model": "m", "temperature": 0.0, "max_turns": 5, "max_tokens": 100, "tools": ["a"],
            "system_prompt": "You are", "system_prompt_tokens": 2, "version": "1",
        },
        {
            "model": "m", "temperature": 0.0, "max_turns": 5, "max_tokens": 100, "tools": ["a"],
            "system_prompt_hash": "a7c9c26f8ddc5ad4", "system_prompt_chars": 7, "system_prompt_tokens": 2,
            "version": "1",
        },
    ),
}  # fmt: skip
METHODS = pytest.mark.parametrize("where", sorted(CALLS))


def tell(where: str, task: Any, **arguments: Any) -> None:
    holder, _, method = where.partition(".")
    assert getattr(task if holder == "task" else task.agent, method)(**arguments) is None


@METHODS
def test_each_method_tells_its_kind(where: str) -> None:
    arguments, data = CALLS[where]

    async def from_a_coroutine() -> None:
        async with hiveloop.agent("a").task("t") as task:
            tell(where, task, **arguments)

    with capture_events() as seen:
        with hiveloop.agent("a").task("t") as task:
            tell(where, task, **arguments)
        asyncio.run(from_a_coroutine())
    first, second = seen.kinds(where.partition(".")[2])
    assert first["payload"] == second["payload"]
    told = dict(first["payload"]["data"])
    if "system_prompt_hash" in told:
        assert len(told.pop("system_prompt_hash")) == 16
        data = {key: value for key, value in data.items() if key != "system_prompt_hash"}
    assert told == data
    assert (first.get("task_id") == "t") is where.startswith("task")


@METHODS
def test_before_init_nothing_happens(where: str) -> None:
    with hiveloop.agent("a").task("t") as task:
        tell(where, task, **CALLS[where][0])


@METHODS
def test_none_and_hostile_values_anywhere(where: str) -> None:
    holder, _, method = where.partition(".")
    cls = hiveloop.Task if holder == "task" else hiveloop.Agent
    names = [
        name
        for name, parameter in inspect.signature(getattr(cls, method)).parameters.items()
        if name != "self" and parameter.kind is not parameter.VAR_KEYWORD
    ]
    expected = 1
    with capture_events() as seen:
        with hiveloop.agent("a").task("t") as task:
            tell(where, task, **dict.fromkeys(names))
            for number, key in enumerate((None, *NASTY)):
                large = key is not None and is_large(key)
                for name in [names[number % len(names)]] if large else names:
                    before = len(seen._raw)
                    tell(where, task, **{**CALLS[where][0], name: None if key is None else NASTY[key]()})
                    assert len(seen._raw) == before + 1, (name, key)
                    expected += 1
            if method not in ("config_snapshot", "memory_op"):
                for make in NASTY.values():
                    tell(where, task, **{**CALLS[where][0], "more": make()})
                expected += len(NASTY)
    assert len(seen.kinds(method)) == expected


def test_it_nests_under_the_current_action() -> None:
    with capture_events() as seen:
        agent = hiveloop.agent("a")
        with agent.task("t") as task, agent.track_context("phase") as action:
            task.learning("x")
            task.watch_state({})
            task.watch_state({"a": 1})
    told = seen.kinds("learning", "state_mutation")
    assert [event["action_id"] for event in told] == [action.action_id] * 2


def test_an_error_tells_its_type_and_message() -> None:
    with capture_events() as seen:
        with hiveloop.agent("a").task() as task:
            task.error_context(ValueError("no such lead"))
            task.error_context(Boom("x"), error_message="said otherwise")
    first, second = (event["payload"] for event in seen.kinds("error_context"))
    assert first["data"] == {"error_type": "ValueError", "error_message": "no such lead"}
    assert first["summary"] == "ValueError: no such lead"
    assert second["data"]["error_message"] == "said otherwise"


@pytest.mark.parametrize(
    ("before", "after", "removed", "ratio"),
    [(100, 25, 75, 0.25), (0, 0, 0, None), (10, 20, 0, 2.0), (None, 5, None, None), (-1, 5, None, None)],
)
def test_what_a_compaction_came_to(before: Any, after: Any, removed: Any, ratio: Any) -> None:
    with capture_events() as seen:
        with hiveloop.agent("a").task() as task:
            task.context_compaction(before, after)
    data = seen.kinds("context_compaction")[0]["payload"]["data"]
    assert (data.get("tokens_removed"), data.get("compression_ratio")) == (removed, ratio)


def test_a_prompt_never_leaves_and_its_change_shows() -> None:
    with capture_events() as seen:
        agent = hiveloop.agent("a")
        for prompt in ("You are secret", "You are secret", "You are secret."):
            agent.config_snapshot(system_prompt=prompt)
    hashes = [event["payload"]["data"]["system_prompt_hash"] for event in seen.kinds("config_snapshot")]
    assert hashes[0] == hashes[1] != hashes[2]
    assert b"secret" not in seen.raw


def test_a_watched_state_tells_keys_and_never_values() -> None:
    with capture_events() as seen:
        with hiveloop.agent("a").task() as task:
            state: dict[str, Any] = {"lead": "topsecret-1", "score": 1, "gone": True}
            task.watch_state(state)
            task.watch_state(state)
            state.update(lead="topsecret-2", score="topsecret-3", new=[1])
            del state["gone"]
            task.watch_state(state)
            for make in NASTY.values():
                task.watch_state(make())
                task.watch_state({"value": make()})
    data = seen.kinds("state_mutation")[0]["payload"]["data"]
    assert data["keys_changed"] == ["gone", "lead", "new", "score"]
    assert {key: change["action"] for key, change in data["changes"].items()} == {
        "gone": "removed", "lead": "modified", "new": "added", "score": "modified",
    }  # fmt: skip
    assert data["changes"]["score"] == {"action": "modified", "old_type": "int", "new_type": "str"}
    assert (data["mutation_number"], data["turn_number"], data["state_size"]) == (1, 3, 3)
    assert b"topsecret" not in seen.raw
