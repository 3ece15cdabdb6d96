"""What a detector is: it sees events, is asked before calls, and says what it finds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Literal

from msgspec import Struct

from hiveloop._gate import MADE
from hiveloop._safety import is_suspending
from hiveloop.errors import HiveLoopConfigError, Intervention
from hiveloop.events import Event

__all__ = ["Call", "Detector", "Finding", "OnDetect", "Tell", "positive", "run_of"]


class Finding(Struct, frozen=True, kw_only=True):
    """What a detector found: goes out as an ``anomaly`` event and is what ``on_detect`` acts on.

    ``message`` is one plain sentence, ``data`` its numbers (names, counts, milliseconds, dollars; never content),
    ``advice`` what the model is told by ``nudge``. With ``is_news`` false it is acted on but not reported once more.
    """

    detector: str
    message: str
    data: dict[str, Any] = {}
    advice: str | None = None
    error: type[Intervention] = Intervention
    is_news: bool = True


#: ``"report"``; ``"nudge"``: the model reads the advice instead of the next tool result; ``"raise"``: the run is
#: stopped at its next tool or model call; a callable gets the finding and may return a text to nudge with, or raise
#: an Intervention.
OnDetect = Literal["report", "nudge", "raise"] | Callable[[Finding], "str | None"]


#: ``tell(detector, said, agent_id, about)``: ``said`` is a finding, or an event of its own; ``about`` an event of the
#: run it is about.
Tell = Callable[["Detector", "Finding | Event", str, Event], None]


class Call(Struct):
    """A tool or model call that is about to be made. ``run`` is the run it belongs to, empty outside of tasks."""

    task: Any  # Task | None
    kind: str
    name: str
    arguments: Any
    run: str = ""

    @property
    def is_made(self) -> bool:
        """Whether it was made before it was told, so that only what comes next can be stopped."""
        return self.arguments is MADE


class Detector:
    """Base of every detector. Subclasses name the events they want to see, and keep bounded state per run.

    ``sees`` holds event types, and payload types of custom events (``TaskStarted``, ``LlmCall``, …); what detectors
    found is shown to none. ``asks`` holds the kinds of calls it is asked about: ``tool``, ``llm``, and ``made``, a model
    call that is told when it is over.
    """

    name: ClassVar[str] = "detector"
    sees: ClassVar[tuple[type, ...]] = ()
    asks: ClassVar[tuple[str, ...]] = ("tool", "llm", "made")

    def __init__(self, on_detect: OnDetect = "report") -> None:
        if not callable(on_detect) and on_detect not in ("report", "nudge", "raise"):
            raise HiveLoopConfigError(
                f"{type(self).__name__}: on_detect must be 'report', 'nudge', 'raise' or a callable, got {on_detect!r:.80}"
            )
        if is_suspending(on_detect):
            raise HiveLoopConfigError(
                f"{type(self).__name__}: on_detect must be a plain function: nobody awaits a coroutine here"
            )
        self.on_detect = on_detect

    def start(self, tell: Tell) -> None:
        """The client started. ``tell(self, finding, agent_id, about)`` sends what is found between events."""

    def stop(self) -> None:
        """The client stops."""

    def see(self, agent_id: str, event: Event) -> Finding | None:
        """Called with every event of a type in :attr:`sees`, before redaction. Must not change it."""
        return None

    def before_call(self, call: Call) -> Finding | None:
        """Called before every tool and model call of :attr:`asks` that an adapter or a helper announces."""
        return None

    def call_off(self, call: Call) -> None:
        """The call it was just asked about is not made: somebody stopped it."""


def run_of(agent_id: str, event: Event) -> str:
    """What an event counts for: its run, or its agent outside of tasks."""
    return event.task_run_id or event.task_id or f"agent:{agent_id}"


def positive(owner: str, name: str, value: Any, *, whole: bool = False, low: float = 0) -> Any:
    """A number above ``low``. Raises HiveLoopConfigError that names the field and the fix."""
    kind = "a whole number" if whole else "a number"
    fine = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool) and value > low
    if not fine:
        raise HiveLoopConfigError(f"{owner}: {name} must be {kind} above {low:g}, got {value!r:.80}")
    return value
