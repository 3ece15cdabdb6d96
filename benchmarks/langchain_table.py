"""The table of what watching adds to an agent task: medians of several processes, each minus its own unwatched task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.table import figure, notes, ratio, show

__all__ = ["Taken", "show_added"]

_COLUMNS = (
    "CPU added per agent task",
    "thread ×ours",
    "total ×ours",
    "thread µs",
    "total µs",
    "of base",
    "events",
)


@dataclass(frozen=True)
class Taken:
    """What a task of one variant takes: median microseconds of the calling thread and of the process, events told."""

    thread_us: float
    process_us: float
    events: int


def show_added(
    measured: Mapping[str, Sequence[Mapping[str, Taken]]],
    tasks: int,
    versions: Sequence[Mapping[str, str]],
    missing: dict[str, str],
) -> None:
    """Print it; ``measured`` is by shape and mode, one entry a process, ours in the first."""
    rows = [row for mode, processes in measured.items() for row in _rows(mode, processes)]
    rows.append(["target: sync, async, streaming alike", "", "", "≤ 900", "≤ 1,800", "", ""])
    show("What watching adds to one LangChain agent task (5 LLM turns, 8 tools)", _COLUMNS, rows)
    notes(
        _told(versions),
        f"Median of {tasks} tasks per variant, in shuffled order, minus the unwatched task of the same process; thread ="
        " the thread that runs the agent, total = the whole process, LangGraph's tool threads and span processors"
        " included. Models are scripted. Nothing is sent: ours encodes into memory, OpenInference exports into a void,"
        " 0.2.0 queues events that it would encode later, when it sends them.",
        "loop: one runnable that calls model and tools by hand (14 runs); agent: create_agent (27 runs). 0.2.0 has no"
        " adapter: a handler written by hand reports task, tools and LLM calls through it, in a process and an"
        " environment of its own; the processes take turns. of base: added to the thread's own; events: told per task.",
        missing=missing,
    )


def _told(versions: Sequence[Mapping[str, str]]) -> str:
    """Versions of the first process, and where another has others."""
    first, *others = versions
    lines = [", ".join(f"{name} {version}" for name, version in first.items())]
    for other in others:
        differing = [f"{name} {version}" for name, version in other.items() if first.get(name) != version]
        if differing:
            lines.append(f"beside 0.2.0: {', '.join(differing)}")
    return "; ".join(lines)


def _rows(mode: str, processes: Sequence[Mapping[str, Taken]]) -> list[list[str]]:
    ours_thread, ours_process = _added(processes[0], "ours")
    rows = []
    for taken in processes:
        for name in taken:
            if name == "base":
                continue
            thread, process = _added(taken, name)
            rows.append(
                [
                    f"{mode}: {name}",
                    ratio(thread, ours_thread),
                    ratio(process, ours_process),
                    figure(thread),
                    figure(process),
                    f"{thread / taken['base'].thread_us * 100:.0f} %",
                    str(taken[name].events or "–"),
                ]
            )
    return rows


def _added(taken: Mapping[str, Taken], name: str) -> tuple[float, float]:
    base = taken["base"]
    return taken[name].thread_us - base.thread_us, taken[name].process_us - base.process_us
