"""Returns: an AutoGen swarm of two that hands over. Shows turns, a handoff, and two models in one run."""

from __future__ import annotations

import asyncio
from functools import partial

import hiveloop
from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.conditions import TextMentionTermination
from autogen_agentchat.teams import Swarm
from autogen_ext.models.openai import OpenAIChatCompletionClient

from examples.demo.models import WORD_FOR_A_KEY
from examples.demo.scenario import Case, Scenario, Stage, Worker

__all__ = ["SCENARIO"]

_WORKER = Worker(
    agent_id="returns-team", type="support", version="0.9.1", project="support", framework="autogen"
)
_ORDERS = {
    "HC-20519": "one mug, 14.00 EUR, arrived broken",
    "HC-20523": "2 kg filter roast, 46.00 EUR, the shop sent espresso",
}


async def _serve(order: str, stage: Stage) -> str:
    def find_order(order: str) -> str:
        """Look an order up."""
        stage.pace.work(0.4, 1.2)
        return f"{order}: {_ORDERS[order]}"

    small = OpenAIChatCompletionClient(model="gpt-4.1-mini", api_key=WORD_FOR_A_KEY)
    large = OpenAIChatCompletionClient(model="gpt-4.1", api_key=WORD_FOR_A_KEY)
    triage = AssistantAgent("triage", small, handoffs=["refunds"], system_message="Decide who helps.")
    refunds = AssistantAgent(
        "refunds", large, tools=[find_order], reflect_on_tool_use=True, system_message="End with DONE."
    )
    team = Swarm([triage, refunds], termination_condition=TextMentionTermination("DONE"), name="returns")
    try:
        result = await team.run(task=f"Something is wrong with order {order}.")
    finally:
        await asyncio.gather(small.close(), large.close())
    return str(getattr(result.messages[-1], "content", ""))


def _run(order: str, stage: Stage) -> None:
    agent = hiveloop.agent(_WORKER.agent_id)
    session = stage.session_id
    with agent.task(session, _WORKER.project, "return", session_id=session) as task:
        task.set_payload({"answer": asyncio.run(_serve(order, stage))})


def _case(order: str, *, once: bool = False) -> Case:
    return Case(
        name=order,
        session_id=f"return-{order}",
        run=partial(_run, order),
        llm_calls={"returns > turn:triage": 1, "returns > turn:refunds": 2},
        actions=("returns > turn:triage > transfer_to_refunds", "returns > turn:refunds > find_order"),
        once=once,
    )


SCENARIO = Scenario(
    worker=_WORKER,
    story="an AutoGen swarm: triage hands over to refunds, which looks the order up",
    cases=(_case("HC-20519", once=True), _case("HC-20523")),
)
