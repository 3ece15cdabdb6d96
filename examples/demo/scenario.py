"""What a scenario is: an agent, its cases, and what each case must show on the board."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.runnables import RunnableConfig

from .pace import Pace

__all__ = ["Case", "Scenario", "Stage", "Worker"]


@dataclass(frozen=True, kw_only=True)
class Worker:
    """An agent of the company as the fleet view shows it."""

    agent_id: str
    type: str
    version: str
    project: str
    framework: str = "langchain"


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What surrounds one run: the pace, the callbacks that observe it, and the session it belongs to, which also
    names its task.
    """

    pace: Pace
    session_id: str
    callbacks: Sequence[BaseCallbackHandler] = ()

    def config(self, run_name: str, *, thread_id: str | None = None) -> RunnableConfig:
        """What every ``invoke`` of a scenario passes. ``run_name`` is the type of the task on the board."""
        config: RunnableConfig = {
            "run_name": run_name,
            "callbacks": list(self.callbacks),
            "metadata": {"session_id": self.session_id, "task_id": self.session_id},
        }
        if thread_id is not None:
            config["configurable"] = {"thread_id": thread_id}
        return config


@dataclass(frozen=True, kw_only=True)
class Case:
    """One job and the truth about it, known in advance because the model's answers are recorded.

    ``llm_calls`` counts calls of the model as the agent sees them, by the action they are made in: an HTTP retry inside
    the client is none. Actions are named by their path, ``agent > tools > search``, from the outermost one inwards.
    ``agents`` are those who take part beside the worker, ``escalates`` and ``asks_people`` what the run's row must say.
    ``error`` is a piece of the text the failed task must show, ``anomalies`` what detectors must find, each with a piece
    of what it says. ``answer`` is the decision that the check gives, through the API, to the request for approval. ``once`` says that the check runs it,
    ``live`` that the show does.
    """

    name: str
    session_id: str
    run: Callable[[Stage], None]
    llm_calls: Mapping[str, int]
    status: str = "completed"
    actions: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    escalates: bool = False
    asks_people: bool = False
    retries: int = 0
    error: str | None = None
    anomalies: Mapping[str, str] = field(default_factory=dict)
    answer: str | None = None
    plan_steps: int = 0
    once: bool = True
    live: bool = True


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A worker, the cases it meets, and how long it rests between two of them in front of an audience.

    ``has_pipeline`` says that it also shows a queue, TODOs, a schedule and an issue.
    """

    worker: Worker
    cases: tuple[Case, ...]
    story: str
    rest_seconds: tuple[float, float] = (6.0, 18.0)
    has_pipeline: bool = False
