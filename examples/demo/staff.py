"""Puts the workers of the demo on the board and runs their cases under observation."""

from __future__ import annotations

import hiveloop
from hiveloop_langchain import HiveLoopCallbackHandler

from .pace import Pace
from .scenario import Case, Scenario, Stage, Worker

__all__ = ["perform", "register"]


def register(worker: Worker) -> None:
    """Make the worker known before its first task, with its type and version."""
    hiveloop.agent(worker.agent_id, type=worker.type, version=worker.version, framework=worker.framework)


def perform(scenario: Scenario, case: Case, pace: Pace, session_id: str) -> str | None:
    """Run one case; the handler is all that HiveLoop needs to see a LangChain or LangGraph run.

    Returns what crashed it, if anything did: a failure the scenario is about is no crash.
    """
    worker = scenario.worker
    handler = HiveLoopCallbackHandler(agent=worker.agent_id, project=worker.project)
    try:
        case.run(Stage(pace=pace, session_id=session_id, callbacks=[handler]))
    except Exception as error:  # noqa: BLE001  # the demo's one boundary: a bad run ends neither show nor check
        return _told(error)
    return None


def _told(error: BaseException) -> str:
    """The error and what caused it: the clients say only "Connection error" of what went wrong below them."""
    said = f"{type(error).__name__}: {error}"
    cause = error.__cause__
    return said if cause is None else f"{said} <- {_told(cause)}"
