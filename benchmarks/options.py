"""How large a run is."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Options"]


@dataclass(frozen=True)
class Options:
    """The size of a run; ``quick`` is for looking, not for quoting."""

    quick: bool = False
    #: Events stored in the collector before its queries are timed.
    stored_events: int = 1_000_000

    @property
    def rounds(self) -> int:
        """Interleaved rounds of which the median counts."""
        return 3 if self.quick else 9

    @property
    def per_round(self) -> int:
        """Calls in one round. Fits every default queue, so that no peer gets cheaper by dropping."""
        return 1_000 if self.quick else 2_000

    @property
    def drained(self) -> int:
        """Events of the draining benchmark."""
        return 20_000 if self.quick else 100_000

    @property
    def exit_cap_seconds(self) -> float:
        """How long an exit is waited for."""
        return 12.0 if self.quick else 80.0

    @property
    def imports(self) -> int:
        """Fresh interpreters per import figure."""
        return 3 if self.quick else 9

    @property
    def agent_tasks(self) -> int:
        """LangChain agent tasks per variant and mode."""
        return 15 if self.quick else 100

    @property
    def framework_rounds(self) -> int:
        """Rounds per framework and kind of run; a few runs alone and a few watched in each."""
        return 8 if self.quick else 40

    @property
    def requests(self) -> int:
        """Timed requests per query of the collector."""
        return 20 if self.quick else 100
