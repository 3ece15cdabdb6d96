"""Opening the store under test, and the few events most tests are about."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from hiveboard.settings import Limits
from hiveboard.store import Store
from hiveboard.store.records import Appended, Batch, Published
from hiveboard.store.rows import Silence
from msgspec import structs

from .conftest import event, kind
from .random_events import batch_of

__all__ = [
    "HOUR",
    "NOBODY",
    "NOW",
    "OnCommit",
    "OpenedStore",
    "Opener",
    "batch",
    "put",
    "run_of",
    "store_all",
]

NOW = 1_770_000_000_000_000
HOUR = 3_600_000_000
#: Nobody's silence has lasted too long.
NOBODY = Silence()
OnCommit = Callable[[Published], None]


class Opener:
    """Opens stores of the kind under test and closes them when the test ends."""

    def __init__(self, open_store: Callable[[Path, Limits, OnCommit], Store], folder: Path) -> None:
        self._open_store, self._folder = open_store, folder
        self.opened: list[Store] = []
        #: What the stores told of their commits.
        self.published: list[Published] = []

    def __call__(self, limits: Limits | None = None) -> Store:
        folder = self._folder / str(len(self.opened))
        folder.mkdir()
        store = self._open_store(folder, limits or Limits(), self.published.append)
        self.opened.append(store)
        return store


class OpenedStore:
    """Fixtures of every part of the contract."""

    def open_store(self, folder: Path, limits: Limits, on_commit: OnCommit) -> Store:
        """The store under test, empty."""
        raise NotImplementedError

    @pytest.fixture
    async def opener(self, tmp_path: Path) -> AsyncIterator[Opener]:
        opener = Opener(self.open_store, tmp_path)
        yield opener
        for store in opener.opened:
            await store.close()

    @pytest.fixture
    def store(self, opener: Opener) -> Store:
        return opener()


def batch(events: list[dict[str, Any]], tenant: str = "live", received: int = NOW, **origin: Any) -> Batch:
    """What a request gives a store; ``origin`` are fields of :class:`~hiveboard.store.records.Origin`."""
    made = batch_of(events, received, tenant=tenant)
    made.origin = structs.replace(made.origin, **({"agent_version": None} | origin))
    return made


async def put(store: Store, made: Batch) -> Appended:
    return await store.append(lambda: made, 100)


async def store_all(store: Store, *events: dict[str, Any], **origin: Any) -> None:
    """Store events in one batch."""
    await put(store, batch(list(events), **origin))


def run_of(task_id: str, at: int = 0) -> list[dict[str, Any]]:
    """Six events of a run and its agent ``a``."""
    task = {"task_id": task_id, "task_run_id": "r"}
    return [
        event("task_started", at, **task),
        kind("llm_call", at + 1, data={"name": "n", "model": "m", "cost": 0.5, "tokens_in": 3}, **task),
        event("approval_requested", at + 2, **task),
        kind("issue", at + 3, data={"severity": "low"}),
        kind("queue_snapshot", at + 4, data={"depth": 1}),
        event("task_completed", at + 5, duration_ms=5, **task),
    ]
