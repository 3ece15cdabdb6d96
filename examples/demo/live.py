"""The live demo: every agent in a thread of its own, working and resting like people, until Ctrl-C."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from itertools import cycle

from .pace import Pace
from .recorded_usage import RecordedUsage
from .scenario import Scenario
from .staff import perform, register
from .traffic import recorded_traffic

__all__ = ["run_live"]

_FINISH_SECONDS = 10.0


def run_live(
    scenarios: Sequence[Scenario], pace: Pace, wait: Callable[[], None], say: Callable[[str], None]
) -> None:
    """Keep the agents at work until ``wait`` returns or raises, then let them finish what they hold."""
    for scenario in scenarios:
        register(scenario.worker)
    threads = [
        threading.Thread(target=_work, args=(scenario, pace, say), name=scenario.worker.agent_id, daemon=True)
        for scenario in scenarios
    ]
    with recorded_traffic(lambda usage: _think(pace, usage)):
        for thread in threads:
            thread.start()
        try:
            wait()
        finally:
            pace.stop()
            for thread in threads:
                thread.join(_FINISH_SECONDS)


def _think(pace: Pace, usage: RecordedUsage | None) -> None:
    """A model takes about as long as it has words to write; a refusal comes quickly."""
    seconds = 0.3 if usage is None else min(4.0, 0.5 + usage.tokens_out * 0.012)
    pace.work(seconds * 0.7, seconds * 1.3)


def _work(scenario: Scenario, pace: Pace, say: Callable[[str], None]) -> None:
    pace.work(0.0, 4.0)  # nobody's day starts at the same second
    cases = [case for case in scenario.cases if case.live]
    for number, case in enumerate(cycle(cases)):
        if pace.stopped:
            return
        round_ = number // len(cases)
        session_id = f"{case.session_id}-{round_ + 1}" if round_ else case.session_id
        crash = perform(scenario, case, pace, session_id)
        if crash is not None:
            say(f"{scenario.worker.agent_id} crashed in {session_id}: {crash}")
        pace.work(*scenario.rest_seconds)
