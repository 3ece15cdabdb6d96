"""CPU and loss of sending a burst of events to a collector that takes everything; bytes on the wire."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.local_sink import Sink, counting_sink
from benchmarks.options import Options
from benchmarks.peer_process import OPENTELEMETRY, OURS, PUBLISHED, PeerProcess, Subject, available
from benchmarks.table import figure, notes, rate, ratio, show

__all__ = ["run"]

_BATCHES = (None, 500)


@dataclass(frozen=True)
class Drain:
    """One burst: CPU of the whole process per 100,000 events, and what the sink saw of it."""

    cpu_s: float
    wall_s: float
    lost: float
    wire_bytes: float
    raw_bytes: float
    requests: int


def run(options: Options) -> None:
    """Measure and print."""
    subjects, missing = available((OURS, PUBLISHED, OPENTELEMETRY))
    with counting_sink() as sink:
        drains = {
            (subject, batch): _drain(subject, sink, batch, options.drained)
            for batch in _BATCHES
            for subject in subjects
        }
    rows = []
    for (subject, batch), drain in drains.items():
        ours = drains[OURS, batch]
        rows.append(
            [
                f"{subject.label}, batch {batch or 'default'}",
                ratio(drain.cpu_s, ours.cpu_s),
                figure(drain.cpu_s),
                rate(drain.lost),
                figure(drain.wire_bytes),
                figure(drain.raw_bytes),
                f"{drain.requests:,}",
                figure(drain.wall_s),
            ]
        )
    rows.append(["target", "", "≤ 1.0", "0", "≤ 60", "", "", ""])
    columns = [
        "draining a burst",
        "CPU ×ours",
        "CPU s/100k",
        "lost",
        "wire B/event",
        "JSON B/event",
        "requests",
        "wall s",
    ]
    show(f"{options.drained:,} events as fast as one thread can, then a normal shutdown", columns, rows)
    notes(
        "CPU of the whole process (time.process_time) from the first event to the end of shutdown, scaled to 100,000;"
        " lost = not at the sink after shutdown returned. One burst each, the sink is a process of its own.",
        "Batch default: ours and 0.2.0 100, OpenTelemetry 512 spans. Summaries and ids vary; ours is gzip because the sink"
        " advertises it, as our collector does. Faster callers overflow a bounded queue sooner: read CPU and loss together.",
        missing=missing,
    )


def _drain(subject: Subject, sink: Sink, batch: int | None, count: int) -> Drain:
    with PeerProcess(subject, sink.url, batch) as worker:
        worker.ask(
            "events", 100
        )  # threads and connections are up, and the task's own start is out of the figures
        sink.clear()
        answer = worker.ask("drain", count)
        seen = sink.counts()
    arrived = max(seen["events"], 1)
    return Drain(
        answer["process_s"] * 100_000 / count,
        answer["wall_s"],
        1 - seen["events"] / count,
        seen["wire_bytes"] / arrived,
        seen["raw_bytes"] / arrived,
        seen["requests"],
    )
