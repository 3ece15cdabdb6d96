"""Prices of models that people set for a namespace, on top of the price file and the library."""

from __future__ import annotations

import msgspec

from hiveboard.pricing import Override, PriceBook
from hiveboard.store import Document, Store

__all__ = ["MOST_PRICES", "delete_price", "load_prices", "own_prices", "save_price"]

_KIND = "price"
#: How many prices a namespace may set.
MOST_PRICES = 1_000


async def own_prices(store: Store, tenant: str) -> dict[str, tuple[Override, int]]:
    """The prices of a namespace by model (in lower case), each with the microsecond it was set."""
    documents = await store.documents(tenant, _KIND)
    return {
        document.id: (msgspec.json.decode(document.body, type=Override), document.updated_at)
        for document in documents
    }


async def save_price(
    store: Store, book: PriceBook, tenant: str, model: str, price: Override, now: int
) -> None:
    """Set a price; calls that come from now on are estimated with it."""
    await store.put_document(tenant, Document(_KIND, model.lower(), msgspec.json.encode(price), now))
    await _apply(store, book, tenant)


async def delete_price(store: Store, book: PriceBook, tenant: str, model: str) -> bool:
    """Whether there was a price to delete."""
    deleted = await store.delete_document(tenant, _KIND, model.lower())
    await _apply(store, book, tenant)
    return deleted


async def load_prices(store: Store, book: PriceBook) -> None:
    """Have the book know the prices of every namespace; called once, before the first event comes in."""
    for tenant in await store.tenants():
        await _apply(store, book, tenant)


async def _apply(store: Store, book: PriceBook, tenant: str) -> None:
    own = await own_prices(store, tenant)
    book.set_own(tenant, {model: price for model, (price, _) in own.items()})
