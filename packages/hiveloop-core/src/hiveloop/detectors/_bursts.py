"""Too much of one thing in a short time: errors of an agent, retries of a run."""

from __future__ import annotations

import time
from collections import Counter, deque
from typing import Any

from hiveloop._locks import Lock
from hiveloop.events import ActionFailed, Custom, Event, RetryStarted, TaskCompleted, TaskFailed
from hiveloop.payloads import LlmCall

from ._detector import Detector, Finding, OnDetect, positive, run_of
from ._llm import call_facts
from ._payload import data_of, text_at
from ._per_run import PerRun

__all__ = ["ErrorBurstDetector", "RetryStormDetector"]

_MOST = 1_000


class _Window:
    """What happened within the last seconds, and how often that was too much."""

    __slots__ = ("entries", "told")

    def __init__(self) -> None:
        self.entries: deque[tuple[float, str]] = deque(maxlen=_MOST)
        self.told = 0

    def add(self, what: str, seconds: float, threshold: int) -> int:
        """Note one more. Returns how many there are when that is worth telling, else 0."""
        now = time.monotonic()
        self.entries.append((now, what))
        while self.entries[0][0] < now - seconds:
            self.entries.popleft()
        count = len(self.entries)
        if count < threshold:
            self.told = 0
            return 0
        # A burst that goes on is told again at every doubling.
        if self.told and count < 2 * self.told:
            return 0
        self.told = count
        return count

    def most(self) -> str:
        """What there was most of."""
        return Counter(what for _, what in self.entries).most_common(1)[0][0]


class _Bursts(Detector):
    """Counts something within a sliding window, kept apart by run or by agent."""

    def __init__(
        self, threshold: int = 5, window_seconds: float = 60.0, on_detect: OnDetect = "report"
    ) -> None:
        super().__init__(on_detect)
        owner = type(self).__name__
        self._threshold = positive(owner, "threshold", threshold, whole=True)
        self._seconds = positive(owner, "window_seconds", window_seconds)
        self._windows: PerRun[_Window] = PerRun(_Window)
        self._lock = Lock()


class ErrorBurstDetector(_Bursts):
    """Finds ``threshold`` failed actions, tasks or model calls of one agent within ``window_seconds``."""

    name = "error_burst"
    sees = (ActionFailed, TaskFailed, LlmCall)

    def see(self, agent_id: str, event: Event) -> Finding | None:
        """Count a failure."""
        if type(event) is Custom:
            metadata = call_facts(event).metadata
            what = _refusal(metadata["error"]) if type(metadata) is dict and "error" in metadata else None
        else:
            what = _failure(event)
        if what is None:
            return None
        with self._lock:
            window = self._windows[agent_id]
            count = window.add(what, self._seconds, self._threshold)
            most = window.most() if count else ""
        if not count:
            return None
        return Finding(
            detector=self.name,
            message=f"{count} errors of {agent_id} within {self._seconds:g} s, mostly {most}",
            data={"errors": count, "window_seconds": self._seconds, "most": most},
            advice=f"Most of what you try fails ({most}). Stop, and say what is in the way.",
        )


def _failure(event: Event) -> str | None:
    """What failed, by the name of its error; None for an error that is only passed on."""
    payload = event.payload if type(event.payload) is dict else {}
    if "error_origin" in payload:
        return None
    return text_at(payload, "exception_type") or event.event_type


def _refusal(error: Any) -> str | None:
    """Why a model call failed; None where it did not."""
    if not error:
        return None
    return (text_at(error, "type") if type(error) is dict else None) or "a failed model call"


class RetryStormDetector(_Bursts):
    """Finds ``threshold`` retries of one run within ``window_seconds``."""

    name = "retry_storm"
    sees = (RetryStarted, TaskCompleted, TaskFailed)

    def see(self, agent_id: str, event: Event) -> Finding | None:
        """Count a retry; forget runs that ended."""
        run = event.task_run_id or run_of(agent_id, event)
        with self._lock:
            if type(event) is not RetryStarted:
                self._windows.forget(run)
                return None
            window = self._windows[run]
            data = data_of(event)
            what = text_at(data, "function") or text_at(data, "reason") or "one step"
            count = window.add(what, self._seconds, self._threshold)
            most = window.most() if count else ""
        if not count:
            return None
        return Finding(
            detector=self.name,
            message=f"{count} retries within {self._seconds:g} s, mostly of {most}",
            data={"retries": count, "window_seconds": self._seconds, "function": most},
            advice=f"{most} keeps failing. Do not try it again; go on without it or say that it does not work.",
        )
