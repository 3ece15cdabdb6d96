"""Functions that fail as often as told, waits that take no time, and how to read what was reported."""

from __future__ import annotations

from typing import Any

import tenacity

__all__ = ["Flaky", "asleep", "awake", "data", "kinds", "quick"]


class Flaky:
    """Raises (a new error each time) for the first ``failures`` calls, then returns ``answer``."""

    def __init__(
        self, failures: int, error: type[BaseException] = ConnectionError, answer: Any = "ok"
    ) -> None:
        self.left = failures
        self.error = error
        self.answer = answer
        self.calls = 0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.calls += 1
        if self.left > 0:
            self.left -= 1
            raise self.error(f"no route {self.calls}")
        return self.answer


def asleep(seconds: float) -> None:
    """A wait that takes no time."""


async def awake(seconds: float) -> None:
    """The same, awaited."""


def quick(attempts: int = 3, **kwargs: Any) -> dict[str, Any]:
    """Arguments for ``retry``: a backoff of 1.5 s that takes no time."""
    return {
        "stop": tenacity.stop_after_attempt(attempts),
        "wait": tenacity.wait_fixed(1.5),
        "sleep": asleep,
        **kwargs,
    }


def data(seen: Any, event_type: str = "retry_started") -> list[dict[str, Any]]:
    """The data of all events of a type."""
    return [event["payload"]["data"] for event in seen.of_type(event_type)]


def kinds(seen: Any) -> list[str]:
    """What was told, in order: event types, and for custom events their kinds."""
    told = [event for event in seen.events if event["event_type"] != "agent_registered"]
    return [event["payload"].get("kind", event["event_type"]) for event in told]
