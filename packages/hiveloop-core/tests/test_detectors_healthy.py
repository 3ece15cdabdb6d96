"""Long, healthy runs: none of the detectors has anything to say of what good agents do all day."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import hiveloop
import pytest
from hiveloop.adapters import gate
from hiveloop.detectors import (
    BudgetGuard,
    ContradictionDetector,
    CycleDetector,
    ErrorBurstDetector,
    PromptBloatDetector,
    RetryStormDetector,
    SilentDropDetector,
    StateDriftDetector,
    StuckDetector,
    TokenWasteDetector,
)
from hiveloop.testing import Captured, capture_events


def anomalies(seen: Captured) -> list[dict[str, Any]]:
    return [event["payload"]["data"] for event in seen.kinds("anomaly")]


def prompt(size: int) -> dict[str, Any]:
    said = [{"role": "system", "content": "s" * 500}, {"role": "user", "content": "u" * size}]
    return {"messages": said}


def work(task: hiveloop.Task, number: int) -> None:
    """Route, ask, search, read, eight times; the conversation grows, the state fills, the plan is followed."""
    state: dict[str, Any] = {"turn": 0, "answer": None, "score": 0, "found": []}
    task.watch_state(state)
    task.plan("answer", ["look", "read", "write"])
    for turn in range(8):
        task.llm_call("route", "small", tokens_in=150, tokens_out=3)
        gate(task, "llm", "turn", prompt(4_000 + 900 * turn))
        task.llm_call(
            "turn", "m", tokens_in=1_200 + 250 * turn, tokens_out=50, prompt_preview=f"{number} {turn}"
        )
        if turn == 3:
            task.retry("429", attempt=1)
        gate(task, "tool", "search", {"q": turn})
        gate(task, "tool", "read", {"page": turn})
        state = {**state, "turn": turn, "score": state["score"] + 0.5, "found": [*state["found"], turn]}
        task.watch_state({**state, "answer": "here" if turn == 7 else None})
    for step in range(3):
        task.plan_step(step, "started", "begun")
        task.plan_step(step, "completed", "done")


def test_nothing_is_found_in_what_good_agents_do() -> None:
    detectors = [
        CycleDetector(), BudgetGuard(usd=1_000, on_detect="report"), StuckDetector(after=60), StateDriftDetector(),
        PromptBloatDetector(context_window=200_000), SilentDropDetector(), ContradictionDetector(),
        RetryStormDetector(), ErrorBurstDetector(), TokenWasteDetector(),
    ]  # fmt: skip
    with capture_events(detectors=detectors) as seen:
        agent = hiveloop.agent("a")
        for number in range(60):
            agent.queue_snapshot(1, items=[{"id": f"item-{number}"}])
            with agent.task(f"item-{number}", type="chat", user_id=f"u-{number % 7}") as task:
                agent.queue_snapshot(0, items=[])
                work(task, number)
    assert anomalies(seen) == []


def test_a_short_call_before_long_ones_is_no_prompt_that_grew() -> None:
    with capture_events(detectors=[PromptBloatDetector()]) as seen:
        with hiveloop.agent("a").task() as task:
            task.llm_call("route", "small", tokens_in=100)
            for tokens in (5_000, 5_100, 5_200, 5_300):
                task.llm_call("turn", "m", tokens_in=tokens)
            task.llm_call("title", "m", tokens_in=90)
            for tokens in (5_400, 5_500, 5_600):
                task.llm_call("turn", "m", tokens_in=tokens)
    assert anomalies(seen) == []


@pytest.mark.parametrize(
    ("before", "after", "is_drift"),
    [(None, "found", False), (3, 3.5, False), (1.5, 2, False), ("found", None, True), (3, "three", True)],
)
def test_a_value_that_arrives_is_no_drift(before: Any, after: Any, is_drift: bool) -> None:
    with capture_events(detectors=[StateDriftDetector()]) as seen:
        with hiveloop.agent("a").task() as task:
            task.watch_state({"value": before})
            task.watch_state({"value": after})
    assert len(seen.kinds("state_mutation")) == 1
    assert bool(anomalies(seen)) is is_drift


def test_what_is_usual_is_worked_out_once_a_look_and_not_for_every_open_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [1_000.0]
    worked_out: list[int] = []
    from hiveloop.detectors import _silent_drop

    real: Callable[[Any], float] = _silent_drop._usual

    def usual(took: Any) -> float:
        worked_out.append(1)
        return real(took)

    monkeypatch.setattr(_silent_drop, "_usual", usual)
    monkeypatch.setattr(_silent_drop.time, "monotonic", lambda: now[0])
    with capture_events(detectors=[SilentDropDetector()]) as seen:
        agent = hiveloop.agent("a")
        for _ in range(10):
            with agent.task(type="slow"):
                now[0] += 40
        worked_out.clear()
        for _ in range(300):
            agent.start_task(type="slow")
        now[0] += 90  # older than what is looked at, younger than what is overdue
        agent.beat()
    assert len(worked_out) == 1
    assert anomalies(seen) == []
