"""Contract: a store gives the same answers as the one in memory, which is simple enough to be right by reading it."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path
from typing import Any

from hiveboard.settings import Limits
from hiveboard.store import Store
from hiveboard.store.memory import MemoryStore
from hypothesis import HealthCheck, Phase, given, settings

from .contract_answers import all_sums, everything
from .contract_opened import OpenedStore, put
from .random_events import batches_of, event_lists

#: Every example asks some hundred questions, so what fails is shown as it was found: to make it smaller takes minutes.
SEARCH = settings(
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)


def differences(found: dict[str, Any], expected: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """By question the two answers that should be the same and are not."""
    return {name: (found[name], expected[name]) for name in expected if found[name] != expected[name]}


async def stored(store: Store, events: list[dict[str, Any]], tenant: str) -> dict[str, Any]:
    """What a store says when these events came in. It is asked for sums before the last of them as well."""
    *early, last = batches_of(events, tenant)
    for batch in early:
        await put(store, batch)
    await all_sums(store, tenant)
    await put(store, last)
    return await everything(store, tenant)


class AgreesWithTheModel(OpenedStore):
    """Random events; for stores other than the model itself."""

    def test_it_agrees_with_the_store_in_memory(self, tmp_path: Path) -> None:
        model = MemoryStore(Limits(), lambda told: None)
        tenants = (f"tenant-{number}" for number in itertools.count())
        with asyncio.Runner() as runner:
            store = runner.run(opened_in(self, tmp_path))

            @settings(SEARCH, max_examples=25)
            @given(event_lists())
            def agrees(events: list[dict[str, Any]]) -> None:
                tenant = next(tenants)
                expected = runner.run(stored(model, events, tenant))
                assert differences(runner.run(stored(store, events, tenant)), expected) == {}

            try:
                agrees()
            finally:
                runner.run(store.close())


async def opened_in(suite: OpenedStore, folder: Path) -> Store:
    return suite.open_store(folder, Limits(), lambda told: None)
