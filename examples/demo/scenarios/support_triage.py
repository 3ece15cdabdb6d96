"""Support: Claude streams its answer and calls tools side by side. Shows parallel actions and prompt caching."""

from __future__ import annotations

from functools import partial

from langchain.agents import create_agent
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_core.tools import BaseTool, tool

from examples.demo.models import claude
from examples.demo.pace import Pace
from examples.demo.scenario import Case, Scenario, Stage, Worker

__all__ = ["SCENARIO"]

_SYSTEM = SystemMessage(
    content=[
        {
            "type": "text",
            "text": "You triage support tickets of Halden Coffee. Read the customer's history, the order and the "
            "handbook before you decide. Answer with a priority, a team and a friendly reply to the customer.",
            "cache_control": {"type": "ephemeral"},
        }
    ]
)
_ORDERS = {
    "HC-20418": "Grinder Doser 64, delivered, warranty until next spring",
    "HC-20433": "12 kg Sidamo beans, left the roastery two days late, now at the local depot",
    "HC-20440": "Monthly subscription, charged twice on the first of the month",
}
_HANDBOOK = {
    "water damage": "Descaling water in the motor is covered once. Send a loan grinder the same day.",
    "late delivery": "Later than three days: refund the shipping and add a bag of the house blend.",
    "double charge": "Hand over to billing, priority high, and promise an answer within one working day.",
}


def _tools(pace: Pace) -> list[BaseTool]:
    @tool
    def customer_history(customer: str) -> str:
        """What the customer bought and asked before."""
        pace.work(0.4, 1.0)
        return f"{customer}: customer for four years, 31 orders, two tickets, always kind."

    @tool
    def order_status(order: str) -> str:
        """Where an order is."""
        pace.work(0.6, 1.6)
        return _ORDERS[order]

    @tool
    def search_handbook(topic: str) -> str:
        """What the support handbook says about a topic."""
        pace.work(0.3, 0.9)
        return _HANDBOOK[topic]

    return [customer_history, order_status, search_handbook]


def _run(ticket: str, stage: Stage) -> None:
    model = claude("claude-haiku-4-5", streaming=True)
    agent = create_agent(model, _tools(stage.pace), system_prompt=_SYSTEM, name="support-triage")
    config = stage.config("triage_ticket")
    for _chunk in agent.stream({"messages": [HumanMessage(ticket)]}, config, stream_mode="messages"):
        pass


def _case(name: str, session_id: str, ticket: str, *, once: bool = False) -> Case:
    actions = ("tools > customer_history", "tools > order_status", "tools > search_handbook")
    return Case(
        name=name,
        session_id=session_id,
        run=partial(_run, ticket),
        llm_calls={"model": 2},
        actions=actions,
        once=once,
    )


SCENARIO = Scenario(
    worker=Worker(agent_id="support-triage", type="support", version="1.8.2", project="support"),
    story="streams from Claude and looks three things up at the same time",
    cases=(
        _case(
            "wet-grinder",
            "ticket-5512",
            "Bruno Leclerc, order HC-20418: my grinder got descaling water inside and will not start.",
            once=True,
        ),
        _case(
            "late-beans",
            "ticket-5519",
            "Mei Tanaka, order HC-20433: my beans should have been here on Monday. We are nearly out!",
        ),
        _case(
            "double-charge",
            "ticket-5523",
            "Pedro Alves, order HC-20440: you charged my subscription twice this month.",
        ),
    ),
)
