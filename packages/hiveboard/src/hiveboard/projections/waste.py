"""The waste ledger: money and minutes that led nowhere, by agent, with the runs that show it."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from hiveboard.store.rows import TaskRow
from hiveboard.store.tallies import RunSums, TroubleSums

from .run_waste import RunWaste

__all__ = ["AgentWaste", "Waste", "Wasted", "waste_ledger"]


class Wasted(Struct, kw_only=True):
    """One kind of waste. ``cost`` in US dollars: 0 where nothing was wasted, null where nobody knows its price;
    ``unpriced`` runs (of retries and loops: calls) are in no sum."""

    runs: int = 0
    cost: float | None = 0.0
    unpriced: int = 0
    minutes: float = 0.0


class AgentWaste(Struct, kw_only=True):
    """What one agent did in vain. ``retries`` and ``loops`` are of the runs that completed and were looked into, so that
    nothing is in two columns; ``retry_wait_minutes`` (of all runs) is told for itself and in no sum."""

    agent_id: str
    failed: Wasted
    abandoned: Wasted
    retries: Wasted
    loops: Wasted
    retry_wait_minutes: float
    cost: float | None
    minutes: float


class Waste(Struct, kw_only=True):
    """All agents. ``examined`` of ``suspects`` runs (completed, with retries or three actions and more, among the newest
    of the period) were read for retries and loops: those sums are at least so much."""

    agents: list[AgentWaste]
    cost: float | None
    unpriced: int
    minutes: float
    examined: int
    suspects: int
    repeated: list[tuple[TaskRow, RunWaste]]


class _Found:
    def __init__(self) -> None:
        self.retries, self.loops = Wasted(), Wasted()


def waste_ledger(
    runs: dict[Any, RunSums],
    waits: dict[Any, TroubleSums],
    examined: list[tuple[TaskRow, RunWaste]],
    suspects: int,
) -> Waste:
    """``runs`` and ``waits`` (of ``retry_started``) by (agent,)."""
    found: dict[str, _Found] = {}
    for row, waste in examined:
        own = found.setdefault(row.state.agent_id, _Found())
        _note(own.retries, waste.retry_cost, waste.retry_unpriced, waste.retry_ms)
        _note(own.loops, waste.loop_cost, waste.loop_unpriced, waste.loop_ms)
    names = {key[0] for key in (*runs, *waits)} | set(found)
    agents = [
        _agent(name, runs.get((name,)), waits.get((name,)), found.get(name) or _Found())
        for name in sorted(names)
    ]
    agents = [
        one
        for one in agents
        if one.minutes or one.cost or one.cost is None or one.retry_wait_minutes or _runs(one)
    ]
    agents.sort(key=lambda one: (-(one.cost or 0), -one.minutes, one.agent_id))
    return Waste(
        agents=agents,
        cost=_together([one.cost for one in agents]),
        unpriced=sum(part.unpriced for one in agents for part in _parts(one)),
        minutes=round(sum(one.minutes for one in agents), 3),
        examined=len(examined),
        suspects=suspects,
        repeated=[
            (row, waste) for row, waste in examined if waste.loops or waste.retry_ms or waste.retry_cost
        ],
    )


def _note(to: Wasted, cost: float | None, unpriced: int, milliseconds: int) -> None:
    if not (cost or cost is None or unpriced or milliseconds):
        return
    to.cost = _together([to.cost, cost]) if to.runs else cost
    to.runs += 1
    to.unpriced += unpriced
    to.minutes = round(to.minutes + milliseconds / 60_000, 3)


def _agent(name: str, runs: RunSums | None, waits: TroubleSums | None, found: _Found) -> AgentWaste:
    failed = abandoned = Wasted()
    if runs is not None:
        failed = _ended(runs.failed, runs.failed_nano, runs.failed_unpriced, runs.failed_ms)
        abandoned = _ended(runs.other, runs.other_nano, runs.other_unpriced, runs.other_ms)
    parts = (failed, abandoned, found.retries, found.loops)
    return AgentWaste(
        agent_id=name,
        failed=failed,
        abandoned=abandoned,
        retries=found.retries,
        loops=found.loops,
        retry_wait_minutes=0.0 if waits is None else round(waits.waited_ms / 60_000, 3),
        cost=_together([part.cost for part in parts if part.runs]),
        minutes=round(sum(part.minutes for part in parts), 3),
    )


def _ended(runs: int, nano: int, unpriced: int, milliseconds: int) -> Wasted:
    # Runs that called no model cost nothing; where all that did are without a price, nobody knows.
    cost = None if unpriced and not nano else nano / 1e9
    return Wasted(runs=runs, cost=cost, unpriced=unpriced, minutes=round(milliseconds / 60_000, 3))


def _together(costs: list[float | None]) -> float | None:
    """What is known of several sums; None where there are some and none is known or more than nothing."""
    known = [cost for cost in costs if cost is not None]
    return None if len(known) < len(costs) and not sum(known) else round(sum(known), 9)


def _parts(one: AgentWaste) -> tuple[Wasted, ...]:
    return one.failed, one.abandoned, one.retries, one.loops


def _runs(one: AgentWaste) -> bool:
    return any(part.runs for part in _parts(one))
