"""What it costs to import an SDK: CPU, memory, and how many packages come with it."""

from __future__ import annotations

import json
import statistics
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks.environments import clean_variables
from benchmarks.options import Options
from benchmarks.peer_process import OPENTELEMETRY, OURS, PUBLISHED, Subject, available
from benchmarks.table import figure, notes, ratio, show

__all__ = ["run"]

_IMPORTS = {
    OURS.name: {"import hiveloop": "", "import hiveloop, urllib3": "with what its sender thread loads"},
    PUBLISHED.name: {"import hiveloop": ""},
    OPENTELEMETRY.name: {
        "from opentelemetry.sdk.trace import TracerProvider\n"
        "from opentelemetry.sdk.trace.export import BatchSpanProcessor\n"
        "from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter": ""
    },
}
_PROBE = """
import importlib.metadata, json, os, sys, time
def rss():
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE") if os.path.exists("/proc/self/statm") else None
before, memory, modules = time.process_time(), rss(), len(sys.modules)
exec(sys.argv[1])
spent, grown = time.process_time() - before, None if memory is None else rss() - memory
names = {found.name for found in importlib.metadata.distributions()} - {"pip", "setuptools", "wheel"}
print(json.dumps({"cpu_ms": spent * 1e3, "rss_mb": None if grown is None else grown / 1e6, "modules": len(sys.modules) - modules, "packages": len(names)}))
"""


@dataclass(frozen=True)
class Cost:
    """Of one import statement, medians of fresh interpreters."""

    cpu_ms: float
    rss_mb: float | None
    modules: int
    packages: int


def run(options: Options) -> None:
    """Measure and print."""
    subjects, missing = available((OURS, PUBLISHED, OPENTELEMETRY))
    measured = {
        f"{subject.label}{note and ', ' + note}": _cost(subject, statement, options.imports)
        for subject in subjects
        for statement, note in _IMPORTS[subject.name].items()
    }
    ours = measured.get(OURS.label)
    rows = [
        [
            name,
            ratio(cost.cpu_ms, ours.cpu_ms if ours else None),
            ratio(cost.rss_mb, ours.rss_mb if ours else None),
            figure(cost.cpu_ms),
            figure(cost.rss_mb),
            str(cost.packages),
            str(cost.modules),
        ]
        for name, cost in measured.items()
    ]
    rows.append(["target", "", "", "≤ 60", "≤ 12", "≤ 4", ""])
    columns = ["import", "CPU ×ours", "RSS ×ours", "CPU ms", "RSS MB", "packages", "modules"]
    show("Import in a fresh interpreter", columns, rows)
    notes(
        f"Median of {options.imports} interpreters after one to warm up; compiled bytecode; an environment with nothing but"
        " the SDK and what it requires (packages: those installed there, itself included). CPU and memory that the"
        " statement adds to the running interpreter.",
        missing=missing,
    )


def _cost(subject: Subject, statement: str, count: int) -> Cost:
    python = subject.python()
    taken = [_probe(python, statement) for _ in range(count + 1)][1:]
    memory = [found["rss_mb"] for found in taken if found["rss_mb"] is not None]
    return Cost(
        statistics.median(found["cpu_ms"] for found in taken),
        statistics.median(memory) if memory else None,
        int(taken[0]["modules"]),
        int(taken[0]["packages"]),
    )


def _probe(python: Path, statement: str) -> dict[str, float]:
    done = subprocess.run(
        [python, "-c", _PROBE, statement], env=clean_variables(), capture_output=True, text=True, check=True
    )
    return dict(json.loads(done.stdout))
