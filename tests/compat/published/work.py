"""A working day of one agent, told through every call of the published SDK that belongs to a task."""

from __future__ import annotations

import asyncio
from typing import Any

import hiveloop

__all__ = ["closed_by_hand", "failed_in_the_block", "left_open", "refund"]

PARENT = "11111111-1111-4111-8111-111111111111"


class CardDeclinedError(Exception):
    """What goes wrong here."""


def refund(agent: Any) -> None:
    """One task with everything: plan, replan, nested actions, LLM calls, retry, escalation, approval."""
    with agent.task(
        "refund-42", project="returns", type="refund", task_run_id="run-42", correlation_id="case-42"
    ) as task:
        task.plan("Refund order 42", ["Look it up", "Check the limit", "Refund"], revision=0)
        task.plan_step(0, "started", "Looking it up")
        _look_up(agent, task)
        task.plan_step(0, "completed", "Found", total_steps=3, turns=2, tokens=1_530, plan_revision=0)
        task.retry("The card service timed out", attempt=2, backoff_seconds=1.5, parent_event_id=PARENT)
        task.escalate("Above my limit", assigned_to="team-lead", reason="12 500 EUR", parent_event_id=PARENT)
        task.request_approval("Refund 12 500 EUR?", approver="team-lead", parent_event_id=PARENT)
        task.approval_received("Go ahead", approved_by="sam", decision="approved", parent_event_id=PARENT)
        task.plan("Refund order 42", ["Refund", "Tell the customer"], revision=1)
        asyncio.run(_pay(agent))
        task.plan_step(0, "completed", "Paid")
        task.plan_step(1, "started", "Writing")
        task.event(
            "custom",
            payload={
                "kind": "learning",
                "summary": "Ask first",
                "data": {"category": "limits"},
                "tags": ["own"],
            },
            severity="warn",
            parent_event_id=PARENT,
        )
        task.set_payload({"refunded": 12_500, "currency": "EUR"})


def _look_up(agent: Any, task: Any) -> None:
    def lookup(order: int) -> str:
        with agent.track_context("orders_api") as action:
            task.llm_call(
                "pick_endpoint",
                "claude-sonnet-4-20250514",
                tokens_in=1_200,
                tokens_out=330,
                cost=0.0125,
                duration_ms=840,
                prompt_preview="Which endpoint?",
                response_preview="GET /orders/42",
                metadata={"cache_read_tokens": 800},
            )
            action.set_payload(
                hiveloop.tool_payload(
                    args={"order": order},
                    result="o" * 2_000,
                    success=True,
                    error="partial answer",
                    duration_ms=18,
                    tool_category="orders",
                    http_status=206,
                    result_size_bytes=2_000,
                    args_max_len=100,
                    result_max_len=200,
                )
            )
        return "found"

    if agent.track("lookup_order")(lookup)(42) != "found":
        raise AssertionError("a tracked function must return what it returns")


async def _pay(agent: Any) -> None:
    async def pay() -> None:
        await asyncio.sleep(0)
        try:
            with agent.track_context("card_service"):
                raise CardDeclinedError("card 1234 declined")
        except CardDeclinedError:
            pass

    await agent.track("pay")(pay)()


def failed_in_the_block(agent: Any) -> None:
    """A task that an exception ends, after an LLM call without a cost."""
    try:
        with agent.task("refund-13", project="returns", type="refund") as task:
            task.llm_call("classify", model="gpt-4o-mini", tokens_in=1_000_000, tokens_out=0)
            raise CardDeclinedError("card 9999 declined")
    except CardDeclinedError:
        pass


def closed_by_hand(agent: Any) -> None:
    """Tasks without a `with` block, ended well and badly."""
    done = agent.start_task(
        "report-1", project="reports", type="report", task_run_id="run-1", correlation_id="case-1"
    )
    done.complete(status="success", payload={"pages": 3})
    broken = agent.start_task("report-2", "reports", "report")
    broken.fail(exception=CardDeclinedError("no data"), payload={"pages": 0})
    broken.fail()  # the second ending does not count


def left_open(agent: Any) -> None:
    """One task that waits for a person and one that is at work when the program ends."""
    waiting = agent.start_task("refund-77", project="returns", type="refund")
    waiting.request_approval("Refund 900 EUR?", approver="team-lead")
    agent.start_task("refund-78", project="returns", type="refund")
