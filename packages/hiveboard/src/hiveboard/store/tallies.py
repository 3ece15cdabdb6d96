"""Small counters that insights are made of: declared once, so that every store keeps and sums them alike.

A tally counts by time bucket, agent and scope, and by dimensions of its own. All counters are sums, so the order in
which events arrive changes nothing.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from msgspec import Struct

from hiveboard.instant import HOUR_US, MINUTE_US

from .span import Span

__all__ = [
    "ACTIONS",
    "CALLS",
    "DURATIONS",
    "RUNS",
    "TALLIES",
    "TROUBLES",
    "TURNS",
    "ActionSums",
    "CallSums",
    "DurationSums",
    "RunSums",
    "Tally",
    "TroubleSums",
    "TurnSums",
    "coarse",
]

_DAY_US = 24 * HOUR_US
_FINE = (5 * MINUTE_US, HOUR_US, _DAY_US)
_COARSE = (HOUR_US, _DAY_US)

R = TypeVar("R", bound=Struct)
Group = tuple[Any, ...]


class RunSums(Struct):
    """Ended runs by the time they ended; money in billionths of a dollar, times in milliseconds.

    Of each kind of end (``failed_…``, ``other_…`` is cancelled, abandoned and aborted): what its runs cost, how many
    called models and told no cost, and how long they took. ``troubled`` runs had an error or a retry; ``mended`` are
    those of them that completed all the same.
    """

    group: Group
    runs: int
    cost_nano: int
    unpriced: int
    failed: int
    failed_nano: int
    failed_unpriced: int
    failed_ms: int
    other: int
    other_nano: int
    other_unpriced: int
    other_ms: int
    retried: int
    retries: int
    troubled: int
    mended: int
    escalated: int
    handled: int


class DurationSums(Struct):
    """How many runs that completed or failed took about so long: the dimension ``step``, see ``insight_reading.duration_step``."""

    group: Group
    runs: int


class CallSums(Struct):
    """Model calls by name and model. ``cache_*`` and ``context_*`` are of the calls that told those; tokens of a prompt's
    parts are of ``composed`` calls. ``context_pct`` is a sum of whole per cents, ``tight`` calls had 80 or more."""

    group: Group
    calls: int
    tokens_in: int
    told_in: int
    tokens_out: int
    told_out: int
    cost_nano: int
    estimated_nano: int
    unpriced: int
    cached: int
    cache_tokens_in: int
    cache_read: int
    cache_write: int
    stopped: int
    truncated: int
    context_told: int
    context_pct: int
    tight: int
    composed: int
    system_tokens: int
    history_tokens: int
    tool_tokens: int


class TurnSums(Struct):
    """Model calls that told their turn, by ``step``: the first turn, the second, then 3-4, 5-8, 9-16 and so on."""

    group: Group
    calls: int
    tokens_in: int
    told_in: int
    tokens_out: int
    told_out: int
    cost_nano: int
    unpriced: int


class TroubleSums(Struct):
    """What went wrong or was put right, by ``what`` and ``reason``; ``waited_ms`` of the ``waits`` that told it."""

    group: Group
    events: int
    waits: int
    waited_ms: int


class ActionSums(Struct):
    """Finished actions by name; ``failed_ms`` is how long the ``failed`` ones took together."""

    group: Group
    completed: int
    failed: int
    other: int
    duration_ms: int
    failed_ms: int


class Tally(Struct, Generic[R], frozen=True):
    """One table of counters: its name, its own dimensions, the row it is summed to, and the stored widths of its buckets.

    Keys are (tenant, grain, bucket, agent_id, scope_id, own dimensions…).
    """

    name: str
    own: tuple[str, ...]
    row: type[R]
    grains: tuple[int, ...]

    @property
    def counters(self) -> tuple[str, ...]:
        """Names of the counters, in the order of a row."""
        return self.row.__struct_fields__[1:]

    @property
    def key(self) -> tuple[str, ...]:
        """Names of the columns of the key."""
        return ("tenant", "grain", "bucket", "agent_id", "scope_id", *self.own)


RUNS = Tally("tally_runs", (), RunSums, _FINE)
DURATIONS = Tally("tally_durations", ("step",), DurationSums, _COARSE)
CALLS = Tally("tally_calls", ("name", "model"), CallSums, _COARSE)
TURNS = Tally("tally_turns", ("step",), TurnSums, _COARSE)
TROUBLES = Tally("tally_troubles", ("what", "reason"), TroubleSums, _FINE)
ACTIONS = Tally("tally_actions", ("name",), ActionSums, _COARSE)

TALLIES: tuple[Tally[Any], ...] = (RUNS, DURATIONS, CALLS, TURNS, TROUBLES, ACTIONS)


def coarse(span: Span) -> Span:
    """The whole hours a span touches: what tallies without finer buckets can answer for it."""
    return Span(span.since - span.since % HOUR_US, span.until + -span.until % HOUR_US, span.width)
