"""Contract: documents, what people set up."""

from __future__ import annotations

import asyncio

import pytest
from hiveboard.store import Document, Store
from hiveboard.store.rows import EventFilter

from .conftest import event
from .contract_opened import NOW, OpenedStore, batch, put, store_all


class DocumentContract(OpenedStore):
    """Kept by tenant, kind and id; histories keep their newest."""

    async def test_documents_are_kept_by_tenant_kind_and_id(self, store: Store) -> None:
        for number in range(5):
            await store.put_document(
                "live", Document("rule", f"r{number}", b'{"n":%d}' % number, NOW + number)
            )
        await store.put_document("live", Document("rule", "r1", b'{"n":"new"}', NOW + 9))
        await store.put_document("other", Document("rule", "r1", b"{}", NOW))
        await store.put_document("live", Document("key", "r1", b"[]", NOW))

        assert [found.id for found in await store.documents("live", "rule")] == ["r4", "r3", "r2", "r1", "r0"]
        assert [found.id for found in await store.documents("live", "rule", 2, "r3")] == ["r2", "r1"]
        assert await store.documents("live", "nothing") == []
        assert await store.document("live", "rule", "r1") == Document("rule", "r1", b'{"n":"new"}', NOW + 9)
        assert await store.document("live", "rule", "r9") is None
        assert await store.delete_document("live", "rule", "r1") is True
        assert await store.delete_document("live", "rule", "r1") is False
        assert await store.document("other", "rule", "r1") is not None
        assert await store.document("live", "key", "r1") is not None
        assert sorted(await store.tenants()) == ["live", "other"]

    async def test_changes_of_a_document_build_on_one_another(self, store: Store) -> None:
        def one_more(found: Document | None) -> Document:
            return Document("count", "c", b"%d" % (1 if found is None else int(found.body) + 1), NOW)

        await asyncio.gather(*(store.change_document("live", "count", "c", one_more) for _ in range(20)))
        assert await store.document("live", "count", "c") == Document("count", "c", b"20", NOW)

    async def test_a_change_may_leave_things_as_they_are_or_be_refused(self, store: Store) -> None:
        there = Document("rule", "r", b"{}", NOW)
        await store.put_document("live", there)

        def refuse(found: Document | None) -> Document | None:
            raise KeyError(None if found is None else found.id)

        with pytest.raises(KeyError, match="r"):
            await store.change_document("live", "rule", "r", refuse)
        assert await store.change_document("live", "rule", "r", lambda found: None) == there
        assert await store.change_document("live", "rule", "q", lambda found: None) is None
        assert await store.change_document("other", "rule", "r", lambda found: found) is None
        assert await store.documents("live", "rule") == [there]

    async def test_a_store_says_how_it_is_and_who_sent(self, store: Store) -> None:
        made = batch([event("task_started")])
        await put(store, made)
        found = (await store.events("live", EventFilter()))[0][0]
        origins = await store.origins([found.record.origin_id, 987_654])
        assert origins == {found.record.origin_id: made.origin}
        assert await store.origins([]) == {}
        condition = await store.condition()
        assert condition.trouble is None
        # What lies on no disk takes nothing of it.
        assert (condition.size_bytes > 0) is (condition.free_bytes is not None)
        assert condition.schema_version >= 0

    async def test_a_history_keeps_its_newest(self, store: Store) -> None:
        for number in (4, 0, 5, 1, 2, 3):
            await store.put_document("live", Document("sent", f"{number}", b"{}", NOW), keep=3)
        assert [found.id for found in await store.documents("live", "sent")] == ["5", "4", "3"]
        await store.put_document("other", Document("sent", "9", b"{}", NOW), keep=1)
        assert len(await store.documents("live", "sent")) == 3

    async def test_tenants_are_those_of_events_and_of_documents(self, store: Store) -> None:
        assert await store.tenants() == []
        await store_all(store, event("custom"))
        await store.put_document("b", Document("k", "1", b"{}", NOW))
        await store.put_document("a", Document("k", "1", b"{}", NOW))
        assert await store.tenants() == ["a", "b", "live"]
        await store.delete_document("a", "k", "1")
        assert await store.tenants() == ["b", "live"]
