"""The collector: ingest, memory, size on disk, queries, start-up; on one store that is filled once."""

from __future__ import annotations

import sqlite3
import tempfile
from importlib.metadata import version
from pathlib import Path

from benchmarks.collector_ingest import Ingest, fill, print_ingest
from benchmarks.collector_process import CollectorProcess, CollectorStartError
from benchmarks.collector_queries import print_queries
from benchmarks.options import Options
from benchmarks.table import figure, notes, show

__all__ = ["run"]

_RANDOM_EVENTS = 100_000


def run(options: Options) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="hiveboard-bench-") as folder:
        try:
            _run(options, Path(folder))
        except CollectorStartError as error:
            notes("The collector", missing={"hiveboard": f"did not start: {error}"})


def _run(options: Options, folder: Path) -> None:
    store = folder / "store.sqlite3"
    empty = _restart(folder / "empty.sqlite3")
    with CollectorProcess(store) as collector:
        stretches = list(fill(collector, options.stored_events, "by time"))
        memory = {"RSS after ingest MB": collector.rss_mb(), "highest RSS MB": collector.peak_rss_mb()}
        stored = sum(stretch.events for stretch in stretches)
        random_ids = _random_ids(folder / "random.sqlite3", min(stored, _RANDOM_EVENTS))
        print_ingest(_named(stretches, random_ids))
        print_queries(collector, stored, options.requests)
        memory["RSS after queries MB"] = collector.rss_mb()
    on_disk = sum(file.stat().st_size for file in folder.glob("store.sqlite3*"))
    full = _restart(store)
    rows = [[name, figure(value), "≤ 200" if "RSS" in name else ""] for name, value in memory.items()]
    rows.append(["bytes on disk per event", figure(on_disk / stored), ""])
    rows.append(["start, empty store, s", figure(empty), ""])
    rows.append([f"start, {stored:,} events stored, s", figure(full), "≤ 0.5"])
    show("Memory, disk, start-up", ["collector", "value", "target"], rows)
    notes(
        _versions(),
        "RSS of the one server process. Start: from the command to the first healthy answer, so Python's own start is in it."
        " Disk: the store with its -wal and -shm files, by the number of events; the JSON as sent is the figure above.",
    )


def _versions() -> str:
    parts = [f"{name} {version(name)}" for name in ("hiveboard", "starlette", "uvicorn", "msgspec")]
    return ", ".join([*parts, f"SQLite {sqlite3.sqlite_version}"])


def _restart(store: Path) -> float:
    with CollectorProcess(store) as collector:
        return collector.start_seconds


def _random_ids(store: Path, events: int) -> Ingest:
    with CollectorProcess(store) as collector:
        (*_, last) = fill(collector, events, "random")
        return last


def _named(stretches: list[Ingest], random_ids: Ingest) -> dict[str, Ingest]:
    """The first, the middle and the last stretch, and the one with random ids."""
    picked = {0, len(stretches) // 2, len(stretches) - 1}
    named = {f"ids by time, {stretches[at].stored_before:,} stored": stretches[at] for at in sorted(picked)}
    return {**named, "random ids, 0 stored": random_ids}
