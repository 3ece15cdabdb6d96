"""The crews and flows recorded as ``crewai_*.yaml``: one per behaviour, run by the real CrewAI with the real client.

CrewAI is imported when a crew runs: it takes seconds. ``offline`` keeps it from calling home.
"""

from __future__ import annotations

import asyncio
import builtins
import gc
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from unittest import mock

from .scripts.crewai import MODEL

__all__ = ["CREWS", "OFFLINE", "SIDE_BY_SIDE", "its_own_warnings", "offline", "typed"]

#: Runs a crew and returns what came out: text, or the exception.
Crewed = Callable[[], Any]

OFFLINE = {
    "CREWAI_DISABLE_TELEMETRY": "true",
    "CREWAI_TRACING_ENABLED": "false",
    "CREWAI_TESTING": "true",
    "CREWAI_DISABLE_VERSION_CHECK": "true",
    "OTEL_SDK_DISABLED": "true",
}


def offline() -> None:
    """Set CrewAI's switches, before it is imported, and give it a folder of its own."""
    os.environ.update(OFFLINE)
    if "CREWAI_STORAGE_DIR" not in os.environ:
        os.environ["CREWAI_STORAGE_DIR"] = tempfile.mkdtemp(prefix="crewai-storage-")


@contextmanager
def its_own_warnings() -> Iterator[None]:
    """CrewAI warns of its own code: packages that import each other in circles, fields it has deprecated, clients it leaves open."""
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message="Cannot set an attribute on 'crewai", category=ImportWarning
        )
        warnings.filterwarnings("ignore", module=r"crewai\..*", category=DeprecationWarning)
        warnings.filterwarnings("ignore", category=ResourceWarning)
        yield


def _quietly(run: Crewed) -> Crewed:
    def quiet() -> Any:
        with its_own_warnings():
            result = run()
            # It leaves the clients' sockets to the collector of garbage: then rather now.
            gc.collect()
            return result

    return quiet


def _llm(model: str = MODEL, **settings: Any) -> Any:
    from crewai import LLM

    return LLM(model=model, api_key="answered-from-a-cassette", **{"max_retries": 0, **settings})


def _agent(role: str, **settings: Any) -> Any:
    from crewai import Agent

    settings.setdefault("llm", _llm())
    return Agent(role=role, goal="Do it well.", backstory="Works at the mill.", **settings)


def _task(description: str, agent: Any = None, **settings: Any) -> Any:
    from crewai import Task

    return Task(description=description, expected_output="One sentence.", agent=agent, **settings)


def _crew(agents: list[Any], tasks: list[Any], **settings: Any) -> Any:
    from crewai import Crew

    return Crew(agents=agents, tasks=tasks, **settings)


def _run(crew: Any) -> Any:
    """The crew's answer, or the provider's error it ended with."""
    import openai

    try:
        return crew.kickoff().raw
    except openai.APIError as error:
        return error


def _get_weather() -> Any:
    from crewai.tools import tool

    @tool("get_weather")
    def get_weather(city: str) -> str:
        """The weather in a city."""
        if city == "Moon":
            raise ValueError("there is no weather on the moon")
        return f"Rain in {city}."

    return get_weather


def _one(description: str, name: str, role: str = "Reporter", **agent: Any) -> Any:
    """A crew of one agent with one task."""
    worker = _agent(role, **agent)
    return _crew([worker], [_task(description, worker)], name=name)


def _with_tool(description: str) -> Crewed:
    return lambda: _run(_one(description, "weather desk", tools=[_get_weather()]))


def _delegation() -> Any:
    researcher = _agent("Researcher")
    writer = _agent("Writer", allow_delegation=True)
    task = _task("Write the weather page", writer, name="weather page")
    return _run(_crew([researcher, writer], [task], name="newsroom"))


def _hierarchical() -> Any:
    from crewai import Process

    crew = _crew(
        [_agent("Researcher"), _agent("Writer")],
        [_task("Plan the harvest", name="harvest plan")],
        name="farm",
        process=Process.hierarchical,
        manager_llm=_llm(),
    )
    return _run(crew)


