"""CPU that watching adds to one LangChain agent task: 5 LLM turns, 8 tools; sync, async, streaming."""

from __future__ import annotations

import statistics
import sys
from contextlib import ExitStack
from pathlib import Path

from benchmarks.environments import (
    PUBLISHED_SDK,
    ROOT,
    Environment,
    EnvironmentUnavailableError,
    clean_variables,
)
from benchmarks.json_process import JsonProcess, WorkerError
from benchmarks.langchain_table import Taken, show_added
from benchmarks.options import Options
from benchmarks.table import notes

__all__ = ["run"]

_PACKAGES = ROOT / "packages"
#: LangChain with both handlers; ours alone can also be measured without it.
_BOTH = Environment(
    "bench-langchain",
    (
        str(_PACKAGES / "hiveloop-core"),
        str(_PACKAGES / "hiveloop-langchain"),
        "langchain>=1.0",
        "langgraph>=1.0",
        "opentelemetry-sdk",
        "openinference-instrumentation-langchain",
    ),
)
#: The published SDK has our import name, so it cannot share an environment with ours.
_PUBLISHED = Environment(
    "bench-langchain-0.2.0", (*PUBLISHED_SDK.requirements, "langchain>=1.0", "langgraph>=1.0")
)
_TURNS = 3


def run(options: Options) -> None:
    """Measure and print."""
    missing: dict[str, str] = {}
    python = Path(sys.executable)
    try:
        python = _BOTH.prepare()
    except EnvironmentUnavailableError as error:
        missing["OpenInference"] = str(error)
    with ExitStack() as stack:
        try:
            workers = [stack.enter_context(_worker(python, "checkout"))]
        except WorkerError as error:
            return notes(
                "CPU added per LangChain agent task", missing={"LangChain and both handlers": str(error)}
            )
        try:
            workers.append(stack.enter_context(_worker(_PUBLISHED.prepare(), "published")))
        except (EnvironmentUnavailableError, WorkerError) as error:
            missing["hiveloop 0.2.0"] = str(error)
        per_turn = max(options.agent_tasks // _TURNS, 1)
        modes = {f"{shape} {mode}": (shape, mode) for shape, mode in workers[0].ready["modes"]}
        measured = {
            name: _in_turns(workers, {"shape": shape, "mode": mode, "count": per_turn})
            for name, (shape, mode) in modes.items()
        }
        versions = [worker.ready["versions"] for worker in workers]
    return show_added(measured, per_turn * _TURNS, versions, missing)


def _worker(python: Path, who: str) -> JsonProcess:
    return JsonProcess(
        python, "langchain_worker", who, name=f"LangChain ({who})", environment=clean_variables()
    )


def _in_turns(workers: list[JsonProcess], question: dict[str, object]) -> list[dict[str, Taken]]:
    """Per process and variant what a task takes; the processes take turns."""
    seconds: list[dict[str, list[list[float]]]] = [{} for _ in workers]
    events: list[dict[str, int]] = [{} for _ in workers]
    for _ in range(_TURNS):
        for index, worker in enumerate(workers):
            answer = worker.asked(question)
            events[index] = answer["events"]
            for name, figures in answer["seconds"].items():
                seconds[index].setdefault(name, []).extend(figures)
    return [
        {
            name: Taken(
                statistics.median(thread for thread, _ in figures) * 1e6,
                statistics.median(process for _, process in figures) * 1e6,
                told[name],
            )
            for name, figures in of_process.items()
        }
        for of_process, told in zip(seconds, events, strict=True)
    ]
