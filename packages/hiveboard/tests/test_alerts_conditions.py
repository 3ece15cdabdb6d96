"""Each kind of condition fires on what it is for, and not on the nearest thing that it is not for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hiveboard.alerts import condition as c
from hiveboard.alerts.condition import Filters

from .alert_bench import START, Bench, bench
from .conftest import event


@pytest.fixture(params=["sqlite", "memory"])
async def desk(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    async with bench(tmp_path / "s.db" if request.param == "sqlite" else None) as made:
        yield made


def custom(desk: Bench, kind: str, data: dict[str, Any], summary: str = "s", **fields: Any) -> dict[str, Any]:
    return desk.happens("custom", payload={"kind": kind, "summary": summary, "data": data}, **fields)


def registered(desk: Bench, stuck_threshold: int = 60, **data: Any) -> dict[str, Any]:
    return desk.happens(
        "agent_registered",
        payload={"data": {"stuck_threshold": stuck_threshold, "heartbeat_interval": 10, **data}},
    )


def stops(desk: Bench) -> dict[str, Any]:
    return custom(desk, "runtime", {"event": "agent_stopped"})


def begins(desk: Bench, task_id: str = "t", **fields: Any) -> dict[str, Any]:
    return desk.happens("task_started", task_id=task_id, task_run_id=f"r-{task_id}", **fields)


def ends(desk: Bench, task_id: str = "t", how: str = "task_completed", **fields: Any) -> dict[str, Any]:
    return desk.happens(how, task_id=task_id, task_run_id=f"r-{task_id}", **fields)


def call(desk: Bench, cost: float, **fields: Any) -> dict[str, Any]:
    return custom(desk, "llm_call", {"name": "n", "model": "m", "cost": cost}, **fields)


async def test_an_agent_that_misses_its_own_threshold_is_stuck(desk: Bench) -> None:
    await desk.rule(c.AgentStuck())
    await desk.tell(registered(desk, 60), begins(desk))
    desk.clock.forward(60)
    assert await desk.look() == []
    desk.clock.forward(1)
    (alert,) = await desk.look()
    assert alert.title == "Agent a is stuck"
    assert "No sign of life for 1 min 1 s; its limit is 1 min." in alert.text
    assert "at work on task t" in alert.text
    assert (alert.value, alert.threshold, alert.unit) == (61.0, 60, "seconds")
    assert (alert.since, alert.agent_id, alert.task_id) == (START, "a", "t")
    assert alert.url == "http://board/#/fleet?agent=a"


async def test_an_agent_that_waits_or_stopped_or_never_beats_is_not_stuck(desk: Bench) -> None:
    await desk.rule(c.AgentStuck())
    await desk.tell(
        registered(desk),
        begins(desk),
        desk.happens("approval_requested", task_id="t", task_run_id="r-t"),
        agent="waits",
    )
    await desk.tell(registered(desk), stops(desk), agent="stopped")
    await desk.tell(registered(desk, heartbeat_interval=0), agent="never beats")
    desk.clock.forward(3_600)
    assert await desk.look() == []


async def test_silence_counts_from_the_last_event_whatever_the_threshold_of_the_agent(desk: Bench) -> None:
    await desk.rule(c.HeartbeatLost(silent_seconds=30))
    await desk.tell(registered(desk, 9_999, heartbeat_interval=0), agent="silent")
    await desk.tell(registered(desk), stops(desk), agent="stopped")
    desk.clock.forward(20)
    await desk.tell(desk.happens("heartbeat"), agent="beats")
    desk.clock.forward(10)
    assert await desk.look() == []
    desk.clock.forward(0.001)
    assert await desk.titles() == ["Agent silent is silent"]


async def test_agents_that_were_silent_for_long_are_no_news_to_a_new_rule(desk: Bench) -> None:
    await desk.tell(registered(desk), agent="long gone")
    desk.clock.forward(2 * 86_400)
    await desk.tell(registered(desk), agent="gone today")
    desk.clock.forward(3_600)
    await desk.rule(c.HeartbeatLost(silent_seconds=60), notify_resolved=True)
    assert await desk.titles() == ["Agent gone today is silent"]
    desk.clock.forward(3 * 86_400)
    assert await desk.look() == [], "it is still silent, which is no end of it"
    await desk.tell(desk.happens("heartbeat"), agent="gone today")
    assert await desk.titles() == ["Over: Agent gone today is silent"]


async def test_a_failed_run_is_told_with_its_error_and_its_address(desk: Bench) -> None:
    await desk.rule(c.TaskFailed())
    await desk.tell(
        begins(desk, "t 1"),
        ends(
            desk,
            "t 1",
            "task_failed",
            payload={"exception_type": "ValueError", "exception_message": "no\nrow"},
        ),
    )
    (alert,) = await desk.look()
    assert alert.title == "Task t 1 failed"
    assert alert.text.endswith("ValueError: no row")
    assert alert.url == "http://board/#/run/t%201/r-t%201"
    assert (alert.agent_id, alert.task_id, alert.task_run_id) == ("a", "t 1", "r-t 1")


async def test_runs_that_end_otherwise_or_a_failing_step_are_no_failed_run(desk: Bench) -> None:
    await desk.rule(c.TaskFailed())
    await desk.tell(
        begins(desk, "1"), ends(desk, "1"),
        begins(desk, "2"), ends(desk, "2", status="cancelled"),
        begins(desk, "3"), desk.happens("action_failed", task_id="3", task_run_id="r-3", action_id="x"),
    )  # fmt: skip
    assert await desk.look() == []
    await desk.tell(begins(desk, "4"), ends(desk, "4", status="failure"))
    assert await desk.titles() == ["Task 4 failed"]


async def test_a_failure_is_told_once_however_often_it_arrives_and_late_ones_too(desk: Bench) -> None:
    await desk.rule(c.TaskFailed())
    failure = ends(desk, "t", "task_failed")
    await desk.tell(begins(desk), failure)
    assert len(await desk.look()) == 1
    await desk.tell(failure)
    assert await desk.look() == []
    desk.clock.forward(3_600)
    await desk.tell(
        event("task_failed", task_id="late", task_run_id="r", timestamp="2026-02-03T09:59:00Z"),
        event("task_failed", task_id="history", task_run_id="r", timestamp="2026-01-03T09:59:00Z"),
    )
    assert await desk.titles() == ["Task late failed"]


async def test_failures_before_the_rule_are_no_news(desk: Bench) -> None:
    await desk.tell(begins(desk), ends(desk, "t", "task_failed"))
    await desk.rule(c.TaskFailed())
    assert await desk.look() == []


async def test_so_many_failures_within_a_window(desk: Bench) -> None:
    await desk.rule(c.TaskFailed(count=3, window_seconds=60))
    for number in range(2):
        await desk.tell(begins(desk, f"{number}"), ends(desk, f"{number}", "task_failed"))
    await desk.tell(begins(desk, "other"), ends(desk, "other", "task_failed"), agent="b")
    assert await desk.look() == [], "two of one agent and one of another"
    desk.clock.forward(60)
    await desk.tell(begins(desk, "3"), ends(desk, "3", "task_failed"))
    assert await desk.look() == [], "the first two are sixty seconds old"
    desk.clock.forward(59)
    await desk.tell(*(ends(desk, f"{number}", "task_failed") for number in (4, 5)))
    (alert,) = await desk.look()
    assert (alert.value, alert.threshold, alert.agent_id) == (3, 3, "a")
    assert alert.title == "3 tasks of agent a failed"
    await desk.tell(ends(desk, "6", "task_failed"))
    assert await desk.look() == [], "the same episode"
    desk.clock.forward(61)
    assert await desk.look() == []
    await desk.tell(*(ends(desk, f"{number}", "task_failed") for number in (7, 8, 9)))
    assert await desk.titles() == ["3 tasks of agent a failed"]


async def test_failures_of_all_agents_together(desk: Bench) -> None:
    await desk.rule(c.TaskFailed(count=2, window_seconds=60, per="scope"))
    await desk.tell(ends(desk, "1", "task_failed"), agent="a")
    assert await desk.look() == []
    await desk.tell(ends(desk, "2", "task_failed"), agent="b")
    assert await desk.titles() == ["2 tasks failed"]


async def test_error_rate_is_that_of_finished_runs_and_needs_enough_of_them(desk: Bench) -> None:
    await desk.rule(c.ErrorRate(threshold_percent=50, window_seconds=600, min_tasks=4))
    for number in range(3):
        await desk.tell(begins(desk, f"f{number}"), ends(desk, f"f{number}", "task_failed"))
    assert await desk.look() == [], "three of three, but four are needed"
    await desk.tell(
        *(ends(desk, f"c{number}") for number in range(3)),
        *(begins(desk, f"open{number}") for number in range(5)),
        ends(desk, "cancelled", status="cancelled"),
    )
    assert await desk.look() == [], "half is not more than half"
    await desk.tell(ends(desk, "f9", "task_failed"))
    (alert,) = await desk.look()
    assert (alert.value, alert.threshold, alert.unit) == (57.143, 50, "percent")
    assert alert.title == "57.1 % of the tasks fail"
    assert "4 of 7 runs" in alert.text
    desk.clock.forward(1_200)
    assert await desk.look() == []
    assert (await desk.service.repository.state("live", "rule-0")).firing == {}  # type: ignore[union-attr]


async def test_duration_is_noticed_while_the_run_goes_on_and_told_once(desk: Bench) -> None:
    await desk.rule(c.DurationExceeded(threshold_ms=60_000), notify_resolved=True)
    await desk.tell(begins(desk))
    desk.clock.forward(60)
    assert await desk.look() == []
    desk.clock.forward(1)
    (alert,) = await desk.look()
    assert (alert.title, alert.value, alert.threshold) == ("Task t takes too long", 61_000, 60_000)
    desk.clock.forward(5)
    assert await desk.look() == []
    await desk.tell(ends(desk))
    assert await desk.titles() == ["Over: Task t takes too long"]
    assert await desk.look() == []


async def test_duration_of_a_run_that_was_never_seen_open(desk: Bench) -> None:
    await desk.rule(c.DurationExceeded(threshold_ms=5_000))
    await desk.tell(
        ends(desk, "slow", duration_ms=5_001),
        ends(desk, "quick", duration_ms=5_000),
        ends(desk, "failed", "task_failed", duration_ms=9_000),
    )
    assert await desk.titles() == ["Task slow took too long", "Task failed took too long"]


async def test_cost_within_a_window(desk: Bench) -> None:
    await desk.rule(c.CostThreshold(threshold_usd=1.0, window_seconds=3_600))
    await desk.tell(call(desk, 0.6), agent="a")
    await desk.tell(call(desk, 0.4), agent="b")
    assert await desk.look() == [], "the limit itself is allowed"
    await desk.tell(call(desk, 0.01), agent="b")
    (alert,) = await desk.look()
    assert (alert.value, alert.threshold, alert.unit) == (1.01, 1.0, "usd")
    assert alert.title == "Model calls cost $1.01 within 1 h"


async def test_cost_by_agent(desk: Bench) -> None:
    await desk.rule(c.CostThreshold(threshold_usd=1.0, per="agent"))
    await desk.tell(call(desk, 0.9), agent="a")
    await desk.tell(call(desk, 0.9), agent="b")
    assert await desk.look() == []
    await desk.tell(call(desk, 0.2), agent="b")
    assert await desk.titles() == ["Model calls of agent b cost $1.10 within 1 h"]


async def test_budget_tells_each_step_once_and_begins_anew_with_the_day(desk: Bench) -> None:
    await desk.rule(c.Budget(limit_usd=10, period="day"), notify_resolved=True)
    await desk.tell(call(desk, 4.99))
    assert await desk.look() == []
    await desk.tell(call(desk, 0.01))
    (alert,) = await desk.look()
    assert alert.title == "50 % of the budget for this day is spent"
    assert "$5.00 of $10.00 since 2026-02-03T00:00:00.000Z (50 %)" in alert.text
    await desk.tell(call(desk, 5))
    assert await desk.titles() == ["100 % of the budget for this day is spent"], "80 % is not told beside it"
    assert await desk.look() == []
    desk.clock.forward(14 * 3_600)
    assert await desk.look() == [], "a new day, nothing spent"
    await desk.tell(call(desk, 8))
    assert await desk.titles() == ["80 % of the budget for this day is spent"]


async def test_budget_of_a_month_holds_over_days(desk: Bench) -> None:
    await desk.rule(c.Budget(limit_usd=10, period="month", steps=[100]))
    await desk.tell(call(desk, 9))
    desk.clock.forward(20 * 86_400)
    await desk.tell(call(desk, 1))
    assert await desk.titles() == ["100 % of the budget for this month is spent"]


async def test_no_progress_is_about_open_runs_that_wait_for_nobody(desk: Bench) -> None:
    await desk.rule(c.NoProgress(after_seconds=60))
    await desk.tell(begins(desk, "idle"), begins(desk, "done"), ends(desk, "done"))
    await desk.tell(
        begins(desk, "asks"), desk.happens("approval_requested", task_id="asks", task_run_id="r-asks")
    )
    await desk.tell(begins(desk, "busy"))
    desk.clock.forward(60)
    assert await desk.look() == []
    await desk.tell(desk.happens("action_started", task_id="busy", task_run_id="r-busy", action_id="x"))
    desk.clock.forward(1)
    (alert,) = await desk.look()
    assert (alert.title, alert.value) == ("Task idle makes no progress", 61.0)
    desk.clock.forward(60)
    assert await desk.titles() == ["Task busy makes no progress"], "another run of the same agent"


async def test_a_run_whose_process_vanished_is_lost(desk: Bench) -> None:
    await desk.rule(c.TaskLost())
    process = {"hiveloop": {"process": "p1"}}
    await desk.tell(
        registered(desk, 9_999), desk.happens("heartbeat", payload=process), begins(desk, payload=process)
    )
    desk.clock.forward(90)
    assert await desk.look() == []
    desk.clock.forward(1)
    assert await desk.titles() == ["Task t is lost"]


async def test_queue_depth_is_that_of_the_latest_snapshot(desk: Bench) -> None:
    await desk.rule(c.QueueDepth(depth=10), notify_resolved=True)
    await desk.tell(custom(desk, "queue_snapshot", {"depth": 10}), agent="a")
    await desk.tell(custom(desk, "queue_snapshot", {}), agent="unknown")
    assert await desk.look() == []
    desk.clock.forward(1)
    await desk.tell(custom(desk, "queue_snapshot", {"depth": 11}), agent="a")
    (alert,) = await desk.look()
    assert (alert.title, alert.value, alert.threshold) == ("The queue of agent a is long", 11, 10)
    desk.clock.forward(1)
    await desk.tell(custom(desk, "queue_snapshot", {"depth": 3}), agent="a")
    assert await desk.titles() == ["Over: The queue of agent a is long"]


async def test_issues_by_severity_once_until_they_are_closed(desk: Bench) -> None:
    await desk.rule(c.IssueOpened(min_severity="high"))
    await desk.tell(
        custom(desk, "issue", {"severity": "medium", "issue_id": "m"}, "slow"),
        custom(desk, "issue", {"issue_id": "u"}, "unknown severity"),
    )
    assert await desk.look() == []
    report = {"severity": "high", "issue_id": "h"}
    await desk.tell(custom(desk, "issue", report, "CRM answers 403"))
    assert await desk.titles() == ["Issue of agent a: CRM answers 403"]
    desk.clock.forward(1)
    await desk.tell(custom(desk, "issue", report, "CRM answers 403"))
    assert await desk.look() == [], "reported again"
    desk.clock.forward(1)
    await desk.tell(custom(desk, "issue", report | {"action": "resolved"}))
    assert await desk.look() == []
    desk.clock.forward(1)
    await desk.tell(custom(desk, "issue", report, "CRM answers 403"))
    (alert,) = await desk.look()
    assert "came back" in alert.text


async def test_issues_before_the_rule_are_no_news(desk: Bench) -> None:
    await desk.tell(custom(desk, "issue", {"severity": "high", "issue_id": "old"}, "old"))
    await desk.rule(c.IssueOpened())
    assert await desk.look() == []
    desk.clock.forward(1)
    await desk.tell(custom(desk, "issue", {"severity": "low", "issue_id": "new"}, "new"))
    assert await desk.titles() == ["Issue of agent a: new"], "not the old one of the same agent"


async def test_an_approval_that_waits(desk: Bench) -> None:
    await desk.rule(c.ApprovalWaiting(after_seconds=120))
    await desk.tell(begins(desk), desk.happens("approval_requested", task_id="t", task_run_id="r-t"))
    await desk.tell(
        begins(desk, "2"), desk.happens("approval_requested", task_id="2", task_run_id="r-2"), agent="b"
    )
    desk.clock.forward(120)
    assert await desk.look() == []
    await desk.tell(
        desk.happens(
            "approval_received", task_id="2", task_run_id="r-2", payload={"data": {"decision": "approved"}}
        ),
        agent="b",
    )
    desk.clock.forward(1)
    (alert,) = await desk.look()
    assert (alert.title, alert.value) == ("Agent a waits for an approval", 121.0)
    await desk.tell(ends(desk))
    assert await desk.look() == []


@pytest.mark.parametrize(
    "filters",
    [
        Filters(project_id="p"),
        Filters(environment="staging"),
        Filters(group="g"),
        Filters(agent_id="a"),
        Filters(task_type="lead"),
        Filters(project_id="p", environment="staging", group="g", agent_id="a", task_type="lead"),
    ],
)
@pytest.mark.parametrize(
    "condition",
    [
        c.TaskFailed(),
        c.TaskFailed(count=2),
        c.ErrorRate(threshold_percent=0, min_tasks=1),
        c.DurationExceeded(threshold_ms=1_000),
        c.CostThreshold(threshold_usd=0.5),
        c.Budget(limit_usd=0.5, steps=[100]),
        c.NoProgress(after_seconds=5),
    ],
)
async def test_filters_of_tasks(desk: Bench, condition: c.Condition, filters: Filters) -> None:
    await desk.rule(condition, filters=filters)

    async def story(agent: str, project: str, task_type: str, **envelope: str) -> None:
        of = {"project_id": project, "task_type": task_type}
        ids = [f"{agent}{project}{task_type}{''.join(envelope.values())}{number}" for number in range(3)]
        await desk.tell(
            *(begins(desk, task_id, **of) for task_id in ids),
            call(desk, 0.3, task_id=ids[0], task_run_id=f"r-{ids[0]}", **of),
            call(desk, 0.3, task_id=ids[0], task_run_id=f"r-{ids[0]}", **of),
            *(ends(desk, task_id, "task_failed", duration_ms=2_000) for task_id in ids[:2]),
            agent=agent,
            **envelope,
        )

    inside = {"environment": "staging", "group": "g"}
    outside = {
        "project_id": ("a", "q", "lead", inside),
        "environment": ("a", "p", "lead", {"environment": "production", "group": "g"}),
        "group": ("a", "p", "lead", {"environment": "staging", "group": "h"}),
        "agent_id": ("b", "p", "lead", inside),
        "task_type": ("a", "p", "mail", inside),
    }
    for name, (agent, project, task_type, envelope) in outside.items():
        if getattr(filters, name) is not None:
            await story(agent, project, task_type, **envelope)
    desk.clock.forward(10)
    assert await desk.look() == []
    await story("a", "p", "lead", **inside)
    desk.clock.forward(10)
    assert await desk.look() != []


@pytest.mark.parametrize(
    ("condition", "wait"),
    [
        (c.AgentStuck(), 61),
        (c.HeartbeatLost(silent_seconds=60), 61),
        (c.QueueDepth(depth=1), 0),
        (c.IssueOpened(), 0),
        (c.ApprovalWaiting(after_seconds=60), 61),
    ],
)
async def test_filters_of_agents(desk: Bench, condition: c.Condition, wait: int) -> None:
    await desk.rule(condition, filters=Filters(project_id="p", environment="staging", group="g"))

    async def story(agent: str, project: str, **envelope: str) -> None:
        await desk.tell(
            registered(desk) | {"project_id": project},
            custom(desk, "queue_snapshot", {"depth": 5}, project_id=project),
            custom(desk, "issue", {"severity": "low", "issue_id": agent}, project_id=project),
            agent=agent,
            **envelope,
        )
        if isinstance(condition, c.ApprovalWaiting):
            request = desk.happens("approval_requested", task_id=agent, task_run_id="r", project_id=project)
            await desk.tell(request, agent=agent, **envelope)

    await story("x", "q", environment="staging", group="g")
    await story("y", "p", environment="production", group="g")
    await story("z", "p", environment="staging", group="h")
    desk.clock.forward(wait)
    assert await desk.look() == []
    await story("in", "p", environment="staging", group="g")
    desk.clock.forward(wait)
    assert [alert.agent_id for alert in await desk.look()] == ["in"]


async def test_tenants_are_apart(desk: Bench) -> None:
    await desk.rule(c.TaskFailed(), tenant="live")
    await desk.rule(c.CostThreshold(threshold_usd=0.5), tenant="live")
    await desk.tell(ends(desk, "t", "task_failed"), call(desk, 3), tenant="test")
    assert await desk.look() == []
    await desk.rule(c.TaskFailed(), tenant="test")
    await desk.tell(ends(desk, "u", "task_failed"), tenant="test")
    assert await desk.look() == []
    assert [alert.title async for alert in desk.service.repository.alerts("test")] == ["Task u failed"]


async def test_hostile_names_stay_on_one_line(desk: Bench) -> None:
    await desk.rule(c.TaskFailed())
    task_id = "x\r\nBcc: all@example.com\x00\u202e<b>" + "y" * 200
    await desk.tell(
        desk.happens(
            "task_failed", task_id=task_id, task_run_id="r", payload={"exception_message": "\ud800\n"}
        )
    )
    (alert,) = await desk.look()
    assert "\n" not in alert.title + alert.text
    assert "\u202e" not in alert.title
    assert len(alert.title) < 150
    assert alert.task_id == task_id.replace("\0", "\ufffd")
