"""The record of a run: every method tells its event, whatever it is given, from wherever it is called."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable
from typing import Any

import hiveloop
import pytest
from hiveloop import Task
from hiveloop.middleware import DropContent, Redact
from hiveloop.testing import Captured, capture_events

from .nasty import NASTY

#: Method, a full call of it, the kind it is told as, and its data.
CALLS: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
    "set_tag": ({"key": "env", "value": "prod"}, "run_update", {"tags": {"env": "prod"}}),
    "set_metadata": ({"key": "n", "value": {"a": [1]}}, "run_update", {"metadata": {"n": {"a": [1]}}}),
    "set_result": ({"result": {"answer": 42}}, "run_update", {"result": {"answer": 42}}),
    "score": (
        {"name": "relevance", "value": 0.92, "data_type": "numeric", "comment": "good"},
        "score",
        {"name": "relevance", "value": 0.92, "data_type": "numeric", "comment": "good"},
    ),
    "step": (
        {"name": "search", "output": {"n": 5}},
        "step",
        {"name": "search", "output": {"n": 5}, "position": 1},
    ),
    "tool_call": (
        {
            "name": "web", "input": {"q": 1}, "output": [1], "duration_ms": 250, "status": "ok",
            "tool_type": "api", "error": None,
        },
        "tool_call",
        {"name": "web", "input": {"q": 1}, "output": [1], "duration_ms": 250, "status": "ok", "tool_type": "api"},
    ),
    "retrieval": (
        {
            "query": "q", "documents": [{"id": "d"}], "source": "pinecone", "duration_ms": 120.4, "top_k": 5,
            "scores": [0.9, 0.8],
        },
        "retrieval",
        {
            "query": "q", "documents": [{"id": "d"}], "source": "pinecone", "duration_ms": 120, "top_k": 5,
            "scores": [0.9, 0.8],
        },
    ),
    "decision": (
        {
            "name": "route", "options": ["a", "b"], "chosen": "a", "reasoning": "r", "confidence": 0.95,
            "metadata": {"m": 1},
        },
        "decision",
        {
            "name": "route", "options": ["a", "b"], "chosen": "a", "reasoning": "r", "confidence": 0.95,
            "metadata": {"m": 1},
        },
    ),
    "reasoning": (
        {"step": "s", "thought": "t", "evidence": ["e"], "conclusion": "c"},
        "reasoning",
        {"step": "s", "thought": "t", "evidence": ["e"], "conclusion": "c"},
    ),
    "policy_check": (
        {
            "policy_name": "p", "action": "warn", "category": "budget", "reason": "80 %", "duration_ms": 1.5,
            "phase": "mid_execution", "priority": 100,
        },
        "policy_check",
        {
            "policy_name": "p", "action": "warn", "category": "budget", "reason": "80 %", "duration_ms": 1.5,
            "phase": "mid_execution", "priority": 100,
        },
    ),
    "user_message": ({"content": "Hi"}, "message", {"role": "user", "content": "Hi"}),
    "agent_response": ({"content": "Ho"}, "message", {"role": "assistant", "content": "Ho"}),
    "retry": (
        {
            "summary": "Again", "attempt": 2, "backoff_seconds": 1.5, "reason": "429", "strategy": "fallback",
            "original_error": "429 Too Many Requests", "fallback_to": "m2", "max_attempts": 3,
        },
        "retry_started",
        {
            "attempt": 2, "backoff_seconds": 1.5, "reason": "429", "strategy": "fallback",
            "original_error": "429 Too Many Requests", "fallback_to": "m2", "max_attempts": 3,
        },
    ),
}  # fmt: skip
METHODS = pytest.mark.parametrize("method", sorted(CALLS))


def is_large(key: str) -> bool:
    return any(word in key for word in ("MB", "000", "million", "shared", "endless", "deep"))


def told(seen: Captured, kind: str) -> list[dict[str, Any]]:
    return [*seen.kinds(kind), *seen.of_type(kind)] if kind != "custom" else seen.events


def call(task: Task, method: str) -> None:
    assert getattr(task, method)(**CALLS[method][0]) is None


@METHODS
def test_each_method_tells_its_event(method: str) -> None:
    _, kind, data = CALLS[method]
    with capture_events() as seen:
        with hiveloop.agent("a").task("t", project="p") as task:
            call(task, method)
    (event,) = told(seen, kind)
    assert event["payload"]["data"] == data
    assert (event["task_id"], event["task_run_id"], event["project_id"]) == ("t", task.run_id, "p")
    assert 0 < len(event["payload"]["summary"]) <= 512


@METHODS
def test_and_so_in_a_coroutine_and_from_a_thread(method: str) -> None:
    _, kind, data = CALLS[method]

    async def run(task: Task) -> None:
        await asyncio.sleep(0)
        call(task, method)

    async def main() -> None:
        async with hiveloop.agent("a").task("t") as task:
            await asyncio.gather(run(task))
            thread = threading.Thread(target=call, args=(task, method))
            thread.start()
            thread.join()

    with capture_events() as seen:
        asyncio.run(main())
    first, second = (event["payload"]["data"] for event in told(seen, kind))
    assert first == data
    assert second | {"position": 1} == data | {"position": 1}


@METHODS
def test_before_init_it_does_nothing(method: str) -> None:
    with hiveloop.agent("a").task("t") as task:
        call(task, method)
    with capture_events() as seen:
        pass
    assert seen.events == []


@METHODS
def test_none_anywhere(method: str) -> None:
    _, kind, _ = CALLS[method]
    names = list(inspect.signature(getattr(Task, method)).parameters)[1:]
    with capture_events() as seen:
        with hiveloop.agent("a").task("t") as task:
            getattr(task, method)(**dict.fromkeys(names))
            for name in names:
                getattr(task, method)(**{**CALLS[method][0], name: None})
    without_a_name = 2 if method in ("set_tag", "set_metadata") else 0
    events = told(seen, kind)
    assert len(events) == len(names) + 1 - without_a_name
    assert all(None not in event["payload"].get("data", {}).values() for event in events)


@METHODS
def test_hostile_values_anywhere(method: str) -> None:
    _, kind, _ = CALLS[method]
    names = list(inspect.signature(getattr(Task, method)).parameters)[1:]
    expected = 0
    with capture_events() as seen:
        with hiveloop.agent("a").task("t") as task:
            for number, (key, make) in enumerate(NASTY.items()):
                # A large value costs its own making and reading: each is tried in one place of each method.
                for name in [names[number % len(names)]] if is_large(key) else names:
                    value = make()
                    before = len(seen._raw)
                    getattr(task, method)(**{**CALLS[method][0], name: value})
                    expected += 1
                    is_nameless = name == "key" and len(seen._raw) == before
                    expected -= is_nameless
                    assert is_nameless or len(seen._raw) == before + 1, (name, value)
    assert len(told(seen, kind)) == expected
    assert len(seen.raw) < expected * 70_000


@METHODS
def test_it_nests_under_the_current_action(method: str) -> None:
    _, kind, _ = CALLS[method]
    with capture_events() as seen:
        agent = hiveloop.agent("a")
        with agent.task("t") as task:
            call(task, method)
            with agent.track_context("phase") as action:
                call(task, method)
                with hiveloop.agent("b").task("other"):
                    call(task, method)
    events = told(seen, kind)
    assert [event.get("action_id") for event in events] == [None, action.action_id, None]
    assert {event["task_id"] for event in events} == {"t"}


SECRET = "sk-Ab12Cd34Ef56Gh78Ij90Kl12"


@METHODS
def test_secrets_are_redacted_and_content_can_be_kept_back(method: str) -> None:
    """Whatever a person or a model said goes; names, numbers and grades stay."""
    arguments, kind, _ = CALLS[method]
    filled = {
        name: SECRET if isinstance(value, str) else {"deep": SECRET} if isinstance(value, dict) else value
        for name, value in arguments.items()
    }
    with capture_events(middleware=[Redact(patterns=[r"sk-[A-Za-z0-9]+"])]) as seen:
        with hiveloop.agent("a").task("t") as task:
            getattr(task, method)(**filled)
    assert told(seen, kind)
    assert SECRET.encode() not in seen.raw


@pytest.mark.parametrize(
    ("tell", "kept"),
    [
        (lambda t: t.tool_call("web", {"q": SECRET}, SECRET, duration_ms=3), b'"duration_ms":3'),
        (lambda t: t.retrieval(SECRET, [SECRET], "pinecone"), b"pinecone"),
        (lambda t: t.decision("route", ["a"], "a", SECRET), b'"chosen":"a"'),
        (lambda t: t.reasoning("think", SECRET, [SECRET], SECRET), b'"step":"think"'),
        (lambda t: t.step("search", SECRET), b'"position":1'),
        (lambda t: t.score("tone", 1, comment=SECRET), b'"name":"tone"'),
        (lambda t: t.set_result({"answer": SECRET}), b"run_update"),
        (lambda t: t.user_message(SECRET), b'"role":"user"'),
        (lambda t: t.agent_response(SECRET), b'"role":"assistant"'),
        (lambda t: t.memory_op("read", "db", SECRET), b'"store":"db"'),
        (lambda t: t.error_context(api_name="crm", response_body=SECRET), b'"api_name":"crm"'),
    ],
)  # fmt: skip
def test_without_content_only_the_shape_leaves(tell: Callable[[Task], None], kept: bytes) -> None:
    for chain in ({"middleware": [DropContent()]}, {"capture_content": False}):
        with capture_events(**chain) as seen:  # type: ignore[arg-type]
            with hiveloop.agent("a").task("t", inputs={"q": SECRET}) as task:
                tell(task)
        assert kept in seen.raw
        assert SECRET.encode() not in seen.raw


# -- what the methods know --


def test_steps_are_numbered_across_threads() -> None:
    with capture_events() as seen:
        with hiveloop.agent("a").task() as task:
            threads = [threading.Thread(target=lambda: [task.step("s") for _ in range(50)]) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    positions = sorted(event["payload"]["data"]["position"] for event in seen.kinds("step"))
    assert positions == list(range(1, 201))


@pytest.mark.parametrize(
    ("value", "given", "kept"),
    [
        (True, "numeric", "numeric"), (True, "nonsense", "boolean"), (0.5, "nonsense", "numeric"),
        ("warm", None, "categorical"), (False, "boolean", "boolean"), (None, "score", "categorical"),
    ],
)  # fmt: skip
def test_a_score_has_a_type(value: Any, given: Any, kept: str) -> None:
    with capture_events() as seen:
        with hiveloop.agent("a").task() as task:
            task.score("s", value, given)
    assert seen.kinds("score")[0]["payload"]["data"]["data_type"] == kept


def test_a_tool_that_failed_says_so() -> None:
    with capture_events() as seen:
        with hiveloop.agent("a").task() as task:
            task.tool_call("web", error="timeout")
            task.tool_call("web", status="error")
            task.tool_call("web", error="")
    events = seen.kinds("tool_call")
    assert [event["payload"]["data"]["status"] for event in events] == ["error", "error", "ok"]
    assert [event.get("severity") for event in events] == ["error", "error", None]


@pytest.mark.parametrize(
    ("action", "severity"), [("allow", None), ("warn", "warn"), ("throttle", "warn"), ("block", "error")]
)
def test_how_grave_a_policy_check_is(action: str, severity: str | None) -> None:
    with capture_events() as seen:
        with hiveloop.agent("a").task() as task:
            task.policy_check("p", action)
    assert seen.kinds("policy_check")[0].get("severity") == severity


def test_the_conversation_is_counted() -> None:
    with hiveloop.agent("a").task() as task:
        assert (task.conversation_turns, task.message_count) == (0, 0)
    with capture_events():
        with hiveloop.agent("a").task() as task:
            for _ in range(3):
                task.user_message("q")
                task.agent_response("a")
            assert (task.conversation_turns, task.message_count) == (3, 6)
            for name in ("conversation_turns", "message_count", "context_utilization", "run_id"):
                with pytest.raises(AttributeError):
                    setattr(task, name, 1)


@pytest.mark.parametrize(
    ("metadata", "known"),
    [
        ({"context_utilization_pct": 62.5}, 62.5), ({"context_utilization_pct": 0}, 0.0), ({}, None), (None, None),
        ({"context_utilization_pct": "62.5"}, 62.5), ({"context_utilization_pct": float("nan")}, None),
        ({"context_utilization_pct": 10**400}, None), ({"context_utilization_pct": True}, None),
        ({"context_utilization_pct": object()}, None), ([1], None),
    ],
)  # fmt: skip
def test_how_full_the_context_is(metadata: Any, known: float | None) -> None:
    with capture_events():
        with hiveloop.agent("a").task() as task:
            assert task.context_utilization is None
            task.llm_call("n", model="m", metadata=metadata)
            assert task.context_utilization == known


def test_lists_are_bounded() -> None:
    with capture_events() as seen:
        with hiveloop.agent("a").task() as task:
            task.retrieval("q", ({"id": n} for n in range(10**6)), scores=(0.5 for _ in range(10**6)))
            task.decision("d", (str(n) for n in range(10**6)), "1")
    retrieval, decision = seen.events[-3], seen.events[-2]
    assert len(retrieval["payload"]["data"]["documents"]) == 200
    assert len(retrieval["payload"]["data"]["scores"]) == 200
    assert len(decision["payload"]["data"]["options"]) == 200
