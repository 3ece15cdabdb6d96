"""What `hiveboard doctor` asks: who the caller is here, how the store is, when the last event came."""

from __future__ import annotations

from msgspec import Struct

from hiveboard import __version__
from hiveboard.instant import format_instant, format_optional
from hiveboard.store import StoreCondition

from .table import Context, Endpoint

__all__ = ["ENDPOINTS"]


class CollectorStatus(Struct, kw_only=True):
    """How the collector is, as the caller's key sees it. ``now`` is its clock, sizes are bytes.

    ``may`` is what the key allows: read, write, admin. ``last_received_at`` is when the latest event of this namespace
    was received, null when there is none; it and ``agents`` are null too for a key that may not read.
    """

    version: str
    now: str
    auth: str
    may: list[str]
    last_seq: int
    agents: int | None
    last_received_at: str | None
    store: StoreCondition


async def status(context: Context) -> CollectorStatus:
    """Look at everything a newcomer may have trouble with; stores one empty change."""
    may_read = "read" in context.caller.may
    agents = await context.store.agents(context.tenant, None) if may_read else []
    received = [row.state.last_received for row in agents]
    return CollectorStatus(
        version=__version__,
        now=format_instant(context.services.clock()),
        auth="open" if context.services.gate.is_open else "keys",
        may=sorted(context.caller.may),
        last_seq=await context.store.last_seq(),
        agents=len(agents) if may_read else None,
        last_received_at=format_optional(max(received, default=None)),
        store=await context.store.condition(),
    )


ENDPOINTS = (
    Endpoint(
        "GET", "/v1/status", status, CollectorStatus, "How the collector and its store are, and what your key may do.",
        tag="system",
        needs="any",
    ),
)  # fmt: skip
