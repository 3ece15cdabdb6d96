"""CPU of one framework alone and watched, asked for in lines of JSON: ``python -m benchmarks.frameworks_worker FRAMEWORK``.

Each answer has the seconds of every round (of the calling thread, and of the process), alone and watched, per call,
and how many events a watched call tells.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import random
import sys
import time
from importlib.metadata import version
from typing import Any

from hiveloop.testing import Captured, capture_events

from benchmarks.framework_work import Framework, Work

_WARM_UP = 2
_RUNS = 3

Seconds = tuple[float, float]


def _timed(framework: Framework, work: Work) -> Seconds:
    with work.ready() as run:
        thread, process = time.thread_time(), time.process_time()
        run()
        thread = time.thread_time() - thread
        framework.settle()
        return thread, time.process_time() - process


def _told(framework: Framework, work: Work, seen: Captured) -> float:
    """Events per call; also fills the caches again that switching emptied."""
    with work.ready() as run:
        before = len(seen.events)
        run()
        framework.settle()
        events = [event for event in seen.events[before:] if event["event_type"] != "agent_registered"]
        return len(events) / work.calls


def _block(framework: Framework, work: Work, seen: Captured, watched: bool) -> tuple[Seconds, float]:
    """A few runs one after another, as in a program that does not change: seconds per call, and events."""
    if watched:
        framework.instrument()
    try:
        events = _told(framework, work, seen)
        figures = [_timed(framework, work) for _ in range(_RUNS)]
    finally:
        framework.uninstrument()
    seen.clear()
    per_call = _RUNS * work.calls
    return (
        sum(thread for thread, _ in figures) / per_call,
        sum(total for _, total in figures) / per_call,
    ), events


def _rounds(framework: Framework, work: Work, count: int) -> dict[str, Any]:
    """Both in every round, in shuffled order."""
    taken: dict[str, list[Seconds]] = {"alone": [], "watched": []}
    told: dict[str, float] = {}
    with capture_events() as seen:
        for index in range(-_WARM_UP, count):
            for name in random.sample(list(taken), len(taken)):
                seconds, told[name] = _block(framework, work, seen, name == "watched")
                if index >= 0:
                    taken[name].append(seconds)
    if told["alone"]:
        raise RuntimeError("the framework alone was watched")
    return {"seconds": taken, "events": told["watched"]}


def main() -> None:
    """Serve questions until stdin ends."""
    answers = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):  # frameworks print
        framework: Framework = importlib.import_module(f"benchmarks.{sys.argv[1]}_work").FRAMEWORK
        versions = [f"{name} {version(name)}" for name in framework.distributions]
        print(json.dumps({"versions": versions, "works": list(framework.works)}), file=answers, flush=True)
        for line in sys.stdin:
            asked = json.loads(line)
            answer = _rounds(framework, framework.works[asked["work"]], asked["rounds"])
            print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
