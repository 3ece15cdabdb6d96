"""CPU of the calling thread per event, per LLM call and per tracked action."""

from __future__ import annotations

import contextlib
import statistics

from benchmarks.local_sink import counting_sink
from benchmarks.options import Options
from benchmarks.peer_process import OURS, PEERS, PeerProcess, Subject, available
from benchmarks.peers import OPERATIONS
from benchmarks.table import figure, notes, ratio, show

__all__ = ["run"]

_TARGETS = {"events": "≤ 4", "llm_calls": "", "actions": "≤ 8"}
_LABELS = {"events": "event", "llm_calls": "LLM call", "actions": "tracked action"}


def run(options: Options) -> None:
    """Measure and print."""
    subjects, missing = available(PEERS)
    taken = _measure(subjects, options)
    cost = {key: statistics.median(values) for key, values in taken.items()}
    rows = [
        [
            subject.label,
            *(
                ratio(cost[subject.name, operation], cost.get((OURS.name, operation)))
                for operation in OPERATIONS
            ),
            *(_spread(taken[subject.name, operation]) for operation in OPERATIONS),
        ]
        for subject in subjects
    ]
    labels = [_LABELS[operation] for operation in OPERATIONS]
    rows.append(["target", "", "", "", *(_TARGETS[operation] for operation in OPERATIONS)])
    columns = ["caller CPU", *(f"{label}\n×ours" for label in labels), *(f"{label}\nµs" for label in labels)]
    show("CPU of the calling thread: median (lowest to highest round)", columns, rows)
    notes(
        f"time.thread_time around {options.per_round:,} calls, {options.rounds} rounds, peers taking turns, each in its own"
        " process and environment, queues emptied between rounds; default settings, a counting sink on loopback.",
        "The loop and the building of arguments are in every figure; the floor shows how little that is.",
        missing=missing,
    )


def _measure(subjects: list[Subject], options: Options) -> dict[tuple[str, str], list[float]]:
    """Microseconds per call by subject and operation, one per round."""
    taken: dict[tuple[str, str], list[float]] = {}
    with contextlib.ExitStack() as stack:
        sink = stack.enter_context(counting_sink())
        workers = [stack.enter_context(PeerProcess(subject, sink.url)) for subject in subjects]
        for number in range(-1, options.rounds):  # the first round only warms up
            for worker in _rotated(workers, number):
                for operation in OPERATIONS:
                    seconds = worker.ask(operation, options.per_round)["thread_s"]
                    if number >= 0:
                        key = (worker.subject.name, operation)
                        taken.setdefault(key, []).append(seconds / options.per_round * 1e6)
    return taken


def _rotated(workers: list[PeerProcess], by: int) -> list[PeerProcess]:
    by %= len(workers)
    return workers[by:] + workers[:by]


def _spread(values: list[float]) -> str:
    return f"{figure(statistics.median(values))} ({figure(min(values))}–{figure(max(values))})"
