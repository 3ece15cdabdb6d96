"""Tasks: started once, ended once, truthfully; payload rules; ids; the manual's plumbing."""

from __future__ import annotations

import asyncio
import re
import threading
import uuid

import hiveloop
import pytest
from hiveloop import plumbing
from hiveloop.testing import Captured


def ended(seen: Captured) -> list[tuple[str, str]]:
    return [(e["event_type"], e["status"]) for e in seen.of_type("task_completed", "task_failed")]


def test_success_carries_ids_duration_and_payload(hive: Captured) -> None:
    agent = hiveloop.agent("lead")
    with agent.task("t1", project="sales", type="webhook", correlation_id="c", task_run_id="r") as task:
        task.set_payload({"leads": 3, "summary": "3 leads"})
    started, done = hive.of_type("task_started")[0], hive.of_type("task_completed")[0]
    assert set(started["payload"]) == {"summary", "hiveloop"}
    assert started["payload"]["summary"] == "Task t1 started"
    assert re.fullmatch("[0-9a-f]{16}", started["payload"]["hiveloop"]["process"])
    for event in (started, done):
        assert (event["task_id"], event["project_id"], event["task_type"]) == ("t1", "sales", "webhook")
        assert (event["correlation_id"], event["task_run_id"]) == ("c", "r")
    assert done["status"] == "success"
    assert done["duration_ms"] >= 0
    assert done["payload"] == {"summary": "3 leads", "leads": 3}


def test_failure_passes_the_exception_through_and_cannot_be_repainted(hive: Captured) -> None:
    with pytest.raises(RuntimeError, match="no") as caught, hiveloop.agent("a").task("t") as task:
        task.set_payload({"exception_type": "Nothing", "exception_message": "fine", "step": 2})
        raise RuntimeError("no")
    assert str(caught.value) == "no"
    payload = hive.of_type("task_failed")[0]["payload"]
    assert payload == {
        "summary": "Task t failed",
        "exception_type": "RuntimeError",
        "exception_message": "no",
        "step": 2,
    }


def test_details_of_the_start(hive: Captured) -> None:
    with hiveloop.agent("a").task(
        session_id="s", user_id="u", user_group="g", inputs={"q": 1}, metadata={"m": 2}
    ) as task:
        pass
    payload = hive.of_type("task_started")[0]["payload"]
    del payload["hiveloop"]
    assert payload == {
        "summary": f"Task {task.task_id} started",
        "session_id": "s",
        "user_id": "u",
        "user_group": "g",
        "inputs": {"q": 1},
        "metadata": {"m": 2},
    }


def test_generated_ids_differ_and_any_id_is_taken(hive: Captured) -> None:
    agent = hiveloop.agent("a")
    key = uuid.uuid4()
    ids = []
    for given in (None, None, 42, key, "x" * 400, ""):
        with agent.task(given) as task:
            ids.append(task.task_id)
    assert len(set(ids)) == 6
    assert ids[2:4] == ["42", str(key)]
    assert len(ids[4]) == 256
    runs = [e["task_run_id"] for e in hive.of_type("task_started")]
    assert len(set(runs)) == 6


