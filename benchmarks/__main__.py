"""Runs the benchmarks: ``python -m benchmarks [--quick] [--events N] [PART ...]``."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

from benchmarks import (
    caller_cost,
    collector_cost,
    dashboard_frames,
    detectors_cost,
    draining,
    exit_time,
    frameworks_cost,
    import_cost,
    langchain_cost,
    server_peers,
)
from benchmarks.machine import facts
from benchmarks.options import Options
from benchmarks.table import console

PARTS: dict[str, Callable[[Options], None]] = {
    "caller": caller_cost.run,
    "detectors": detectors_cost.run,
    "drain": draining.run,
    "import": import_cost.run,
    "exit": exit_time.run,
    "langchain": langchain_cost.run,
    "frameworks": frameworks_cost.run,
    "collector": collector_cost.run,
    "collectors": server_peers.run,
    "dashboard": dashboard_frames.run,
}


def _arguments() -> tuple[Options, list[str]]:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"which to run: {', '.join(PARTS)}; all when none is named"
    )
    parser.add_argument("--quick", action="store_true", help="a few seconds each: to look at, not to quote")
    parser.add_argument(
        "--events",
        type=int,
        help="events stored before the collector is queried (default 1,000,000; quick 50,000)",
    )
    given = parser.parse_args()
    unknown = sorted(set(given.parts) - set(PARTS))
    if unknown:
        parser.error(f"no such part: {', '.join(unknown)}")
    if given.events is not None and given.events < 1_000:
        parser.error("--events must be at least 1000")
    stored = given.events or (50_000 if given.quick else 1_000_000)
    return Options(quick=given.quick, stored_events=stored), given.parts or list(PARTS)


def main() -> None:
    """Run the parts that were asked for, in the order of the table above."""
    options, parts = _arguments()
    for line in facts():
        console.print(line)
    console.print(
        "Ratios first, they carry over; absolute figures are this machine's, now. ×ours: how many times what ours needs."
    )
    if options.quick:
        console.print("Quick form: few rounds, small numbers. Not to be quoted.", style="yellow")
    console.print()
    started = time.monotonic()
    for name in PARTS:
        if name in parts:
            PARTS[name](options)
    console.print(f"{time.monotonic() - started:.0f} s in all; {facts()[1]}", style="dim")


if __name__ == "__main__":
    main()
