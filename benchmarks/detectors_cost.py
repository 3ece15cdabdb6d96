"""What each detector adds to an event it has nothing to say about."""

from __future__ import annotations

import time
from collections.abc import Callable

import hiveloop
from hiveloop._buffer import Lane
from hiveloop._clock import Clock
from hiveloop._pipeline import Pipeline
from hiveloop._runtime import Session, runtime
from hiveloop.detectors import (
    BudgetGuard,
    ContradictionDetector,
    CycleDetector,
    Detector,
    ErrorBurstDetector,
    PromptBloatDetector,
    RetryStormDetector,
    SilentDropDetector,
    StateDriftDetector,
    StuckDetector,
    TokenWasteDetector,
)
from hiveloop.detectors._chain import detector_chain

from benchmarks.options import Options
from benchmarks.table import figure, notes, show

__all__ = ["run"]

_PLENTY = 10**12
_DETECTORS: dict[str, Callable[[], Detector]] = {
    "CycleDetector": CycleDetector,
    "BudgetGuard": lambda: BudgetGuard(usd=_PLENTY, tokens=_PLENTY),
    "StuckDetector": StuckDetector,
    "PromptBloatDetector": PromptBloatDetector,
    "StateDriftDetector": StateDriftDetector,
    "SilentDropDetector": SilentDropDetector,
    "ContradictionDetector": ContradictionDetector,
    "RetryStormDetector": RetryStormDetector,
    "ErrorBurstDetector": ErrorBurstDetector,
    "TokenWasteDetector": lambda: TokenWasteDetector(min_tokens=_PLENTY),
}


class _Nowhere:
    """A sink that forgets."""

    def put(self, lane: Lane, data: bytes) -> None:
        """Take one event."""

    def count_drop(self, reason: str, events: int = 1) -> None:
        """Nothing is ever dropped."""


def run(options: Options) -> None:
    """Measure and print."""
    alone = _cost([], options)
    rows = [["no detector", *(figure(value) for value in alone), ""]]
    for name, make in _DETECTORS.items():
        rows.append([name, *_added(_cost([make()], options), alone)])
    everything = _cost([make() for make in _DETECTORS.values()], options)
    rows.append([f"all {len(_DETECTORS)}", *_added(everything, alone)])
    columns = ["caller CPU", "LLM call\nµs", "action event\nµs", "other event\nµs", "target, each"]
    show("What detectors add to an event they have nothing to say about", columns, rows)
    notes(
        f"time.thread_time around {options.per_round:,} calls, the least of {2 * options.rounds} rounds, in one process, "
        "no delivery; below the first row: more than it. An LLM call told by hand also passes the gate once.",
    )


def _added(cost: tuple[float, ...], alone: tuple[float, ...]) -> list[str]:
    return [*(f"{with_it - without:+.2f}" for with_it, without in zip(cost, alone, strict=True)), "≤ 1"]


def _cost(detectors: list[Detector], options: Options) -> tuple[float, ...]:
    """Microseconds per LLM call, per event of an action, per other event."""
    chain = detector_chain(detectors)
    lanes: dict[str, Lane] = {}
    watch = None if chain is None else chain.watch
    session = Session(Pipeline(Clock(), _Nowhere(), [], lanes, watch), lanes)
    runtime.start(session)
    if chain is not None:
        chain.start(session)
    agent = hiveloop.agent("bench")
    with agent.task("bench") as task:

        def action() -> None:
            with agent.track_context("step"):
                pass

        calls: tuple[tuple[Callable[[], None], int], ...] = (
            (lambda: task.llm_call("turn", "m", tokens_in=100, tokens_out=10, cost=0.001), 1),
            (action, 2),
            (lambda: task.event("custom", {"kind": "note"}), 1),
        )
        found = tuple(_least(call, options) / events for call, events in calls)
    if chain is not None:
        chain.stop()
    runtime.stop(session)
    hiveloop.reset()
    return found


def _least(call: Callable[[], None], options: Options) -> float:
    least = float("inf")
    for _ in range(2 * options.rounds):
        started = time.thread_time()
        for _ in range(options.per_round):
            call()
        least = min(least, (time.thread_time() - started) / options.per_round * 1e6)
    return least
