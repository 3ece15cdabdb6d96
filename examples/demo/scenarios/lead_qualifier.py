"""Sales: an agent with tools looks a lead up, scores it and writes to it. Shows tools, cached tokens and cost."""

from __future__ import annotations

from functools import partial
from typing import Any

from langchain.agents import create_agent
from langchain_core.messages import HumanMessage
from langchain_core.tools import BaseTool, tool

from examples.demo.models import gpt
from examples.demo.pace import Pace
from examples.demo.scenario import Case, Scenario, Stage, Worker

__all__ = ["SCENARIO"]

_SYSTEM = (
    "You qualify leads for Halden Coffee, a roastery that equips cafés, offices and hotels. Look the lead up, "
    "score it from 0 to 100, and e-mail the contact only when the score is 70 or more. End with one sentence."
)
_CRM: dict[str, dict[str, Any]] = {
    "Café Nordlys": {
        "sites": 3,
        "cups_per_day": 900,
        "contact": "Ingrid Solberg",
        "stage": "asked for a quote",
    },
    "Tandem Offices": {
        "sites": 1,
        "cups_per_day": 60,
        "contact": "Jonas Weber",
        "stage": "downloaded brochure",
    },
    "Brightside Hotels": {
        "sites": 11,
        "cups_per_day": 4200,
        "contact": "Amara Osei",
        "stage": "tasting booked",
    },
}


def _tools(pace: Pace) -> list[BaseTool]:
    @tool
    def crm_search(company: str) -> dict[str, Any]:
        """Find a company in the CRM."""
        pace.work(0.4, 1.2)
        return _CRM[company]

    @tool
    def score_lead(company: str, sites: int, cups_per_day: int) -> int:
        """Score a lead from its size: 0 is a stranger, 100 a dream."""
        pace.work(0.3, 0.8)
        return min(98, 38 + sites * 2 + cups_per_day // 21)

    @tool
    def send_email(to: str, subject: str, body: str) -> str:
        """Send an e-mail to a contact."""
        pace.work(0.8, 2.0)
        return f"Sent to {to}: {subject}"

    return [crm_search, score_lead, send_email]


def _run(company: str, stage: Stage) -> None:
    tools = _tools(stage.pace)
    agent = create_agent(gpt("gpt-4.1-mini"), tools, system_prompt=_SYSTEM, name="lead-qualifier")
    request = f"A new lead came in: {company}. Is it worth a call?"
    agent.invoke({"messages": [HumanMessage(request)]}, stage.config("qualify_lead"))


SCENARIO = Scenario(
    worker=Worker(agent_id="lead-qualifier", type="sales", version="2.3.0", project="sales"),
    story="qualifies sales leads with three tools; most of its prompt is read from OpenAI's cache",
    cases=(
        Case(
            name="nordlys",
            session_id="lead-4821",
            run=partial(_run, "Café Nordlys"),
            llm_calls={"model": 4},
            actions=("tools > crm_search", "tools > score_lead", "tools > send_email"),
        ),
        Case(
            name="tandem",
            session_id="lead-4822",
            run=partial(_run, "Tandem Offices"),
            llm_calls={"model": 3},
            actions=("tools > crm_search", "tools > score_lead"),
            once=False,
        ),
        Case(
            name="brightside",
            session_id="lead-4823",
            run=partial(_run, "Brightside Hotels"),
            llm_calls={"model": 4},
            actions=("tools > crm_search", "tools > score_lead", "tools > send_email"),
            once=False,
        ),
    ),
)
