"""Warehouse: an agent that counts the same shelf again and again, until its loop is broken. Shows a detector that stops a run."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

from hiveloop.detectors import CycleDetected
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage
from langchain_core.tools import BaseTool, tool

from examples.demo.models import gpt
from examples.demo.pace import Pace
from examples.demo.scenario import Case, Scenario, Stage, Worker

__all__ = ["SCENARIO"]

_SYSTEM = (
    "You audit the shelves of Halden Coffee. Count until the figures are final, then say what is missing."
)


def _tools(pace: Pace) -> list[BaseTool]:
    @tool
    def read_shelf(shelf: str) -> str:
        """What the scale of a shelf says."""
        pace.work(0.4, 1.0)
        return "no reading yet"

    return [read_shelf]


def _run(shelf: str, stage: Stage) -> None:
    agent = create_agent(gpt("gpt-4.1-mini"), _tools(stage.pace), system_prompt=_SYSTEM, name="shelf-audit")
    with suppress(CycleDetected):  # what the scene is about
        agent.invoke(
            {"messages": [HumanMessage(f"Audit shelf {shelf}.")]},
            stage.config("audit", thread_id=stage.session_id),
        )


SCENARIO = Scenario(
    worker=Worker(agent_id="shelf-audit", type="operations", version="0.4.0", project="warehouse"),
    story="asks a broken scale again and again; the third time its loop is broken",
    rest_seconds=(20.0, 40.0),
    cases=(
        Case(
            name="loop",
            session_id="audit-C14",
            run=partial(_run, "C14"),
            llm_calls={"model": 3},
            status="failed",
            actions=("tools > read_shelf",),
            error="CycleDetected",
            anomalies={"cycle": "read_shelf was called 3 times in a row"},
        ),
    ),
)
