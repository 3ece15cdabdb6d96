"""Rules, channels, states and alerts as documents of the store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

import msgspec

from hiveboard.store import Document, Store

from .alert import Alert
from .channel import StoredChannel
from .episode import RuleState
from .rule import Rule

__all__ = ["Repository"]

T = TypeVar("T")
SetUp = TypeVar("SetUp", Rule, StoredChannel)
_RULE, _CHANNEL, _STATE, _ALERT = "alert_rule", "alert_channel", "alert_state", "alert"
#: Of each tenant that many alerts are kept.
_KEPT = 5_000
_PAGE = 500


class Repository:
    """Reads and writes them; what cannot be read any more is passed over."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def _all(self, tenant: str, kind: str, shape: type[T]) -> list[T]:
        found = (_read(document, shape) for document in await self._store.documents(tenant, kind))
        return [one for one in found if one is not None]

    async def _one(self, tenant: str, kind: str, document_id: str, shape: type[T]) -> T | None:
        document = await self._store.document(tenant, kind, document_id)
        return None if document is None else _read(document, shape)

    async def _put(self, tenant: str, kind: str, document_id: str, body: Any, now: int) -> None:
        keep = _KEPT if kind == _ALERT else None
        await self._store.put_document(
            tenant, Document(kind, document_id, msgspec.json.encode(body), now), keep
        )

    async def _change(
        self, tenant: str, kind: str, document_id: str, shape: type[SetUp], change: Callable[[SetUp], SetUp]
    ) -> SetUp | None:
        def changed(document: Document | None) -> Document | None:
            found = None if document is None else _read(document, shape)
            if found is None:
                return None
            made = change(found)
            return Document(kind, document_id, msgspec.json.encode(made), made.updated_at)

        stored = await self._store.change_document(tenant, kind, document_id, changed)
        return None if stored is None else _read(stored, shape)

    async def rules(self, tenant: str) -> list[Rule]:
        """All rules, the newest first."""
        return await self._all(tenant, _RULE, Rule)

    async def rule(self, tenant: str, rule_id: str) -> Rule | None:
        """One rule."""
        return await self._one(tenant, _RULE, rule_id, Rule)

    async def put_rule(self, tenant: str, rule: Rule) -> None:
        """Store a rule."""
        await self._put(tenant, _RULE, rule.id, rule, rule.updated_at)

    async def change_rule(self, tenant: str, rule_id: str, change: Callable[[Rule], Rule]) -> Rule | None:
        """Store what ``change`` makes of a rule; None when there is none. Raises what ``change`` raises."""
        return await self._change(tenant, _RULE, rule_id, Rule, change)

    async def delete_rule(self, tenant: str, rule_id: str) -> bool:
        """Forget a rule and what was going on; its history stays."""
        await self._store.delete_document(tenant, _STATE, rule_id)
        return await self._store.delete_document(tenant, _RULE, rule_id)

    async def channels(self, tenant: str) -> list[StoredChannel]:
        """All channels, the newest first."""
        return await self._all(tenant, _CHANNEL, StoredChannel)

    async def channel(self, tenant: str, channel_id: str) -> StoredChannel | None:
        """One channel."""
        return await self._one(tenant, _CHANNEL, channel_id, StoredChannel)

    async def put_channel(self, tenant: str, channel: StoredChannel) -> None:
        """Store a channel."""
        await self._put(tenant, _CHANNEL, channel.id, channel, channel.updated_at)

    async def change_channel(
        self, tenant: str, channel_id: str, change: Callable[[StoredChannel], StoredChannel]
    ) -> StoredChannel | None:
        """Store what ``change`` makes of a channel; None when there is none. Raises what ``change`` raises."""
        return await self._change(tenant, _CHANNEL, channel_id, StoredChannel, change)

    async def delete_channel(self, tenant: str, channel_id: str) -> bool:
        """Forget a channel."""
        return await self._store.delete_document(tenant, _CHANNEL, channel_id)

    async def state(self, tenant: str, rule_id: str) -> RuleState | None:
        """What is going on with a rule."""
        return await self._one(tenant, _STATE, rule_id, RuleState)

    async def put_state(self, tenant: str, rule_id: str, state: RuleState, now: int) -> None:
        """Store what is going on with a rule."""
        await self._put(tenant, _STATE, rule_id, state, now)

    async def alert(self, tenant: str, alert_id: str) -> Alert | None:
        """One alert of the history."""
        return await self._one(tenant, _ALERT, alert_id, Alert)

    async def put_alert(self, tenant: str, alert: Alert, now: int) -> None:
        """Store an alert in the history."""
        await self._put(tenant, _ALERT, alert.id, alert, now)

    async def alerts(self, tenant: str, before: str | None = None) -> AsyncIterator[Alert]:
        """The history, the newest first; ``before`` goes on after an id."""
        while True:
            page = await self._store.documents(tenant, _ALERT, _PAGE, before)
            for document in page:
                alert = _read(document, Alert)
                if alert is not None:
                    yield alert
            if len(page) < _PAGE:
                return
            before = page[-1].id


def _read(document: Document, shape: type[T]) -> T | None:
    try:
        return msgspec.json.decode(document.body, type=shape)
    except msgspec.MsgspecError:
        return None
