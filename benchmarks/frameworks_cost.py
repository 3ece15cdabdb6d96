"""CPU that each adapter adds to a run of its framework, beside the framework alone."""

from __future__ import annotations

import importlib.util
import statistics
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.environments import clean_variables
from benchmarks.json_process import JsonProcess, WorkerError
from benchmarks.options import Options
from benchmarks.table import figure, notes, ratio, show

__all__ = ["run"]

_COLUMNS = (
    "CPU added per run",
    "thread ×alone",
    "total ×alone",
    "thread µs",
    "total µs",
    "alone µs",
    "events",
)


@dataclass(frozen=True)
class _Watched:
    """A framework with an adapter: what it is called, the module that must be there, what its process needs set."""

    label: str
    name: str
    module: str
    variables: Mapping[str, str] = field(default_factory=dict)


_FRAMEWORKS = (
    _Watched("AutoGen", "autogen", "autogen_agentchat"),
    _Watched(
        "CrewAI",
        "crewai",
        "crewai",
        # It calls home, asks questions and looks for newer versions unless told before it is imported.
        {
            "CREWAI_DISABLE_TELEMETRY": "true",
            "CREWAI_TRACING_ENABLED": "false",
            "CREWAI_TESTING": "true",
            "CREWAI_DISABLE_VERSION_CHECK": "true",
            "OTEL_SDK_DISABLED": "true",
        },
    ),
    _Watched("tenacity", "tenacity", "tenacity"),
)


def run(options: Options) -> None:
    """Measure and print."""
    rows: list[list[str]] = []
    versions: list[str] = []
    failed: list[str] = []
    for watched in _FRAMEWORKS:
        if importlib.util.find_spec(watched.module) is None:
            rows.append(_without_figures(watched, "not installed"))
            continue
        try:
            rows += _measured(watched, options.framework_rounds, versions)
        except WorkerError as error:
            rows.append(_without_figures(watched, "not measured"))
            failed.append(str(error))
    show("What watching adds to a run of each framework", _COLUMNS, rows)
    notes(
        ", ".join(versions),
        f"Median of {options.framework_rounds} rounds in one process per framework, alone and watched in every round, in"
        " shuffled order: median watched minus median alone, ± half the interquartile range of the rounds'"
        " differences. thread = the thread that runs the program, total = the whole process until everything was"
        " told; alone = the framework's own total.",
        "Models and tools are scripted and answer inside the process: a real run takes longer, what is added stays."
        " Nothing is sent: events are encoded into memory. events: told per run. A run of tenacity is one call.",
        *failed,
    )


def _without_figures(watched: _Watched, why: str) -> list[str]:
    return [f"{watched.label}: {why}", *[""] * (len(_COLUMNS) - 1)]


def _measured(watched: _Watched, rounds: int, versions: list[str]) -> list[list[str]]:
    with tempfile.TemporaryDirectory(prefix="bench-") as home:
        environment = clean_variables(HOME=home, CREWAI_STORAGE_DIR=home, **watched.variables)
        with JsonProcess(
            Path(sys.executable),
            "frameworks_worker",
            watched.name,
            name=watched.label,
            environment=environment,
        ) as worker:
            versions += worker.ready["versions"]
            return [
                _row(f"{watched.label}: {work}", worker.asked({"work": work, "rounds": rounds}))
                for work in worker.ready["works"]
            ]


def _row(label: str, answer: Mapping[str, Any]) -> list[str]:
    thread, thread_alone, thread_added = _compared(answer["seconds"], 0)
    process, process_alone, process_added = _compared(answer["seconds"], 1)
    return [
        label,
        ratio(thread, thread_alone),
        ratio(process, process_alone),
        thread_added,
        process_added,
        figure(process_alone),
        f"{answer['events']:g}",
    ]


def _compared(seconds: Mapping[str, list[list[float]]], part: int) -> tuple[float, float, str]:
    """Median microseconds watched and alone, and what is added, with the noise of it."""
    watched, alone = ([taken[part] * 1e6 for taken in seconds[name]] for name in ("watched", "alone"))
    differences = [with_us - without for with_us, without in zip(watched, alone, strict=True)]
    lower, _, upper = statistics.quantiles(differences, n=4)
    median_watched, median_alone = statistics.median(watched), statistics.median(alone)
    added = f"{figure(median_watched - median_alone)} ±{figure((upper - lower) / 2)}"
    return median_watched, median_alone, added
