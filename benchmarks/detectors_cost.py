"""What each detector, and the policies, add to an event they have nothing to say about."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import hiveloop
from hiveloop import policies
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
#: Such as a program may follow: what it spends, how often it asks, what it may use.
_POLICIES = (
    policies.Budget(usd=_PLENTY),
    policies.Rate(count=_PLENTY, seconds=3_600, of="llm_calls"),
    policies.Tools(deny=["shell*"]),
)
#: What an adapter tells beside the tokens.
_PROMPT = {"prompt_preview": "Where is my invoice? " * 90, "response_preview": "Under Billing. " * 60}
_METADATA = {"stop_reason": "end_turn", "turn_number": 3, "provider": "openai", "cache_read_input_tokens": 0}

Variant = tuple[str, list[Detector], tuple[policies.Policy, ...]]


class _Nowhere:
    """A sink that forgets."""

    def put(self, lane: Lane, data: bytes) -> None:
        """Take one event."""

    def count_drop(self, reason: str, events: int = 1) -> None:
        """Nothing is ever dropped."""


def run(options: Options) -> None:
    """Measure and print."""
    variants: list[Variant] = [("nothing on", [], ())]
    variants += [(name, [make()], ()) for name, make in _DETECTORS.items()]
    everything = [make() for make in _DETECTORS.values()]
    variants += [
        (f"all {len(_DETECTORS)}", everything, ()),
        ("1 policy: Budget", [], _POLICIES[:1]),
        (f"{len(_POLICIES)} policies", [], _POLICIES),
        ("all of it", [make() for make in _DETECTORS.values()], _POLICIES),
    ]
    costs = _costs(variants, options)
    alone = costs[0]
    rows = [["nothing on", *(figure(value) for value in alone), ""]]
    for (name, *_), cost in zip(variants[1:], costs[1:], strict=True):
        is_one = name in _DETECTORS or name.startswith("1 ")
        rows.append([name, *_added(cost, alone), "≤ 1" if is_one else ""])
    columns = ["caller CPU, µs an event", *_ACTS, "target"]
    show("What detectors and policies add to an event they have nothing to say about", columns, rows)
    notes(
        f"time.thread_time around {_CALLS} calls, the least of {_rounds(options)} rounds in turn, in one process, no "
        "delivery; below the first row: more than it, and how many times the bare event that is. The long LLM call has "
        "previews of 1,900 and 900 characters and metadata; a task is its start and end, halved.",
    )


def _added(cost: list[float], alone: list[float]) -> list[str]:
    return [
        f"{with_it - without:+.2f}  {with_it / without:.2f}x"
        for with_it, without in zip(cost, alone, strict=True)
    ]


_WARM_UP, _CALLS = 50, 200
_ACTS = ("LLM call", "long LLM call", "action", "task", "other")


def _rounds(options: Options) -> int:
    return 10 * options.rounds


def _costs(variants: list[Variant], options: Options) -> list[list[float]]:
    """Microseconds per event, for each variant and kind of event; in turn, so that a slow moment is everybody's."""
    least = [[float("inf")] * len(_ACTS) for _ in variants]
    for _ in range(_rounds(options)):
        for found, (_, detectors, rules) in zip(least, variants, strict=True):
            with _running(detectors, rules) as acts:
                for number, (act, events) in enumerate(acts):
                    found[number] = min(found[number], _timed(act) / events)
    hiveloop.reset()
    return least


@contextmanager
def _running(
    detectors: list[Detector], rules: tuple[policies.Policy, ...]
) -> Iterator[list[tuple[Callable[[], Any], int]]]:
    """Each kind of event, and how many of them one call makes."""
    chain = detector_chain(detectors)
    lanes: dict[str, Lane] = {}
    watch = None if chain is None else chain.watch
    session = Session(Pipeline(Clock(), _Nowhere(), [], lanes, watch), lanes)
    runtime.start(session)
    if chain is not None:
        chain.start(session)
    policies.add(*rules)
    agent = hiveloop.agent("bench")

    def action() -> None:
        with agent.track_context("step"):
            pass

    def whole_task() -> None:
        agent.start_task("one").complete()

    told = {"tokens_in": 100, "tokens_out": 10, "cost": 0.001}
    with agent.task("bench") as task:
        yield [
            (lambda: task.llm_call("turn", "m", **told), 1),  # type: ignore[arg-type]
            (lambda: task.llm_call("turn", "m", **told, **_PROMPT, metadata=_METADATA), 1),  # type: ignore[arg-type]
            (action, 2),
            (whole_task, 2),
            (lambda: task.event("custom", {"kind": "note"}), 1),
        ]
    policies.clear()
    if chain is not None:
        chain.stop()
    runtime.stop(session)


def _timed(act: Callable[[], Any]) -> float:
    for _ in range(_WARM_UP):
        act()
    started = time.thread_time()
    for _ in range(_CALLS):
        act()
    return (time.thread_time() - started) / _CALLS * 1e6
