"""Shipping: a plain asyncio agent whose carrier does not answer for a while. Shows where a run that stands still stands."""

from __future__ import annotations

import asyncio
from functools import partial

import hiveloop
from langchain_core.messages import HumanMessage

from examples.demo.models import gpt
from examples.demo.scenario import Case, Scenario, Stage, Worker

__all__ = ["SCENARIO"]

_WORKER = Worker(
    agent_id="parcel-watch", type="operations", version="1.3.0", project="shipping", framework="custom"
)


async def _wait_for_carrier(parcel: str, stage: Stage) -> str:
    """The carrier's API takes its time; nobody set a timeout."""
    await stage.pace.stand_still()
    return f"{parcel}: in the depot of Drammen"


async def _watch(parcel: str, stage: Stage) -> None:
    agent = hiveloop.agent(_WORKER.agent_id)
    session = stage.session_id
    async with agent.task(session, _WORKER.project, "track_parcel", session_id=session) as task:
        async with agent.track_context("ask_carrier"):
            where = await _wait_for_carrier(parcel, stage)
        async with agent.track_context("write_to_customer"):
            question = f"Tell the customer in one sentence: {where}."
            answer = await gpt("gpt-4.1-nano").ainvoke([HumanMessage(question)], stage.config("write"))
        task.set_payload({"answer": answer.text})


def _run(parcel: str, stage: Stage) -> None:
    asyncio.run(_watch(parcel, stage))


SCENARIO = Scenario(
    worker=_WORKER,
    story="waits for a carrier that does not answer; the board says since when, at which step and in which line",
    rest_seconds=(20.0, 40.0),
    cases=(
        Case(
            name="stuck",
            session_id="parcel-HC-20561",
            run=partial(_run, "HC-20561"),
            llm_calls={"write_to_customer": 1},
            actions=("ask_carrier", "write_to_customer"),
            anomalies={"stuck": "in _wait_for_carrier"},
        ),
    ),
)
