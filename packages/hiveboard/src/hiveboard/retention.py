"""The clock that makes the store forget what is older than its people want to keep."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from .instant import HOUR_US
from .setup.preferences import load_preferences
from .store import Store, StoreFailedError

__all__ = ["apply_retention", "keep_retention"]

_log = logging.getLogger("hiveboard")
_FIRST_SECONDS, _EVERY_SECONDS = 60.0, 3_600.0


async def keep_retention(store: Store, clock: Callable[[], int]) -> None:
    """Look once an hour until cancelled."""
    await asyncio.sleep(_FIRST_SECONDS)
    while True:
        try:
            removed = await apply_retention(store, clock())
        except StoreFailedError as error:
            _log.warning("old events could not be removed: %s", error)
        else:
            if removed:
                _log.info("%d events were removed: they were older than they are to be kept", removed)
        await asyncio.sleep(_EVERY_SECONDS)


async def apply_retention(store: Store, now: int) -> int:
    """Remove what no namespace wants to keep. Returns the number of events removed.

    A week holds the events of all namespaces and goes whole: the longest time that is set counts, and one namespace
    that has agents and sets none keeps everything.
    """
    longest = 0
    for tenant in await store.tenants():
        days = (await load_preferences(store, tenant)).retention_days
        if days is not None:
            longest = max(longest, days)
        elif await store.agents(tenant, None):
            return 0
    return await store.prune(now - longest * 24 * HOUR_US) if longest else 0
