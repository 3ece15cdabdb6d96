"""The alert service: a clock that evaluates every rule of every tenant, and hands what is found to the courier."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from hiveboard.instant import MINUTE_US, SECOND_US
from hiveboard.settings import Settings
from hiveboard.setup.preferences import load_preferences
from hiveboard.store import Store, StoreFailedError

from .alert import Alert
from .channel import StoredChannel
from .channels import Sender
from .courier import Courier
from .episode import RuleState, advance
from .evaluate import FEED_KINDS, evaluate
from .facts import Facts, Feed
from .finding import Found
from .probe import probe, rule_of_channel
from .repository import Repository
from .rule import FEED_CONDITIONS, WINDOW_CONDITIONS, Rule

__all__ = ["AlertService"]

_log = logging.getLogger("hiveboard")
_FEED_EVENTS = 2_000
_TENANTS_EVERY_US = 15 * SECOND_US
_WINDOWS_EVERY_US = 15 * SECOND_US
_CURSOR_EVERY_US = MINUTE_US
#: Alerts of one rule that wait for a store that refuses them.
_MAX_OUTBOX = 500
#: A look that took long is followed by a pause at least that many times as long.
_PAUSE_FACTOR = 9


class _Watch(Struct):
    """What is remembered of a rule between two looks. ``is_dirty``: the state still has to be kept, or its outbox sent."""

    state: RuleState
    saved_at: int
    is_dirty: bool = False
    walk: dict[str, Any] = {}
    found: Found | None = None
    found_at: int = 0


class AlertService:
    """Made once; ``run`` is its clock. ``repository`` and ``sender`` also serve the routes."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        clock: Callable[[], int],
        newest_seq: Callable[[], int | None],
    ) -> None:
        self._store, self._settings, self._clock, self._newest = store, settings, clock, newest_seq
        limits = settings.limits
        self.repository = Repository(store)
        self.sender = Sender(
            allow_commands=settings.allow_commands, timeout_seconds=limits.alert_timeout_seconds
        )
        self.courier = Courier(self.repository, self.sender, clock, limits.alert_retry_seconds)
        self._watches: dict[tuple[str, str], _Watch] = {}
        self._tenants: list[str] = []
        self._tenants_at: int | None = None
        self._looked_seq: int | None = None

    def poke(self) -> None:
        """Something about rules changed: look for tenants that are new."""
        self._tenants_at = None

    async def test_rule(self, tenant: str, rule: Rule) -> Alert:
        """Tell a marked test to every channel of a rule, once. Raises StoreFailedError."""
        channels = await self.repository.channels(tenant)
        return await self._test(tenant, rule, [one for one in channels if one.id in rule.channels])

    async def test_channel(self, tenant: str, channel: StoredChannel, base: str) -> Alert:
        """Tell a marked test to one channel, once. Raises StoreFailedError."""
        return await self._test(tenant, rule_of_channel(channel, base, self._clock()), [channel])

    async def _test(self, tenant: str, rule: Rule, channels: list[StoredChannel]) -> Alert:
        now = self._clock()
        alert = await probe(rule, channels, self.sender, now, await self._base(tenant, rule))
        await self.repository.put_alert(tenant, alert, now)
        return alert

    async def _base(self, tenant: str, rule: Rule) -> str:
        """Where the dashboard is: as the tenant says, as the server was told, else as it was when the rule was made."""
        said = (await load_preferences(self._store, tenant)).public_url
        return (said or self._settings.public_url or rule.link_base).rstrip("/") + "/"

    async def run(self) -> None:
        """Look at everything again and again until cancelled, then write what is not written yet."""
        interval = self._settings.limits.alert_interval_seconds
        try:
            await self._resume()
            while True:
                began = time.monotonic()
                await self.look()
                self.courier.step()
                took = time.monotonic() - began
                await self._pause(max(interval, _PAUSE_FACTOR * took), interval)
        finally:
            await self.courier.close()
            await self.save_states()

    async def _pause(self, seconds: float, interval: float) -> None:
        """Wait, and go on delivering meanwhile."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            await asyncio.sleep(min(left, interval))
            self.courier.step()

    async def _resume(self) -> None:
        resumed: set[str] = set()
        while True:
            try:
                for tenant in await self._store.tenants():
                    if tenant not in resumed:
                        await self.courier.resume(tenant)
                        resumed.add(tenant)
            except StoreFailedError:
                await asyncio.sleep(self._settings.limits.alert_interval_seconds)
            else:
                return

    async def look(self) -> None:
        """Evaluate every rule once. One that fails leaves the others alone."""
        now, seq = self._clock(), self._newest()
        try:
            if self._tenants_at is None or not 0 <= now - self._tenants_at < _TENANTS_EVERY_US:
                self._tenants, self._tenants_at = await self._store.tenants(), now
        except StoreFailedError:
            return
        known: set[tuple[str, str]] = set()
        for tenant in self._tenants:
            (result,) = await asyncio.gather(self._look_at(tenant, now, seq), return_exceptions=True)
            if isinstance(result, StoreFailedError):
                return
            if isinstance(result, BaseException):
                _report(result, f"the alerts of {tenant}")
                continue
            known |= result
        self._watches = {key: watch for key, watch in self._watches.items() if key in known}
        self._looked_seq = seq

    async def _look_at(self, tenant: str, now: int, seq: int | None) -> set[tuple[str, str]]:
        rules = [rule for rule in await self.repository.rules(tenant) if rule.enabled]
        watches = [await self._watch(tenant, rule, now) for rule in rules]
        facts = Facts(self._store, tenant, now, await self._feed(tenant, rules, watches, seq))
        for rule, watch in zip(rules, watches, strict=True):
            look = self._evaluate(tenant, rule, watch, facts, seq)
            (error,) = await asyncio.gather(look, return_exceptions=True)
            if isinstance(error, StoreFailedError):
                raise error
            if isinstance(error, BaseException):
                _report(error, f"rule {rule.id}")
        return {(tenant, rule.id) for rule in rules}

    async def _watch(self, tenant: str, rule: Rule, now: int) -> _Watch:
        watch = self._watches.get((tenant, rule.id))
        if watch is None or watch.state.generation != rule.generation:
            state = await self.repository.state(tenant, rule.id)
            if state is None or state.generation != rule.generation:
                state = RuleState(rule.generation, rule.from_seq)
            watch = self._watches[tenant, rule.id] = _Watch(state, now, bool(state.outbox))
        return watch

    async def _feed(self, tenant: str, rules: list[Rule], watches: list[_Watch], seq: int | None) -> Feed:
        """News for the rules that follow events, from where the hindmost of them stands."""
        cursors = [
            watch.state.cursor
            for rule, watch in zip(rules, watches, strict=True)
            if isinstance(rule.condition, FEED_CONDITIONS)
        ]
        if not cursors or (seq is not None and seq <= min(cursors)):
            return Feed([], min(cursors, default=0))
        upto = await self._store.last_seq()
        if upto <= min(cursors):
            return Feed([], min(cursors))
        events = await self._store.events_after(tenant, min(cursors), _FEED_EVENTS, FEED_KINDS)
        return Feed(events, events[-1].seq if len(events) == _FEED_EVENTS else upto)

    async def _evaluate(self, tenant: str, rule: Rule, watch: _Watch, facts: Facts, seq: int | None) -> None:
        now, state = facts.now, watch.state
        found = await self._found(rule, watch, facts, seq)
        changed = advance(rule, state, found, now)
        if isinstance(rule.condition, FEED_CONDITIONS):
            state.cursor = max(state.cursor, facts.feed.upto)
            # Failures are counted from the cursor on, so both are kept together or not at all.
            changed = changed or abs(now - watch.saved_at) >= _CURSOR_EVERY_US
        watch.is_dirty = watch.is_dirty or changed
        if watch.is_dirty:
            await self._save(tenant, rule, watch, now)

    async def _found(self, rule: Rule, watch: _Watch, facts: Facts, seq: int | None) -> Found:
        """Sums over long windows are asked for when there is news, or now and then."""
        if not isinstance(rule.condition, WINDOW_CONDITIONS):
            return await evaluate(rule, watch.state, facts, watch.walk)
        recent = 0 <= facts.now - watch.found_at < _WINDOWS_EVERY_US
        if watch.found is None or not recent or seq != self._looked_seq:
            watch.found = await evaluate(rule, watch.state, facts, watch.walk)
            watch.found_at = facts.now
        return watch.found

    async def _save(self, tenant: str, rule: Rule, watch: _Watch, now: int) -> None:
        """Keep the state with the alerts it led to, then hand these on: a restart in between loses and repeats none."""
        del watch.state.outbox[:-_MAX_OUTBOX]
        await self.repository.put_state(tenant, rule.id, watch.state, now)
        watch.saved_at = now
        await self._post(tenant, rule, watch, now)
        watch.is_dirty = False

    async def _post(self, tenant: str, rule: Rule, watch: _Watch, now: int) -> None:
        outbox = watch.state.outbox
        if not outbox:
            return
        channels = [
            channel for channel in await self.repository.channels(tenant) if channel.id in rule.channels
        ]
        base = await self._base(tenant, rule)
        for alert in outbox:
            # One that the store refused a moment ago has its whole address already.
            alert.url = base + alert.url if alert.url.startswith("#") else alert.url
            if await self.repository.alert(tenant, alert.id) is None:
                await self.courier.accept(tenant, alert, channels)
        watch.state.outbox = []
        await self.repository.put_state(tenant, rule.id, watch.state, now)

    async def save_states(self) -> None:
        """Keep how far every rule has looked. A store that refuses costs a second look at some events."""
        now = self._clock()
        for (tenant, rule_id), watch in self._watches.items():
            try:
                await self.repository.put_state(tenant, rule_id, watch.state, now)
            except StoreFailedError:
                return


def _report(error: BaseException, what: str) -> None:
    if isinstance(error, Exception):
        _log.error("evaluating %s failed", what, exc_info=error)
    else:
        raise error