def _guardrail() -> Any:
    def is_long_enough(output: Any) -> Any:
        return (True, output.raw) if len(output.raw) > 10 else (False, "name the harbour in full")

    # CrewAI reads the annotation and takes only the type itself, not its name.
    is_long_enough.__annotations__.clear()

    worker = _agent("Pilot")
    task = _task("Name the harbour", worker, guardrail=is_long_enough, guardrail_max_retries=2)
    return _run(_crew([worker], [task], name="port"))


def _human_input() -> Any:
    worker = _agent("Clerk")
    crew = _crew([worker], [_task("Draft the letter", worker, human_input=True)], name="office")
    with typed("Say when it opens.", ""):
        return _run(crew)


@contextmanager
def typed(*lines: str) -> Iterator[None]:
    """A person at the keyboard who types these lines."""
    with mock.patch.object(builtins, "input", side_effect=lines):
        yield


def _planning() -> Any:
    worker = _agent("Seller")
    tasks = [_task("List the beans", worker), _task("Price the beans", worker)]
    return _run(_crew([worker], tasks, name="shop", planning=True, planning_llm=_llm()))


def _reasoning() -> Any:
    from crewai.agent.planning_config import PlanningConfig

    return _run(
        _one(
            "Describe the sky", "observatory", role="Observer", planning_config=PlanningConfig(max_attempts=1)
        )
    )


def _flow_with_feedback() -> Any:
    from crewai.flow.flow import Flow, listen, start
    from crewai.flow.human_feedback import human_feedback

    class SloganFlow(Flow):  # type: ignore[misc, type-arg]
        @start()
        @human_feedback(message="Is the slogan good?")
        def write(self) -> str:
            return str(_run(_one("Write the slogan", "copy desk", role="Copywriter")))

        @listen(write)
        def publish(self, answer: Any) -> str:
            return f"published: {answer.output}"

    with typed("yes"):
        return SloganFlow().kickoff()


def _greet(letter: str) -> Any:
    return _one(f"Greet guest {letter}", f"door {letter}", role="Host")


def _crews_in_threads() -> Any:
    with ThreadPoolExecutor(3) as threads:
        return list(threads.map(lambda letter: _run(_greet(letter)), "ABC"))


def _kickoff_for_each() -> Any:
    host = _agent("Host of {letter}")
    crew = _crew([host], [_task("Greet guest {letter}", host)], name="door")
    results = asyncio.run(crew.akickoff_for_each(inputs=[{"letter": letter} for letter in "DEF"]))
    return [result.raw for result in results]


_RUNS: dict[str, Crewed] = {
    "tool": _with_tool("Report the weather in Oslo only"),
    "parallel_tools": _with_tool("Report the weather in Oslo and Bergen"),
    "failing_tool": _with_tool("Report the weather on the moon"),
    "delegation": _delegation,
    "hierarchical": _hierarchical,
    "retry": lambda: _run(_one("Report the tide", "coast")),
    "failure": lambda: _run(_one("Report the storm", "coast", max_retry_limit=1)),
    "client_retry": lambda: _run(_one("Report the swell", "coast", llm=_llm(max_retries=2))),
    "context_overflow": lambda: _run(_one("Summarise the logbook", "archive", llm=_llm("gpt-4.1-nano"))),
    "guardrail": _guardrail,
    "human_input": _human_input,
    "streaming": lambda: _run(_one("Stream the bulletin", "radio", llm=_llm(stream=True))),
    "planning": _planning,
    "reasoning": _reasoning,
    "lone_agent": lambda: (
        _agent("Reporter", tools=[_get_weather()]).kickoff("Report the weather in Oslo only").raw
    ),
    "flow_with_feedback": _flow_with_feedback,
    "crews_in_threads": _crews_in_threads,
    "kickoff_for_each": _kickoff_for_each,
}
CREWS: dict[str, Crewed] = {name: _quietly(run) for name, run in _RUNS.items()}
#: Crews whose model calls run side by side; the others are recorded in the order of their work.
SIDE_BY_SIDE = frozenset({"crews_in_threads", "kickoff_for_each"})
