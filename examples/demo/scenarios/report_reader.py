"""Strategy: an agent that reads reports as long as books, until its budget is spent. Shows a budget as a hard stop."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

from hiveloop.detectors import BudgetExceeded
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage
from langchain_core.tools import BaseTool, tool

from examples.demo.models import claude
from examples.demo.pace import Pace
from examples.demo.scenario import Case, Scenario, Stage, Worker

__all__ = ["SCENARIO"]

_SYSTEM = "You read market reports chapter by chapter and end with one sentence."


def _tools(pace: Pace) -> list[BaseTool]:
    @tool
    def read_chapter(report: str, chapter: int) -> str:
        """A chapter of a report."""
        pace.work(0.5, 1.5)
        return f"Chapter {chapter} of {report}: 61 pages on green coffee futures."

    return [read_chapter]


def _run(report: str, stage: Stage) -> None:
    agent = create_agent(
        claude("claude-sonnet-4-6"), _tools(stage.pace), system_prompt=_SYSTEM, name="report-reader"
    )
    with suppress(BudgetExceeded):  # what the scene is about
        agent.invoke(
            {"messages": [HumanMessage(f"What does {report} say of next year?")]},
            stage.config("read_report", thread_id=stage.session_id),
        )


SCENARIO = Scenario(
    worker=Worker(agent_id="report-reader", type="research", version="0.2.0", project="strategy"),
    story="reads reports as long as books; its third question would exceed the budget and is not asked",
    rest_seconds=(30.0, 60.0),
    cases=(
        Case(
            name="budget",
            session_id="report-ico-2026",
            run=partial(_run, "the ICO outlook 2026"),
            llm_calls={"model": 2},
            status="failed",
            actions=("tools > read_chapter",),
            error="BudgetExceeded",
            anomalies={"budget": "would exceed the tokens budget of this task"},
        ),
    ),
)
