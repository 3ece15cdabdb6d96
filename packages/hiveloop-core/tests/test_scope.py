"""Right parent, always: asyncio, threads, executors, generators and async generators that interleave, split enter and exit."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import hiveloop
from hiveloop.testing import Captured

Tree = dict[str, str | None]


def parents(seen: Captured) -> Tree:
    """Action name → name of its parent action."""
    started = seen.of_type("action_started")
    names = {event["action_id"]: event["payload"]["action_name"] for event in started}
    return {event["payload"]["action_name"]: names.get(event.get("parent_action_id")) for event in started}


def tasks_of(seen: Captured) -> Tree:
    return {event["payload"]["action_name"]: event.get("task_id") for event in seen.of_type("action_started")}


def test_nesting_and_siblings(hive: Captured) -> None:
    agent = hiveloop.agent("a")
    with agent.task("t") as task, agent.track_context("outer"):
        with agent.track_context("inner"):
            task.llm_call("think", "m")
        with agent.track_context("second"):
            pass
    assert parents(hive) == {"outer": None, "inner": "outer", "second": "outer"}
    inner = next(e for e in hive.of_type("action_started") if e["payload"]["action_name"] == "inner")
    assert hive.kinds("llm_call")[0]["action_id"] == inner["action_id"]


def test_sixty_four_threads_and_a_thousand_asyncio_tasks(hive: Captured) -> None:
    agent = hiveloop.agent("a")

    def work(number: int) -> None:
        with agent.task(f"thread-{number}"), agent.track_context(f"out-{number}"):
            with agent.track_context(f"in-{number}"):
                pass

    async def work_async(number: int) -> None:
        async with agent.task(f"async-{number}"):
            await asyncio.sleep(0)
            async with agent.track_context(f"aout-{number}"):
                await asyncio.sleep(0)
                with agent.track_context(f"ain-{number}"):
                    await asyncio.sleep(0)

    async def program() -> None:
        await asyncio.gather(*(work_async(number) for number in range(1000)))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(64)]
    for thread in threads:
        thread.start()
    asyncio.run(program())
    for thread in threads:
        thread.join()
    expected_parents: Tree = {}
    expected_tasks: Tree = {}
    for prefix, task, count in (("", "thread", 64), ("a", "async", 1000)):
        for number in range(count):
            expected_parents |= {
                f"{prefix}out-{number}": None,
                f"{prefix}in-{number}": f"{prefix}out-{number}",
            }
            expected_tasks |= dict.fromkeys(
                (f"{prefix}out-{number}", f"{prefix}in-{number}"), f"{task}-{number}"
            )
    assert parents(hive) == expected_parents
    assert tasks_of(hive) == expected_tasks


def test_a_consumer_is_never_inside_the_generator_it_reads(hive: Captured) -> None:
    agent = hiveloop.agent("a")

    def numbers(name: str) -> Iterator[int]:
        with agent.track_context(name):
            yield 1
            with agent.track_context(f"{name}-late"):
                yield 2

    with agent.task("t"):
        first, second = numbers("g1"), numbers("g2")
        next(first)
        with agent.track_context("between"):
            next(second)
        next(first)
        next(second)
        first.close()
        with agent.track_context("after g1 closed"):
            pass
        second.close()
        with agent.track_context("after both"):
            pass
    assert parents(hive) == {
        "g1": None,
        "between": None,
        "g2": "between",
        "g1-late": "g1",
        "g2-late": "g2",
        "after g1 closed": None,
        "after both": None,
    }


def test_tracked_generators_nest_their_own_work_only(hive: Captured) -> None:
    agent = hiveloop.agent("a")

    @agent.track("inner")
    def inner() -> int:
        return 1

    @agent.track("gen")
    def numbers() -> Iterator[int]:
        yield inner()
        yield inner()

    with agent.task("t"):
        for _ in numbers():
            with agent.track_context("consumer"):
                pass
    found = parents(hive)
    assert found == {"gen": None, "inner": "gen", "consumer": None}


def test_an_abandoned_async_generator_leaves_no_parent_behind(hive: Captured) -> None:
    agent = hiveloop.agent("a")

    async def numbers() -> AsyncIterator[int]:
        with agent.track_context("agen"):
            await asyncio.sleep(0)
            yield 1
            yield 2

    async def program() -> None:
        with agent.task("t"):
            async for _ in numbers():
                with agent.track_context("while suspended"):
                    pass
                break
            with agent.track_context("after break"):
                pass

    asyncio.run(program())
    assert parents(hive) == {"agen": None, "while suspended": None, "after break": None}


def test_tasks_started_inside_an_async_generator_nest_in_it(hive: Captured) -> None:
    agent = hiveloop.agent("a")

    async def child(name: str) -> None:
        await asyncio.sleep(0)
        with agent.track_context(name):
            await asyncio.sleep(0)

    async def numbers() -> AsyncIterator[int]:
        with agent.track_context("agen"):
            await asyncio.gather(child("one"), child("two"))
            yield 1

    async def program() -> None:
        with agent.task("t"):
            async for _ in numbers():
                pass

    asyncio.run(program())
    assert parents(hive) == {"agen": None, "one": "agen", "two": "agen"}


def test_a_generator_made_into_a_context_manager_is_a_parent(hive: Captured) -> None:
    agent = hiveloop.agent("a")

    @contextlib.contextmanager
    def tool(name: str) -> Iterator[None]:
        with agent.track_context(name):
            yield

    @contextlib.asynccontextmanager
    async def async_tool(name: str) -> AsyncIterator[None]:
        async with agent.track_context(name):
            yield

    async def program() -> None:
        async with async_tool("async tool"):
            with agent.track_context("inside async"):
                pass

    with agent.task("t"), tool("tool"):
        with agent.track_context("inside"):
            pass
        asyncio.run(program())
    assert parents(hive) == {
        "tool": None,
        "inside": "tool",
        "async tool": "tool",
        "inside async": "async tool",
    }


def test_enter_and_exit_by_hand_in_different_threads_and_contexts(hive: Captured) -> None:
    agent = hiveloop.agent("a")
    with agent.task("t"):
        action = agent.track_context("tool")
        action.__enter__()
        thread = threading.Thread(target=lambda: action.__exit__(None, None, None))
        thread.start()
        thread.join()
        with agent.track_context("next"):
            pass
    assert parents(hive) == {"tool": None, "next": None}
    assert [e["payload"]["action_name"] for e in hive.of_type("action_completed")] == ["tool", "next"]


def test_ended_twice_is_sent_once(hive: Captured) -> None:
    action = hiveloop.agent("a").track_context("tool")
    action.__enter__()
    action.__exit__(None, None, None)
    action.__exit__(ValueError, ValueError("late"), None)
    assert len(hive.of_type("action_completed", "action_failed")) == 1


def test_plain_threads_and_executors_need_propagate(hive: Captured) -> None:
    agent = hiveloop.agent("a")

    def work(name: str) -> str | None:
        with agent.track_context(name):
            current = hiveloop.current_task()
            return None if current is None else current.task_id

    with agent.task("t"), agent.track_context("outer"):
        thread = threading.Thread(target=work, args=("lost",))
        thread.start()
        thread.join()
        thread = threading.Thread(target=hiveloop.propagate(work), args=("kept",))
        thread.start()
        thread.join()
        with hiveloop.propagate(ThreadPoolExecutor(4)) as pool:
            assert list(pool.map(work, [f"pool-{n}" for n in range(8)])) == ["t"] * 8
    found = parents(hive)
    assert found["kept"] == "outer"
    assert all(found[f"pool-{n}"] == "outer" for n in range(8))
    assert tasks_of(hive)["lost"] is None


def test_current_handles_follow_the_running_code(hive: Captured) -> None:
    agent = hiveloop.agent("a")
    assert (hiveloop.current_task(), hiveloop.current_agent(), hiveloop.current_action()) == (
        None,
        None,
        None,
    )
    with agent.task("t") as task:
        assert hiveloop.current_task() is task
        assert hiveloop.current_agent() is agent
        assert hiveloop.current_action() is None
        with agent.track_context("x") as action:
            current = hiveloop.current_action()
            assert current is not None
            assert current.action_id == action.action_id
        assert hiveloop.current_action() is None
    assert hiveloop.current_task() is None


def test_two_agents_share_a_context_without_mixing(hive: Captured) -> None:
    one, two = hiveloop.agent("one"), hiveloop.agent("two")
    with one.task("t1"), two.task("t2"):
        with one.track_context("of one"):
            pass
        with two.track_context("of two"):
            pass
        with hiveloop.agent("three").track_context("of three"):
            pass
    assert tasks_of(hive) == {"of one": "t1", "of two": "t2", "of three": "t2"}
    assert {e["agent_id"] for e in hive.of_type("action_started") if e["task_id"] == "t1"} == {"one"}


def test_a_task_started_by_hand_is_ambient_until_it_ends(hive: Captured) -> None:
    agent = hiveloop.agent("a")
    task = agent.start_task("t")
    with agent.track_context("inside"):
        pass
    ended = threading.Thread(target=task.complete)
    ended.start()
    ended.join()
    with agent.track_context("outside"):
        pass
    assert tasks_of(hive) == {"inside": "t", "outside": None}
    assert hiveloop.current_task() is None


def test_reading_the_scope_never_fails_in_a_callback_without_one(hive: Captured) -> None:
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(hiveloop.current_task()))
    thread.start()
    thread.join()
    assert results == [None]
