"""Questions about counters: which of them, by what, over which stretch of time; and one of them at a time, by name."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

from msgspec import Struct

from .rollup import GRAINS
from .rows import ActivityRow, OutcomeRow, Scope, UsageRow
from .span import Span
from .tallies import Tally

__all__ = ["ACTIVITY", "OUTCOMES", "USAGE", "SumQuestion", "Summed", "SumsByName"]

R = TypeVar("R", bound=Struct)

USAGE = Tally("llm_usage", ("model",), UsageRow, GRAINS)
OUTCOMES = Tally("task_outcomes", (), OutcomeRow, GRAINS)
ACTIVITY = Tally("agent_activity", (), ActivityRow, GRAINS)


class Summed(list[R]):
    """The answer to a question. Nobody changes it: it may be given again to whoever asks the same.

    ``notes`` are for what readers work out from it, so that it is worked out once.
    """

    def __init__(self, rows: Iterable[R]) -> None:
        super().__init__(rows)
        self.notes: dict[Hashable, Any] = {}


class SumQuestion(NamedTuple):
    """The counters of ``of`` summed over the dimensions not named in ``by``; ``model`` limits usage to one model.

    The answer is a :class:`Summed` of ``of.row``, one per group; without dimensions it is exactly one.
    """

    of: Tally[Any]
    by: tuple[str, ...]
    span: Span
    model: str | None = None


class SumsByName:
    """The questions of :class:`hiveboard.store.Store` about one table of counters, for a store that answers ``sums``."""

    async def sums(self, tenant: str, scope: Scope, asked: Sequence[SumQuestion]) -> list[Summed[Any]]:
        """See :class:`hiveboard.store.Store`."""
        raise NotImplementedError

    async def tallies(
        self, tenant: str, tally: Tally[R], scope: Scope, by: tuple[str, ...], span: Span
    ) -> list[R]:
        """See :class:`hiveboard.store.Store`."""
        (rows,) = await self.sums(tenant, scope, (SumQuestion(tally, by, span),))
        return rows

    async def usage(
        self, tenant: str, scope: Scope, by: tuple[str, ...], span: Span, model: str | None = None
    ) -> list[UsageRow]:
        """See :class:`hiveboard.store.Store`."""
        (rows,) = await self.sums(tenant, scope, (SumQuestion(USAGE, by, span, model),))
        return rows

    async def outcomes(self, tenant: str, scope: Scope, by: tuple[str, ...], span: Span) -> list[OutcomeRow]:
        """See :class:`hiveboard.store.Store`."""
        return await self.tallies(tenant, OUTCOMES, scope, by, span)

    async def activity(self, tenant: str, scope: Scope, by: tuple[str, ...], span: Span) -> list[ActivityRow]:
        """See :class:`hiveboard.store.Store`."""
        return await self.tallies(tenant, ACTIVITY, scope, by, span)
