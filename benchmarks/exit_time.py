"""How long a program with events in the queue takes to end while the collector is away."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

from benchmarks.local_sink import black_hole, dead_end
from benchmarks.options import Options
from benchmarks.peer_process import OPENTELEMETRY, OURS, PUBLISHED, PeerProcess, Subject, available
from benchmarks.table import figure, notes, ratio, show

__all__ = ["run"]

_QUEUED = 2_000
_POLL_SECONDS = 0.02


ENDPOINTS: dict[str, Callable[[], AbstractContextManager[str]]] = {
    "refuses": dead_end,
    "black hole": black_hole,
}


def run(options: Options) -> None:
    """Measure and print."""
    subjects, missing = available((OURS, PUBLISHED, OPENTELEMETRY))
    cap = options.exit_cap_seconds
    seconds = _measure(subjects, cap)
    rows = []
    for subject in subjects:
        values = [seconds[subject.name, kind] for kind in ENDPOINTS]
        ours = [seconds[OURS.name, kind] for kind in ENDPOINTS]
        rows.append(
            [
                subject.label,
                *(_at_least(value, cap, ratio(value, own)) for value, own in zip(values, ours, strict=True)),
                *(_at_least(value, cap, figure(min(value, cap))) for value in values),
            ]
        )
    rows.append(["target", "", "", "≤ 2", "≤ 2"])
    columns = ["exit", *(f"{kind} ×ours" for kind in ENDPOINTS), *(f"{kind} s" for kind in ENDPOINTS)]
    show(f"End of a program with {_QUEUED:,} events queued", columns, rows)
    notes(
        "Wall time from the moment the program has nothing left to do until its process is gone; default settings, no"
        f" explicit shutdown. All at the same time (they mostly wait); given up after {cap:.0f} s.",
        missing=missing,
    )


def _at_least(value: float, cap: float, told: str) -> str:
    """What is known of a process that was given up on is a lower bound."""
    return f"> {told}" if value >= cap else told


def _measure(subjects: list[Subject], cap: float) -> dict[tuple[str, str], float]:
    """Seconds by subject and endpoint; at most ``cap``."""
    with contextlib.ExitStack() as stack:
        running: dict[tuple[str, str], PeerProcess] = {}
        for kind, endpoint in ENDPOINTS.items():
            url = stack.enter_context(endpoint())
            for subject in subjects:
                running[subject.name, kind] = stack.enter_context(PeerProcess(subject, url))
        for worker in running.values():
            worker.ask("queue", _QUEUED)
        left_at = {}
        for key, worker in running.items():
            worker.leave()
            left_at[key] = time.monotonic()
        ended: dict[tuple[str, str], float] = {}
        while len(ended) < len(running):
            for key in running.keys() - ended.keys():
                gone = running[key].wait(_POLL_SECONDS)
                waited = time.monotonic() - left_at[key]
                if gone or waited >= cap:
                    ended[key] = min(waited, cap)
        return ended
