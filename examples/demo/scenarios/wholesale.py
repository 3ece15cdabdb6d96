"""Purchasing: a plain program asks before it spends much, and waits for the answer given on the page. Shows an approval."""

from __future__ import annotations

from functools import partial

import hiveloop
from langchain_core.messages import HumanMessage

from examples.demo.models import gpt
from examples.demo.scenario import Case, Scenario, Stage, Worker

__all__ = ["SCENARIO"]

_WORKER = Worker(
    agent_id="wholesale", type="operations", version="2.0.1", project="purchasing", framework="custom"
)
#: How long one wait lasts, so that the demo can end while nobody answers; and how many there are, live and in a check,
#: where the answer comes at once or never.
_WAIT_SECONDS = 5.0
_WAITS, _WAITS_OF_A_CHECK = 60, 3


def _decision(task: hiveloop.Task, approval_id: str, stage: Stage) -> str | None:
    """What a person said on the Pipeline page; None when nobody did for so long."""
    for _ in range(_WAITS if stage.pace.live else _WAITS_OF_A_CHECK):
        decision = task.wait_for_approval(approval_id, timeout=_WAIT_SECONDS)
        if decision is not None or stage.pace.stopped:
            return decision
    return None


def _run(order: str, stage: Stage) -> None:
    agent = hiveloop.agent(_WORKER.agent_id)
    session = stage.session_id
    with agent.task(session, _WORKER.project, "wholesale_order", session_id=session) as task:
        with agent.track_context("draft"):
            question = f"Why do we need {order}? One sentence."
            reason = gpt("gpt-4.1-nano").invoke([HumanMessage(question)], stage.config("draft")).text
        approval_id = task.request_approval(f"Order {order}?", approver="purchasing lead", reason=reason)
        decision = _decision(task, approval_id, stage)
        with agent.track_context("place_order" if decision == "approved" else "file_away"):
            stage.pace.work(0.4, 1.0)
        task.set_payload({"decision": decision})


SCENARIO = Scenario(
    worker=_WORKER,
    story="asks before it orders for thousands: answer on the Pipeline page; the check answers through the API",
    rest_seconds=(30.0, 60.0),
    cases=(
        Case(
            name="approved",
            session_id="wholesale-60-bags",
            run=partial(_run, "60 bags of Huila for 18,400 EUR"),
            llm_calls={"draft": 1},
            asks_people=True,
            answer="approved",
            actions=("place_order", "draft"),
        ),
    ),
)
