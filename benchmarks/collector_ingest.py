"""Durable ingest over HTTP: events per second, CPU, latency of a batch, as the store grows."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.collector_client import CONNECTIONS
from benchmarks.collector_process import CollectorProcess
from benchmarks.collector_traffic import BATCH
from benchmarks.environments import ROOT, clean_variables
from benchmarks.table import figure, notes, ratio, show

__all__ = ["Ingest", "IngestError", "fill", "print_ingest"]

_CHUNK_BATCHES = 200


class IngestError(RuntimeError):
    """The collector did not take a batch; the message is its answer."""


@dataclass(frozen=True)
class Ingest:
    """One stretch of ingest: what was stored before it, how fast it went, what it cost the server."""

    stored_before: int
    events: int
    seconds: float
    cpu_s: float | None
    latencies: list[float]
    bytes: int

    @property
    def rate(self) -> float:
        return self.events / self.seconds


def fill(collector: CollectorProcess, events: int, ids: str) -> Iterator[Ingest]:
    """Store so many events in stretches of 100,000, each acknowledged; making them is not in the figures."""
    batches = max(1, events // BATCH)
    client = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.collector_client", collector.address, ids, str(batches)],
        cwd=ROOT,
        env=clean_variables(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        for first in range(0, batches, _CHUNK_BATCHES):
            yield _stretch(client, collector, first, min(_CHUNK_BATCHES, batches - first))
    finally:
        client.kill()
        client.communicate()


def _stretch(client: subprocess.Popen[str], collector: CollectorProcess, first: int, count: int) -> Ingest:
    assert client.stdin is not None
    assert client.stdout is not None
    client.stdin.write(f"{count}\n")
    client.stdin.flush()
    client.stdout.readline()
    before = collector.cpu_seconds()
    client.stdin.write("\n")
    client.stdin.flush()
    answer = json.loads(client.stdout.readline())
    after = collector.cpu_seconds()
    if answer["problem"]:
        raise IngestError(answer["problem"])
    spent = None if before is None or after is None else after - before
    return Ingest(
        first * BATCH, count * BATCH, answer["seconds"], spent, answer["latencies"], answer["bytes"]
    )


def print_ingest(stretches: dict[str, Ingest]) -> None:
    """One row per stretch; the first is the one others are compared with."""
    reference = next(iter(stretches.values()))
    rows = []
    for name, stretch in stretches.items():
        per_100k = None if stretch.cpu_s is None else stretch.cpu_s * 100_000 / stretch.events
        rows.append(
            [
                name,
                ratio(stretch.rate, reference.rate),
                f"{stretch.rate:,.0f}",
                figure(per_100k),
                figure(statistics.median(stretch.latencies) * 1e3),
                figure(sorted(stretch.latencies)[int(len(stretch.latencies) * 0.95)] * 1e3),
                figure(stretch.bytes / stretch.events),
            ]
        )
    rows.append(["target: ids by time / at random", "", "≥ 55,000 / ≥ 15,000", "", "", "", ""])
    columns = ["ingest", "×first", "events/s", "CPU s/100k", "batch p50 ms", "batch p95 ms", "bytes/event"]
    show("Durable ingest over HTTP, batches of 500", columns, rows)
    notes(
        f"One client process, {CONNECTIONS} connections that stay open, one request at a time on each; plain JSON made before"
        " the clock starts; an event counts when its batch was answered 200, which is after the commit.",
        "bytes/event is the plain JSON the client sends. It is not comparable with the bytes on disk per event below, which"
        " hold the same event packed, its share of the indexes and summaries, and pages that are not full.",
        "25 tasks of 20 events a batch, 50 agents, a quarter of all events LLM calls to be priced. The client's CPU competes"
        " for the same cores.",
    )
