"""Tasks that are left elsewhere than where they were entered, opened in generators, used twice, or shared by agents."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import hiveloop
import pytest
from hiveloop.testing import Captured


def where() -> str | None:
    task = hiveloop.current_task()
    return None if task is None else task.task_id


def test_a_task_open_in_a_generator_is_not_its_consumers(hive: Captured) -> None:
    agent, other = hiveloop.agent("a"), hiveloop.agent("b")

    def chat() -> Iterator[str | None]:
        with agent.task("reply"):
            yield where()
            yield where()

    replies = chat()
    assert next(replies) == "reply"
    assert where() is None
    with other.task("unrelated"):
        assert where() == "unrelated"
        assert next(replies) == "reply"
        assert where() == "unrelated"
    assert where() is None
    with other.track_context("lonely") as action:
        assert action.task is None
    assert list(replies) == []


async def test_a_task_open_in_an_async_generator_is_not_its_consumers(hive: Captured) -> None:
    agent = hiveloop.agent("a")

    async def chat() -> AsyncIterator[str | None]:
        async with agent.task("reply"):
            yield where()
            yield where()

    seen = []
    async for inside in chat():
        seen.append((inside, where()))
    assert seen == [("reply", None)] * 2


def test_a_task_started_by_hand_in_a_generator_is_not_its_consumers(hive: Captured) -> None:
    def chat() -> Iterator[str | None]:
        task = hiveloop.agent("a").start_task("by-hand")
        yield where()
        task.complete()

    replies = chat()
    assert next(replies) == "by-hand"
    assert where() is None
    assert list(replies) == []


@pytest.mark.parametrize("how", ["asyncio task", "thread"])
async def test_a_task_ended_by_the_job_it_started_is_over_everywhere(hive: Captured, how: str) -> None:
    task = hiveloop.agent("a").start_task("job")

    async def end() -> None:
        task.complete()

    await (asyncio.create_task(end()) if how == "asyncio task" else asyncio.to_thread(task.complete))
    assert where() is None
    with hiveloop.agent("b").track_context("housekeeping") as action:
        assert action.task is None


def test_tasks_started_by_hand_end_in_any_order(hive: Captured) -> None:
    agent = hiveloop.agent("a")
    one, two, three = [agent.start_task(name) for name in ("one", "two", "three")]
    two.complete()
    assert where() == "three"
    three.complete()
    assert where() == "one"
    one.complete()
    assert where() is None


def test_work_that_outlives_its_block_still_belongs_to_it(hive: Captured) -> None:
    agent = hiveloop.agent("a")

    async def late(started: asyncio.Event) -> str | None:
        await started.wait()
        return where()

    async def program() -> str | None:
        started = asyncio.Event()
        with agent.task("block"):
            job = asyncio.create_task(late(started))
            await asyncio.sleep(0)
        started.set()
        return await job

    assert asyncio.run(program()) == "block"


def test_a_task_entered_again_after_its_end_is_another_run(hive: Captured) -> None:
    task = hiveloop.agent("a").task("again")
    for number in range(3):
        with task:
            assert where() == "again", number
        assert where() is None
    runs = [event["task_run_id"] for event in hive.of_type("task_started")]
    assert len(set(runs)) == 3
    assert [event["task_run_id"] for event in hive.of_type("task_completed")] == runs


def test_a_task_entered_inside_itself_ends_once_with_the_outer_block(hive: Captured) -> None:
    agent = hiveloop.agent("a")
    with agent.task("nested") as task:
        with task:
            pass
        assert task.is_open
        assert where() == "nested"
    assert len(hive.of_type("task_started")) == len(hive.of_type("task_completed")) == 1


def test_an_agent_at_work_in_anothers_task_is_itself(hive: Captured) -> None:
    boss, worker = hiveloop.agent("boss"), hiveloop.agent("worker")
    with boss.task("t"), boss.track_context("delegate"), worker.track_context("dig"):
        pass
    told: dict[str, Any] = {e["payload"]["action_name"]: e for e in hive.of_type("action_started")}
    assert {name: event["agent_id"] for name, event in told.items()} == {"delegate": "boss", "dig": "worker"}
    assert told["dig"]["task_id"] == "t"
    assert told["dig"]["parent_action_id"] == told["delegate"]["action_id"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_child_does_not_end_its_parents_task(hive: Captured) -> None:
    read, write = os.pipe()
    with hiveloop.agent("a").task("parents"):
        child = os.fork()
        if child == 0:
            try:
                with hive_of_child():
                    sys.exit(0)
            except SystemExit:
                pass
    if child == 0:
        os.write(write, f"{len(hive.of_type('task_completed'))} {len(hive.of_type('task_failed'))}".encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read, 100) == b"0 0"
    assert len(hive.of_type("task_completed")) == 1
    os.close(read)
    os.close(write)


class hive_of_child:
    """Stands for the rest of a program that ends inside a task of its parent."""

    def __enter__(self) -> None:
        """Nothing."""

    def __exit__(self, *_: object) -> None:
        """Nothing."""
