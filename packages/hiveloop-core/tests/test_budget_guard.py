"""BudgetGuard's books: what is reserved is settled or given back, whoever stops the call; time and users are counted right."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import hiveloop
import pytest
from hiveloop import policies
from hiveloop.adapters import gate
from hiveloop.detectors import BudgetExceeded, BudgetGuard, Finding
from hiveloop.testing import capture_events


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves the time that budgets are measured by."""
    now = [1_000.0]
    monkeypatch.setattr("hiveloop.detectors._budget.time.monotonic", lambda: now[0])

    def move(seconds: float) -> None:
        now[0] += seconds

    return move


def ask(task: hiveloop.Task) -> None:
    gate(task, "llm", "turn", {})


def test_what_another_detector_stops_is_not_reserved_for_ever() -> None:
    guard = BudgetGuard(usd=1.0, per="agent")
    for others in ([guard, BudgetGuard(calls=1)], [BudgetGuard(calls=1), guard]):
        with capture_events(detectors=others):
            for _ in range(40):
                with pytest.raises(BudgetExceeded, match="of this task"), hiveloop.agent("a").task() as task:
                    ask(task)
                    task.llm_call("turn", "m", cost=0.01)
                    ask(task)
        assert guard._accounts["a"].reserved == 0


def test_what_a_policy_forbids_is_not_reserved_for_ever() -> None:
    guard = BudgetGuard(usd=1.0, per="agent")
    with capture_events(detectors=[guard]):
        policies.add(policies.Models(deny=["dear"]))
        try:
            for _ in range(5):
                with pytest.raises(policies.PolicyViolationError):
                    with hiveloop.agent("a").task(enforce_policy=True) as task:
                        gate(task, "llm", "turn", {"model": "dear"})
        finally:
            policies.clear()
    assert guard._accounts["a"].reserved == 0


def test_a_callable_that_lets_the_call_pass_has_it_reserved_and_one_that_stops_it_does_not() -> None:
    def stop(finding: Finding) -> None:
        raise hiveloop.Intervention("no more")

    for decide, reserved in ((lambda finding: None, 2), (stop, 1)):
        guard = BudgetGuard(calls=1, per="agent", on_detect=decide)
        with capture_events(detectors=[guard]):
            with hiveloop.agent("a").task() as task:
                ask(task)
                if decide is stop:
                    with pytest.raises(hiveloop.Intervention):
                        ask(task)
                else:
                    ask(task)
                assert guard._accounts["a"].reserved == reserved


def test_an_agent_that_was_idle_has_its_seconds_left(clock: Callable[[float], None]) -> None:
    with capture_events(detectors=[BudgetGuard(seconds=90, per="agent")]):
        agent = hiveloop.agent("a")
        for _ in range(4):
            with agent.task() as task:
                clock(20)
                ask(task)
            clock(3_600)
        with pytest.raises(BudgetExceeded, match=r"seconds budget of this agent"), agent.task() as task:
            clock(11)
            ask(task)


def test_a_busy_run_keeps_its_user_however_many_others_begin() -> None:
    with capture_events(detectors=[BudgetGuard(calls=30, per="user")]):
        agent = hiveloop.agent("a")
        mine = agent.start_task(user_id="ann")
        for number in range(25):
            mine.llm_call("turn", "m")
            for _ in range(1_000):
                agent.start_task(user_id=f"user-{number}").complete()
        with agent.task(user_id="ann") as other:
            for _ in range(5):
                other.llm_call("turn", "m")
        with pytest.raises(BudgetExceeded, match="The calls budget of this user is spent: 30 of 30"):
            ask(mine)


def test_runs_that_are_open_keep_what_they_have_spent() -> None:
    with capture_events(detectors=[BudgetGuard(calls=1)]):
        agent = hiveloop.agent("a")
        tasks = [agent.start_task() for _ in range(9_000)]
        for task in tasks:
            task.llm_call("turn", "m")
        with pytest.raises(BudgetExceeded):
            ask(tasks[0])


def test_the_message_says_whether_the_budget_is_spent_or_would_be() -> None:
    for cost, message in (
        (
            0.04,
            r"^One more model call would exceed the usd budget of this task: \$0\.0800 of \$0\.1000 are spent$",
        ),
        (0.05, r"^The usd budget of this task is spent: \$0\.1000 of \$0\.1000$"),
    ):
        with capture_events(detectors=[BudgetGuard(usd=0.1)]):
            with pytest.raises(BudgetExceeded, match=message), hiveloop.agent("a").task() as task:
                for _ in range(2):
                    task.llm_call("turn", "m", cost=cost)
                ask(task)


def test_fifty_calls_at_once_in_threads_settle_to_the_last_token() -> None:
    guard = BudgetGuard(tokens=10_000_000, per="agent")
    start = threading.Barrier(50)

    def work() -> None:
        with hiveloop.agent("a").task() as task:
            start.wait(20)
            for number in range(40):
                ask(task)
                if number % 2:
                    task.llm_call("turn", "m", tokens_in=3, tokens_out=4, cost=0.25)
                else:
                    task.llm_call("turn", "m", metadata={"error": "refused"})

    with capture_events(detectors=[guard]):
        threads = [threading.Thread(target=work) for _ in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    account: Any = guard._accounts["a"]
    assert (account.calls, account.tokens, account.reserved) == (2_000, 7_000, 0)
    assert (account.usd, account.unpriced) == (250.0, 1_000)