def test_manual_life_cycle_is_idempotent_from_any_thread(hive: Captured) -> None:
    task = hiveloop.agent("a").start_task("t", project="p")
    assert task.is_open
    threads = [threading.Thread(target=task.complete) for _ in range(8)]
    threads += [threading.Thread(target=task.fail, args=(ValueError("x"),)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not task.is_open
    assert len(ended(hive)) == 1


def test_complete_with_status_and_payload(hive: Captured) -> None:
    task = hiveloop.agent("a").start_task("t")
    task.complete(status="partial", payload={"done": 2})
    event = hive.of_type("task_completed")[0]
    assert (event["status"], event["payload"]["done"]) == ("partial", 2)


def test_fail_without_and_with_exception(hive: Captured) -> None:
    agent = hiveloop.agent("a")
    agent.start_task("t1").fail()
    agent.start_task("t2").fail(exception=ValueError("x"))
    agent.start_task("t3").fail(payload={"step": 1})
    one, two, three = (event["payload"] for event in hive.of_type("task_failed"))
    assert one == {"summary": "Task t1 failed"}
    assert two["exception_type"] == "ValueError"
    assert three["step"] == 1


def test_ended_inside_the_block_is_not_ended_again(hive: Captured) -> None:
    with hiveloop.agent("a").task("t") as task:
        task.complete(payload={"early": True})
    assert ended(hive) == [("task_completed", "success")]


def test_cancellation_and_closed_generators_are_outcomes(hive: Captured) -> None:
    agent = hiveloop.agent("a")

    async def hang() -> None:
        async with agent.task("cancelled"):
            await asyncio.Event().wait()

    async def program() -> None:
        running = asyncio.create_task(hang())
        await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    def stream():  # type: ignore[no-untyped-def]
        with agent.task("abandoned"):
            yield 1
            yield 2

    asyncio.run(program())
    generator = stream()
    next(generator)
    generator.close()
    with pytest.raises(KeyboardInterrupt), agent.task("interrupted"):
        raise KeyboardInterrupt
    assert ended(hive) == [
        ("task_completed", "cancelled"),
        ("task_completed", "abandoned"),
        ("task_failed", "failure"),
    ]


def test_an_exception_that_cannot_be_shown(hive: Captured) -> None:
    class Ugly(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no str")

    with pytest.raises(Ugly), hiveloop.agent("a").task("t"):
        raise Ugly
    assert hive.of_type("task_failed")[0]["payload"]["exception_type"] == "Ugly"
    from hiveloop import _safety

    assert any("str(Ugly)" in key for key in _safety.swallowed)
    raise_nothing_at_teardown(hive)


def raise_nothing_at_teardown(seen: Captured) -> None:
    """The fixture re-raises what was swallowed; here that is the point of the test."""
    seen.forgive()


def test_repeat_agent_call_changes_only_what_it_names(hive: Captured) -> None:
    agent = hiveloop.agent("a", type="sales", version="1.0", framework="x", stuck_threshold=60)
    assert hiveloop.agent("a", version="1.1") is agent
    assert (agent.agent_type, agent.version, agent.framework, agent.stuck_threshold) == (
        "sales",
        "1.1",
        "x",
        60,
    )
    agent.event("custom", {"kind": "k"})
    assert [envelope["agent_version"] for envelope in hive.envelopes] == ["1.0", "1.1"]
    assert hive.envelopes[-1]["agent_type"] == "sales"
    assert hive.envelopes[-1]["sdk_version"].startswith("hiveloop-")


def test_plumbing_of_the_manual(hive: Captured) -> None:
    agent = hiveloop.agent("a")
    assert plumbing.get_current_task() is None
    with agent.task("t") as task:
        assert plumbing.get_current_task() is task
        plumbing.set_current_task("mine")
        plumbing.set_hiveloop_agent("my agent")
        assert plumbing.get_current_task() == "mine"
        assert plumbing.get_hiveloop_agent() == "my agent"
        assert plumbing.get_hiveloop_agent("a") is agent
        assert plumbing.get_hiveloop_agent("unknown") is None
        plumbing.clear_current_task()
        plumbing.clear_hiveloop_agent()
        assert plumbing.get_current_task() is task
        assert plumbing.get_hiveloop_agent() is agent
    assert plumbing.get_current_task() is None


def test_an_event_is_a_snapshot(hive: Captured) -> None:
    payload = {"kind": "k", "data": {"items": [1]}}
    with hiveloop.agent("a").task("t") as task:
        task.event("custom", payload)
        payload["data"]["items"].append(2)  # type: ignore[index]
    assert hive.kinds("k")[0]["payload"]["data"] == {"items": [1]}
