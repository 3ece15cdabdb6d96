"""Once per subject and episode: cooldown, silence, storms, restarts, changed rules."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hiveboard.alerts import condition as c
from hiveboard.alerts.condition import Filters
from hiveboard.instant import SECOND_US
from hiveboard.store import StoreFailedError

from .alert_bench import Bench, Clock, bench


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench(tmp_path / "s.db") as made:
        yield made


async def queue(desk: Bench, depth: int, agent: str = "a") -> None:
    desk.clock.forward(0.001)
    payload = {"kind": "queue_snapshot", "summary": "s", "data": {"depth": depth}}
    await desk.tell(desk.happens("custom", payload=payload), agent=agent)


async def fails(desk: Bench, task_id: str, agent: str = "a") -> None:
    desk.clock.forward(0.001)
    await desk.tell(desk.happens("task_failed", task_id=task_id, task_run_id="r"), agent=agent)


async def test_told_once_while_it_lasts_and_again_when_it_comes_back(desk: Bench) -> None:
    await desk.rule(c.QueueDepth(depth=5))
    await queue(desk, 6)
    assert len(await desk.look()) == 1
    await queue(desk, 9)
    assert await desk.look() == []
    await queue(desk, 1)
    assert await desk.look() == [], "the end is told only when that is asked for"
    await queue(desk, 7)
    assert len(await desk.look()) == 1


async def test_within_the_cooldown_nothing_and_after_it_what_still_holds(desk: Bench) -> None:
    await desk.rule(c.QueueDepth(depth=5), cooldown_seconds=60.0)
    await queue(desk, 6)
    assert len(await desk.look()) == 1
    await queue(desk, 1)
    await desk.look()
    await queue(desk, 8)
    assert await desk.look() == []
    await queue(desk, 8, agent="b")
    assert [alert.agent_id for alert in await desk.look()] == ["b"], "a cooldown is that of one agent"
    desk.clock.forward(60)
    (alert,) = await desk.look()
    assert (alert.agent_id, alert.value) == ("a", 8)


async def test_what_ended_within_the_cooldown_is_never_told(desk: Bench) -> None:
    await desk.rule(c.QueueDepth(depth=5), cooldown_seconds=60.0, notify_resolved=True)
    for depth in (6, 1, 6, 1):
        await queue(desk, depth)
        await desk.look()
    desk.clock.forward(61)
    assert await desk.look() == []
    states = [alert.state async for alert in desk.service.repository.alerts("live")]
    assert states == ["resolved", "firing"]


async def test_failures_within_the_cooldown_are_told_together_when_it_is_over(desk: Bench) -> None:
    await desk.rule(c.TaskFailed(), cooldown_seconds=60.0)
    await fails(desk, "1")
    assert len(await desk.look()) == 1
    for task_id in ("2", "3", "4"):
        await fails(desk, task_id)
        assert await desk.look() == []
    await fails(desk, "5", agent="b")
    assert [alert.task_id for alert in await desk.look()] == ["5"]
    desk.clock.forward(60)
    (alert,) = await desk.look()
    assert (alert.task_id, alert.more) == ("4", 2)
    assert "2 more" in alert.text
    desk.clock.forward(61)
    assert await desk.look() == []


async def test_a_storm_is_one_alert(desk: Bench) -> None:
    await desk.rule(c.QueueDepth(depth=5), name="Long queues", notify_resolved=True)
    for number in range(37):
        await queue(desk, 6, agent=f"agent-{number:02}")
    (alert,) = await desk.look()
    assert (alert.title, alert.more) == ("37 cases of Long queues", 36)
    assert alert.text.splitlines()[-1] == "- and 27 more"
    assert alert.url == "http://board/#/pipeline"
    assert await desk.look() == []
    for number in range(37):
        await queue(desk, 0, agent=f"agent-{number:02}")
    (over,) = await desk.look()
    assert (over.state, over.title) == ("resolved", "Over: 37 cases of Long queues")


async def test_silence_tells_afterwards_what_still_holds_and_not_what_only_happened(desk: Bench) -> None:
    queues = await desk.rule(c.QueueDepth(depth=5), silenced_until=desk.clock() + 60 * SECOND_US)
    failures = await desk.rule(c.TaskFailed(), silenced_until=queues.silenced_until)
    await queue(desk, 6)
    await fails(desk, "1")
    assert await desk.look() == []
    desk.clock.forward(60)
    (alert,) = await desk.look()
    assert alert.rule_id == queues.id
    await fails(desk, "2")
    assert [(alert.rule_id, alert.task_id) for alert in await desk.look()] == [(failures.id, "2")]


async def test_a_rule_that_is_off_watches_nothing(desk: Bench) -> None:
    rule = await desk.rule(c.TaskFailed(), enabled=False)
    await fails(desk, "1")
    assert await desk.look() == []
    on = msgspec.structs.replace(rule, enabled=True, generation=2, from_seq=await desk.store.last_seq())
    await desk.service.repository.put_rule("live", on)
    assert await desk.look() == []
    await fails(desk, "2")
    assert [alert.task_id for alert in await desk.look()] == ["2"]


async def test_a_changed_condition_begins_anew_and_other_changes_do_not(desk: Bench) -> None:
    rule = await desk.rule(c.QueueDepth(depth=5))
    await queue(desk, 9)
    assert len(await desk.look()) == 1
    await desk.service.repository.put_rule("live", msgspec.structs.replace(rule, name="Renamed"))
    assert await desk.look() == []
    stricter = msgspec.structs.replace(rule, condition=c.QueueDepth(depth=8), generation=2)
    await desk.service.repository.put_rule("live", stricter)
    (alert,) = await desk.look()
    assert alert.threshold == 8


@pytest.mark.parametrize("gracefully", [True, False])
async def test_a_restart_neither_repeats_nor_loses(tmp_path: Path, gracefully: bool) -> None:
    path, clock = tmp_path / "s.db", Clock()
    rules = (c.QueueDepth(depth=5), c.TaskFailed(), c.TaskFailed(count=3, window_seconds=600))
    async with bench(path, clock) as desk:
        for condition in rules:
            await desk.rule(condition)
        await queue(desk, 6)
        await fails(desk, "1")
        assert len(await desk.look()) == 2
        await fails(desk, "2")
        if not gracefully:
            desk.service._watches.clear()
    async with bench(path, clock) as desk:
        assert [alert.task_id for alert in await desk.look()] == ["2"]
        await fails(desk, "3")
        told = await desk.look()
        assert sorted((alert.rule_id, alert.title) for alert in told) == [
            ("rule-1", "Task 3 failed"),
            ("rule-2", "3 tasks of agent a failed"),
        ]
        await queue(desk, 0)
        assert await desk.look() == []
        await queue(desk, 6)
        assert len(await desk.look()) == 1


async def test_a_store_that_fails_between_state_and_history_loses_and_repeats_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, clock = tmp_path / "s.db", Clock()
    async with bench(path, clock) as desk:
        await desk.rule(c.TaskFailed())
        await fails(desk, "1")

        async def broken(*values: Any) -> None:
            raise StoreFailedError("disk full")

        monkeypatch.setattr(desk.service.repository, "put_alert", broken)
        assert await desk.look() == []
        desk.service._watches.clear()
    monkeypatch.undo()
    async with bench(path, clock) as desk:
        assert [alert.task_id for alert in await desk.look()] == ["1"]
        assert await desk.look() == []


async def test_a_store_that_cannot_keep_the_state_tells_when_it_can(
    desk: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.rule(c.TaskFailed())
    await fails(desk, "1")

    async def broken(*values: Any) -> None:
        raise StoreFailedError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(desk.service.repository, "put_state", broken)
        assert await desk.look() == []
        assert await desk.look() == []
    assert [alert.task_id for alert in await desk.look()] == ["1"]
    assert await desk.look() == []


async def test_one_broken_rule_leaves_the_others_alone(desk: Bench, caplog: pytest.LogCaptureFixture) -> None:
    broken = await desk.rule(c.QueueDepth(depth=5))
    await desk.rule(c.TaskFailed())
    desk.service._watches.clear()
    await desk.service.repository.put_rule(
        "live",
        msgspec.structs.replace(broken, filters=None),  # type: ignore[arg-type]
    )
    await fails(desk, "1")
    assert [alert.task_id for alert in await desk.look()] == ["1"]


async def test_an_unexpected_error_in_one_evaluation_is_logged_and_the_others_go_on(
    desk: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await desk.rule(c.QueueDepth(depth=5))
    await desk.rule(c.TaskFailed())
    await queue(desk, 9)
    await fails(desk, "1")

    async def broken(*values: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(desk.store, "latest", broken)
    assert [alert.task_id for alert in await desk.look()] == ["1"]
    assert "evaluating rule rule-0 failed" in caplog.text


async def test_more_open_runs_than_one_look_takes_are_all_seen(desk: Bench) -> None:
    await desk.rule(c.NoProgress(after_seconds=60), filters=Filters(agent_id="a"))
    for start in range(0, 450, 150):
        await desk.tell(
            *(
                desk.happens("task_started", task_id=f"{number:03}", task_run_id="r")
                for number in range(start, start + 150)
            )
        )
        desk.clock.forward(1)
    desk.clock.forward(61)
    told = [await desk.look() for _ in range(4)]
    assert [[alert.more + 1 for alert in alerts] for alerts in told] == [[200], [200], [50], []]
    for _ in range(5):
        assert await desk.look() == []


async def test_looking_at_two_moments_at_once_is_not_needed_for_ingest(desk: Bench) -> None:
    """Ingest goes on while the rules are looked at."""
    await desk.rule(c.TaskFailed())
    looking = asyncio.create_task(desk.service.look())
    await fails(desk, "1")
    await looking
    await desk.service.look()
    assert len([alert async for alert in desk.service.repository.alerts("live")]) == 1


async def test_sums_are_asked_for_when_there_is_news_or_now_and_then(
    desk: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.rule(c.CostThreshold(threshold_usd=1))
    await queue(desk, 1)
    asked = []
    usage = desk.store.usage

    async def counted(*values: Any) -> Any:
        asked.append(desk.clock())
        return await usage(*values)

    monkeypatch.setattr(desk.store, "usage", counted)
    for _ in range(5):
        await desk.look()
        desk.clock.forward(1)
    assert len(asked) == 1
    await queue(desk, 2)
    await desk.look()
    assert len(asked) == 2
    desk.clock.forward(16)
    await desk.look()
    assert len(asked) == 3
