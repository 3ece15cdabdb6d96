"""CPU that watching adds to one LangChain agent task: 5 LLM turns, 8 tools; sync, async, streaming."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.environments import ROOT, Environment, EnvironmentUnavailableError, clean_variables
from benchmarks.options import Options
from benchmarks.table import figure, notes, ratio, show

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
_THREAD, _PROCESS = 0, 1


def run(options: Options) -> None:
    """Measure and print."""
    missing: dict[str, str] = {}
    python = Path(sys.executable)
    try:
        python = _BOTH.prepare()
    except EnvironmentUnavailableError as error:
        missing["OpenInference"] = str(error)
    done = subprocess.run(
        [python, "-m", "benchmarks.langchain_worker", str(options.agent_tasks)],
        cwd=ROOT,
        env=clean_variables(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = " ".join(done.stderr.strip().splitlines()[-1:])
        return notes("CPU added per LangChain agent task", missing={"LangChain and both handlers": last})
    answer = json.loads(done.stdout)
    rows = [row for mode, taken in answer["taken"].items() for row in _rows(mode, taken)]
    rows.append(["target: sync, async, streaming alike", "", "", "≤ 900", "≤ 1,800", ""])
    columns = [
        "per agent task",
        "thread ×ours",
        "total ×ours",
        "thread µs added",
        "total µs added",
        "of the task's own",
    ]
    show("CPU that watching adds to one agent task (5 LLM turns, 8 tools)", columns, rows)
    notes(
        answer["versions"],
        f"Median of {options.agent_tasks} tasks per variant, in one process, in shuffled order, minus the unwatched task;"
        " thread = the thread that runs the agent, total = the whole process, LangGraph's tool threads and span processors"
        " included. Models are scripted. Nothing is sent: ours encodes into memory, OpenInference exports into a void.",
        "loop: one runnable that calls model and tools by hand (14 runs); agent: create_agent (27 runs).",
        missing=missing,
    )
    return None


def _rows(mode: str, taken: dict[str, list[float]]) -> list[list[str]]:
    base = taken["base"]
    added = {
        name: [figures[part] - base[part] for part in (_THREAD, _PROCESS)] for name, figures in taken.items()
    }
    ours = added["ours"]
    rows = []
    for name, (thread, process) in added.items():
        if name == "base":
            continue
        rows.append(
            [
                f"{mode}: {name}",
                ratio(thread, ours[_THREAD]),
                ratio(process, ours[_PROCESS]),
                figure(thread),
                figure(process),
                f"{thread / base[_THREAD] * 100:.0f} %",
            ]
        )
    return rows
