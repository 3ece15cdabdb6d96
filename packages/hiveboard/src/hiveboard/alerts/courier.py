"""Delivers alerts to channels: some at a time, again when it may help, on after a restart."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections import Counter
from collections.abc import Callable

from msgspec import Struct

from hiveboard.instant import HOUR_US, SECOND_US
from hiveboard.store import StoreFailedError

from .alert import Alert, Attempt, Delivery
from .channel import StoredChannel, target_of
from .channels import Sender
from .outcome import Outcome
from .repository import Repository

__all__ = ["Courier", "attempt_of", "retry_delay_seconds"]

_log = logging.getLogger("hiveboard")
_AT_ONCE = 16
_AT_ONCE_PER_TARGET = 2
_MAX_WAITING = 2_000
_MAX_WAIT_SECONDS = 3_600
_STORE_WAIT_US = 5 * SECOND_US
#: After that an alert is no longer worth telling.
_STALE_US = 24 * HOUR_US


class _Job(Struct):
    tenant: str
    alert: Alert
    delivery: Delivery


def retry_delay_seconds(delays: tuple[float, ...], failures: int, asked: float | None) -> float | None:
    """How long to wait after so many failures; None when it is time to give up. The other side may ask for longer."""
    if failures > len(delays):
        return None
    delay = delays[failures - 1]
    return delay if asked is None else max(delay, min(asked, _MAX_WAIT_SECONDS))


def attempt_of(outcome: Outcome, at: int, took_seconds: float) -> Attempt:
    """A try as the history tells it."""
    return Attempt(
        at=at,
        delivered=outcome.delivered,
        status_code=outcome.status_code,
        error=outcome.error,
        duration_ms=round(took_seconds * 1000, 3),
    )


class Courier:
    """Takes alerts and sees to it that each of their deliveries ends as delivered, failed or cancelled."""

    def __init__(
        self, repository: Repository, sender: Sender, clock: Callable[[], int], delays: tuple[float, ...]
    ) -> None:
        self._repository, self._sender, self._clock, self._delays = repository, sender, clock, delays
        self._waiting: list[_Job] = []
        self._running: dict[asyncio.Task[None], _Job] = {}
        self._writing: dict[str, asyncio.Lock] = {}
        self._closed = False

    async def accept(self, tenant: str, alert: Alert, channels: list[StoredChannel]) -> None:
        """Write an alert to the history with a delivery per channel, and begin. Raises StoreFailedError."""
        now = self._clock()
        alert.deliveries = [_delivery(channel, now) for channel in channels]
        room = _MAX_WAITING - len(self._waiting)
        for delivery in alert.deliveries[max(0, room) :]:
            error = f"{_MAX_WAITING:,} deliveries wait already"
            delivery.status, delivery.next_attempt_at = "failed", None
            delivery.attempts = [
                Attempt(at=now, delivered=False, status_code=None, error=error, duration_ms=0)
            ]
        await self._repository.put_alert(tenant, alert, now)
        self._take(tenant, alert)

    def _take(self, tenant: str, alert: Alert) -> None:
        self._waiting += [
            _Job(tenant, alert, delivery) for delivery in alert.deliveries if delivery.status == "pending"
        ]

    async def resume(self, tenant: str) -> None:
        """Go on with what was pending when the collector stopped. Raises StoreFailedError and takes nothing then."""
        now, found = self._clock(), list[Alert]()
        async for alert in self._repository.alerts(tenant):
            if now - alert.fired_at > _STALE_US:
                break
            if alert.state != "test":
                found.append(alert)
        for alert in found:
            self._take(tenant, alert)

    def step(self) -> None:
        """Begin every delivery that is due, as far as there is room; called in the event loop."""
        now = self._clock()
        for task in [task for task in self._running if task.done()]:
            job = self._running.pop(task)
            error = None if task.cancelled() else task.exception()
            if error is not None:
                self._after_error(job, error, now)
        busy = Counter(job.delivery.target for job in self._running.values())
        left = []
        for job in self._waiting:
            delivery = job.delivery
            full = len(self._running) >= _AT_ONCE or busy[delivery.target] >= _AT_ONCE_PER_TARGET
            if full or now < (delivery.next_attempt_at or 0):
                left.append(job)
                continue
            busy[delivery.target] += 1
            task = asyncio.create_task(self._attempt(job))
            task.add_done_callback(self._go_on)
            self._running[task] = job
        self._waiting = left

    def _after_error(self, job: _Job, error: BaseException, now: int) -> None:
        """A store that cannot be read is asked again; anything else that breaks a delivery would break it again."""
        if isinstance(error, StoreFailedError):
            job.delivery.next_attempt_at = now + _STORE_WAIT_US
            self._waiting.append(job)
            return
        _log.error("delivering alert %s failed unexpectedly", job.alert.id, exc_info=error)
        job.delivery.status, job.delivery.next_attempt_at = "failed", None
        said = "something went wrong in the collector; its log has the details"
        attempt = Attempt(at=now, delivered=False, status_code=None, error=said, duration_ms=0)
        job.delivery.attempts.append(attempt)
        self._running[asyncio.create_task(self._keep(job))] = job

    def _go_on(self, task: asyncio.Task[None]) -> None:
        if not self._closed:
            self.step()

    async def close(self) -> None:
        """Break off what is under way; it is pending in the history and goes on after the next start."""
        self._closed = True
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        self._sender.close()

    async def _attempt(self, job: _Job) -> None:
        delivery, now = job.delivery, self._clock()
        stored = await self._repository.channel(job.tenant, delivery.channel_id)
        if stored is None or now - job.alert.fired_at > _STALE_US:
            delivery.status, delivery.next_attempt_at = "cancelled", None
            await self._keep(job)
            return
        delivery.target = target_of(stored.config)
        began = time.monotonic()
        outcome = await self._sender.send(job.alert, stored.config, now)
        delivery.attempts.append(attempt_of(outcome, now, time.monotonic() - began))
        self._settle(delivery, outcome)
        await self._keep(job)
        if delivery.status == "pending":
            self._waiting.append(job)

    def _settle(self, delivery: Delivery, outcome: Outcome) -> None:
        delay = None
        if outcome.may_retry:
            delay = retry_delay_seconds(self._delays, len(delivery.attempts), outcome.wait_seconds)
        if outcome.delivered or delay is None:
            delivery.status = "delivered" if outcome.delivered else "failed"
            delivery.next_attempt_at = None
            return
        # A tenth more or less, so that what failed together does not come back together.
        jitter = random.uniform(0.9, 1.1)
        delivery.next_attempt_at = self._clock() + round(delay * jitter * SECOND_US)

    async def _keep(self, job: _Job) -> None:
        """Write how it went. A store that refuses costs the record, not the delivery."""
        lock = self._writing.setdefault(job.alert.id, asyncio.Lock())
        async with lock:
            with contextlib.suppress(StoreFailedError):
                await self._repository.put_alert(job.tenant, job.alert, self._clock())
        if all(delivery.status != "pending" for delivery in job.alert.deliveries):
            self._writing.pop(job.alert.id, None)


def _delivery(channel: StoredChannel, now: int) -> Delivery:
    return Delivery(
        channel_id=channel.id,
        channel_name=channel.name,
        channel_type=str(channel.config.__struct_config__.tag),
        target=target_of(channel.config),
        next_attempt_at=now,
    )
