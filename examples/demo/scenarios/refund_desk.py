"""Customer care: a refund waits for a person and goes on after the answer. Shows an approval across two runs."""

from __future__ import annotations

from functools import partial
from typing import Literal

from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.messages import HumanMessage
from langchain_core.tools import BaseTool, tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from examples.demo.models import claude
from examples.demo.pace import Pace
from examples.demo.scenario import Case, Scenario, Stage, Worker

__all__ = ["SCENARIO"]

_SYSTEM = (
    "You handle refunds of Halden Coffee. Read the order first. Refunds are paid by the tool, which a person "
    "approves. End with one sentence to the customer."
)
_ORDERS = {
    "HC-20391": "Hand mill, broken crank, 84.00 EUR, bought 3 weeks ago",
    "HC-20407": "40 kg house blend, wrong roast, 720.00 EUR, bought 6 days ago",
    "HC-20219": "Kettle, dented, 119.00 EUR, bought 14 months ago",
}
Decision = Literal["approve", "reject"]


def _tools(pace: Pace) -> list[BaseTool]:
    @tool
    def read_order(order: str) -> str:
        """Read an order."""
        pace.work(0.4, 1.1)
        return _ORDERS[order]

    @tool
    def issue_refund(order: str, amount_eur: float) -> str:
        """Pay a refund to the customer."""
        pace.work(0.8, 1.8)
        return f"{amount_eur:.2f} EUR on their way for {order}"

    return [read_order, issue_refund]


def _run(order: str, decision: Decision | None, stage: Stage) -> None:
    """``decision=None``: nobody has answered yet."""
    pause = HumanInTheLoopMiddleware(
        interrupt_on={"issue_refund": {"allowed_decisions": ["approve", "reject"]}},
        description_prefix="Pay this refund?",
    )
    agent = create_agent(
        claude("claude-sonnet-4-6"),
        _tools(stage.pace),
        system_prompt=_SYSTEM,
        middleware=[pause],
        checkpointer=InMemorySaver(),
        name="refund-desk",
    )
    config = stage.config("refund", thread_id=stage.session_id)
    agent.invoke({"messages": [HumanMessage(f"The customer wants the money back for {order}.")]}, config)
    stage.pace.work(25.0, 45.0)
    if decision is not None and not stage.pace.stopped:
        agent.invoke(Command(resume={"decisions": [_answer(decision)]}), config)


def _answer(decision: Decision) -> dict[str, str]:
    if decision == "reject":
        return {"type": "reject", "message": "The warranty ended two months ago. Offer a repair instead."}
    return {"type": "approve"}


SCENARIO = Scenario(
    worker=Worker(agent_id="refund-desk", type="support", version="1.0.3", project="support"),
    story="waits for a person before it pays, who answers by itself after half a minute",
    rest_seconds=(8.0, 20.0),
    cases=(
        Case(
            name="approved",
            session_id="refund-20391",
            run=partial(_run, "HC-20391", "approve"),
            llm_calls={"model": 3},
            asks_people=True,
            actions=("tools > read_order", "tools > issue_refund"),
        ),
        Case(
            name="waiting",
            session_id="refund-20407",
            run=partial(_run, "HC-20407", None),
            llm_calls={"model": 2},
            asks_people=True,
            status="waiting",
            actions=("tools > read_order",),
            live=False,
        ),
        Case(
            name="approved-late",
            session_id="refund-20407",
            run=partial(_run, "HC-20407", "approve"),
            llm_calls={"model": 3},
            asks_people=True,
            actions=("tools > read_order", "tools > issue_refund"),
            once=False,
        ),
        Case(
            name="rejected",
            session_id="refund-20219",
            run=partial(_run, "HC-20219", "reject"),
            llm_calls={"model": 3},
            asks_people=True,
            actions=("tools > read_order",),
            once=False,
        ),
    ),
)
