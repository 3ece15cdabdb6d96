"""Every store there is does what any store must do."""

from __future__ import annotations

from pathlib import Path

from hiveboard.settings import Limits
from hiveboard.store import Store
from hiveboard.store.memory import MemoryStore
from hiveboard.store.sqlite import SqliteStore

from .store_contract import AgreesWithTheModel, OnCommit, StoreContract


class TestSqlite(StoreContract, AgreesWithTheModel):
    def open_store(self, folder: Path, limits: Limits, on_commit: OnCommit) -> Store:
        return SqliteStore(folder / "store.db", limits, on_commit)


class TestMemory(StoreContract):
    def open_store(self, folder: Path, limits: Limits, on_commit: OnCommit) -> Store:
        return MemoryStore(limits, on_commit)
