"""Alerts without waiting: a store, a clock that is set by hand, and the service looked through step by step."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from hiveboard.alerts.alert import Alert
from hiveboard.alerts.channel import Channel, StoredChannel
from hiveboard.alerts.condition import Condition, Filters
from hiveboard.alerts.rule import Rule
from hiveboard.alerts.service import AlertService
from hiveboard.ingest.decode import decode_batch
from hiveboard.ingest.judge import Judge
from hiveboard.instant import SECOND_US, format_instant
from hiveboard.pricing import PriceBook
from hiveboard.settings import Limits, Settings
from hiveboard.store import Store
from hiveboard.store.memory import MemoryStore
from hiveboard.store.records import Published
from hiveboard.store.sqlite import SqliteStore

from .conftest import event

#: A Tuesday, 10:02:30 UTC.
START = 1_770_112_950 * SECOND_US


class Clock:
    """Microseconds since 1970, moved by hand."""

    def __init__(self, now: int = START) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += round(seconds * SECOND_US)


class Bench:
    """One collector's store and alert service at a moment of the clock."""

    def __init__(self, path: Path | None, clock: Clock) -> None:
        self.clock = clock
        self._newest: int | None = None
        self.store: Store = (
            MemoryStore(Limits(), self._published)
            if path is None
            else SqliteStore(path, Limits(), self._published)
        )
        self.service = AlertService(self.store, Settings(), clock, lambda: self._newest)
        self._judge = Judge(Limits(), PriceBook())

    def _published(self, added: Published) -> None:
        if added.records:
            self._newest = added.first_seq + len(added.records) - 1

    async def rule(self, condition: Condition, tenant: str = "live", **fields: Any) -> Rule:
        """Store a rule as the route would."""
        known = await self.service.repository.rules(tenant)
        rule = Rule(
            **{
                "id": f"rule-{len(known)}",
                "name": "A rule",
                "condition": condition,
                "filters": Filters(),
                "severity": "warning",
                "channels": [],
                "cooldown_seconds": 0.0,
                "enabled": True,
                "notify_resolved": False,
                "silenced_until": None,
                "created_at": self.clock(),
                "updated_at": self.clock(),
                "generation": 1,
                "from_seq": await self.store.last_seq(),
                "link_base": "http://board",
            }
            | fields
        )
        await self.service.repository.put_rule(tenant, rule)
        self.service.poke()
        return rule

    async def channel(self, config: Channel, tenant: str = "live") -> str:
        """Store a channel as the route would."""
        stored = StoredChannel(id="channel", name="c", config=config, created_at=0, updated_at=0)
        await self.service.repository.put_channel(tenant, stored)
        return stored.id

    async def tell(
        self, *events: dict[str, Any], agent: str = "a", tenant: str = "live", **envelope: Any
    ) -> None:
        """Ingest events of an agent at this moment; those without a time of their own happen now."""
        body = json.dumps({"envelope": {"agent_id": agent, **envelope}, "events": events}).encode()
        batch = self._judge.judge(decode_batch(body, Limits()), tenant, self.clock()).batch
        assert len(batch.records) == len(events)
        await self.store.append(lambda: batch, len(body))

    def happens(self, event_type: str = "custom", **fields: Any) -> dict[str, Any]:
        """An event of this moment."""
        return event(event_type, **{"timestamp": format_instant(self.clock()), **fields})

    async def look(self, tenant: str = "live") -> list[Alert]:
        """Evaluate everything once: the alerts that this look told, the oldest first."""
        before = {alert.id async for alert in self.service.repository.alerts(tenant)}
        await self.service.look()
        after = [alert async for alert in self.service.repository.alerts(tenant)]
        return [alert for alert in reversed(after) if alert.id not in before]

    async def titles(self) -> list[str]:
        """The headings of what this look told."""
        return [alert.title for alert in await self.look()]


@contextlib.asynccontextmanager
async def bench(path: Path | None, clock: Clock | None = None) -> AsyncIterator[Bench]:
    """A bench on a store file, which may be there already, or (None) in memory."""
    made = Bench(path, clock or Clock())
    try:
        yield made
    finally:
        await made.service.courier.close()
        await made.service.save_states()
        await made.store.close()
