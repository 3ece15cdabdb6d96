"""`python -m examples.demo [--once] [--endpoint URL] [--port N]`: what `make demo` runs."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import hiveloop
from hiveloop.detectors import BudgetGuard, CycleDetector, Detector, StuckDetector
from rich.console import Console
from rich.panel import Panel

from .board import Board
from .collector import Collector, CollectorError, free_port
from .live import run_live
from .models import CREWAI_OFFLINE, provider_environment
from .once import run_once
from .pace import Pace
from .scenario import Scenario
from .scenarios import ALL_SCENARIOS, SCENARIOS

DEFAULT_PORT = 8000
_LOCAL_KEY = "hb_live_local"
_TOKEN_BUDGET = 60_000
_STUCK_SECONDS = 2.0
_STUCK_LIVE_SECONDS = 60.0


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m examples.demo", description="A small company of agents, live."
    )
    parser.add_argument(
        "--once", action="store_true", help="run each scenario once, check the board, and end"
    )
    parser.add_argument("--endpoint", metavar="URL", help="use this collector instead of starting one")
    parser.add_argument(
        "--port", type=int, default=DEFAULT_PORT, help="port of the collector; 0 takes any free one"
    )
    parser.add_argument(
        "--frameworks",
        choices=("default", "all"),
        default="default",
        help="all: with a CrewAI crew, where that is installed (make demo FRAMEWORKS=all)",
    )
    return parser.parse_args(argv)


def _watch(frameworks: str) -> Sequence[Scenario]:
    """Turn the adapters on, and say who works. LangChain needs none: its runs are given a handler."""
    # LangChain notes every stop by a detector as an error of the handler that asked.
    logging.getLogger("langchain_core.callbacks.manager").setLevel(logging.ERROR)
    # The team is the worker here; its members are steps of its runs.
    hiveloop.instrument("autogen", turns="actions")
    if frameworks == "default":
        return SCENARIOS
    os.environ.update(CREWAI_OFFLINE)
    logging.getLogger("crewai").setLevel(logging.ERROR)
    hiveloop.instrument("crewai")
    return ALL_SCENARIOS


def _detectors(*, live: bool) -> Sequence[Detector]:
    """Loops and overspending are stopped. People work more slowly than a check, so they stand still later."""
    return (
        CycleDetector(on_detect="raise"),
        BudgetGuard(tokens=_TOKEN_BUDGET),
        StuckDetector(after=_STUCK_LIVE_SECONDS if live else _STUCK_SECONDS),
    )


@contextmanager
def _endpoint(arguments: argparse.Namespace, console: Console) -> Iterator[tuple[str, Collector | None]]:
    """The URL the agents report to; with the collector when the demo started one."""
    if arguments.endpoint:
        yield arguments.endpoint.rstrip("/"), None
        return
    port = free_port(arguments.port)
    if arguments.port not in (0, port):
        console.print(
            f"[yellow]Port {arguments.port} is taken[/] (by another demo?), so this one uses port {port}."
        )
    with Collector(port) as collector:
        yield collector.url, collector


def _banner(url: str, scenarios: Sequence[Scenario], console: Console) -> None:
    console.print(
        Panel(f"[bold]Open the dashboard:  [cyan link={url}]{url}[/][/]", expand=False, padding=(1, 3))
    )
    for scenario in scenarios:
        console.print(f"  [bold]{scenario.worker.agent_id:16}[/] {scenario.story}", highlight=False)
    console.print("\nThe agents are at work. Ctrl-C ends the demo.")


def _until_stopped(collector: Collector | None) -> None:
    """Return when the collector has gone; Ctrl-C comes as KeyboardInterrupt."""
    while collector is None or collector.is_running:
        time.sleep(0.5)


def _live(url: str, collector: Collector | None, scenarios: Sequence[Scenario], console: Console) -> bool:
    _banner(url, scenarios, console)
    pace = Pace(live=True)
    interrupted = False
    try:
        run_live(scenarios, pace, lambda: _until_stopped(collector), console.print)
    except KeyboardInterrupt:
        interrupted = True
        console.print("\nStopping: the agents have put down their work.")
    else:
        console.print("[red]The collector has ended[/], so the demo ends too.")
    return interrupted


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status: 0 when everything was as it must be."""
    arguments = _arguments(argv)
    console = Console(width=None if sys.stdout.isatty() else 132)
    for ending in (signal.SIGTERM, signal.SIGHUP):  # SIGHUP: the terminal was closed
        signal.signal(ending, _interrupt)
    # Also where the demo was started in the background of a shell, which has Ctrl-C ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    api_key = os.environ.get("HIVELOOP_API_KEY") or _LOCAL_KEY if arguments.endpoint else _LOCAL_KEY
    try:
        with provider_environment(), _endpoint(arguments, console) as (url, collector):
            hiveloop.init(
                api_key=api_key,
                endpoint=url,
                flush_interval=0.5,
                instrument="tenacity",
                detectors=_detectors(live=not arguments.once),
            )
            try:
                scenarios = _watch(arguments.frameworks)
                if arguments.once:
                    good = run_once(Board(url, api_key), scenarios, console)
                else:
                    good = _live(url, collector, scenarios, console)
            finally:
                with suppress(KeyboardInterrupt):  # a second Ctrl-C means: at once
                    hiveloop.shutdown(timeout=5)
    except CollectorError as error:
        console.print(f"[red]{error}[/]", highlight=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
