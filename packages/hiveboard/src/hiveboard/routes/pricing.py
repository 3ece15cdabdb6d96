"""Prices of models: those people set, and those in effect for what agents call."""

from __future__ import annotations

import asyncio

from msgspec import Struct

from hiveboard.errors import ApiError, BadRequestError, NotFoundError
from hiveboard.instant import HOUR_US, format_optional
from hiveboard.pricing import MAX_MODEL, OWN, Override
from hiveboard.setup.prices import MOST_PRICES, delete_price, own_prices, save_price
from hiveboard.store import Span
from hiveboard.store.rows import Scope

from .paging import CURSOR, LIMIT, Pagination, read_cursor, write_cursor
from .params import text
from .table import Context, Endpoint

__all__ = ["ENDPOINTS"]

_SEEN_US = 30 * 24 * HOUR_US


class PriceView(Struct, kw_only=True):
    """What a model costs now, in US dollars per million tokens.

    ``source`` is own where people set it (``set_by`` api, or the price file), library, or unknown: then a call of it
    that tells no cost has none. ``matched`` is the entry the price rests on, mostly the model itself. A price that is
    null is that of other tokens of its side; ``is_tiered``: long prompts cost more. ``calls_30d`` are calls of the model
    in the last 30 days.
    """

    model: str
    source: str
    set_by: str | None
    matched: str | None
    input_per_m: float | None
    output_per_m: float | None
    cache_read_per_m: float | None
    cache_write_per_m: float | None
    is_tiered: bool
    updated_at: str | None
    calls_30d: int


class PriceList(Struct):
    """A page of prices by model: all that people set, and of every model called in the last 30 days."""

    data: list[PriceView]
    pagination: Pagination


class PriceDeleted(Struct):
    """The price is gone; ``effective`` is what the model costs now."""

    status: str
    model: str
    effective: PriceView


async def _calls(context: Context) -> dict[str, int]:
    """Models called in the last 30 days, and how often."""
    now = context.services.clock()
    span = Span(now - _SEEN_US, now + HOUR_US, 24 * HOUR_US)
    rows = await context.store.usage(context.tenant, Scope(), ("model",), span)
    return {str(row.group[0]): row.calls for row in rows if row.group[0]}


async def _views(context: Context, models: list[str], calls: dict[str, int]) -> list[PriceView]:
    own = await own_prices(context.store, context.tenant)
    prices, tenant, now = context.services.prices, context.tenant, context.services.clock()
    quotes = await asyncio.to_thread(lambda: [prices.quote(model, now, tenant) for model in models])
    views = []
    for model, quote in zip(models, quotes, strict=True):
        entry = None if quote is None else quote.entry.removeprefix(OWN)
        is_own = quote is not None and quote.entry.startswith(OWN)
        by_api = is_own and (entry or "").lower() in own
        views.append(
            PriceView(
                model=model,
                source="unknown" if quote is None else "own" if is_own else "library",
                set_by=("api" if by_api else "file") if is_own else None,
                matched=entry,
                input_per_m=None if quote is None else quote.input_per_m,
                output_per_m=None if quote is None else quote.output_per_m,
                cache_read_per_m=None if quote is None else quote.cache_read_per_m,
                cache_write_per_m=None if quote is None else quote.cache_write_per_m,
                is_tiered=quote is not None and quote.tiered,
                updated_at=format_optional(own[entry.lower()][1] if by_api and entry else None),
                calls_30d=calls.get(model, 0),
            )
        )
    return views


async def list_prices(context: Context) -> PriceList:
    """A page of prices in effect."""
    params = context.params
    after = read_cursor("pricing", params["cursor"], tuple[str])
    calls = await _calls(context)
    own = await own_prices(context.store, context.tenant)
    called = {model.lower() for model in calls}
    models = {*calls, *(model for model in {*own, *context.services.prices.of_file()} if model not in called)}
    wanted = sorted(
        model
        for model in models
        if (after is None or model > after[0])
        and (params["q"] is None or params["q"].casefold() in model.casefold())
    )
    limit = params["limit"]
    views = await _views(context, wanted[:limit], calls)
    more = len(wanted) > limit
    return PriceList(views, write_cursor("pricing", (wanted[limit - 1],) if more else None))


async def get_price(context: Context) -> PriceView:
    """What one model costs, whether it was ever called or not."""
    model = _asked(context)
    return (await _views(context, [model], await _calls(context)))[0]


def _asked(context: Context) -> str:
    model: str = context.params["model"].strip()
    if not model or len(model) > MAX_MODEL:
        fix = f"name a model in 1 to {MAX_MODEL} characters"
        raise BadRequestError(f"model: {fix}", details={"field": "model", "fix": fix})
    return model


async def set_price(context: Context) -> PriceView:
    """Set a price; calls that are received from now on are estimated with it."""
    model, price = _asked(context), await context.read(Override)
    own = await own_prices(context.store, context.tenant)
    if model.lower() not in own and len(own) >= MOST_PRICES:
        raise ApiError(
            f"no more than {MOST_PRICES:,} prices can be set; delete some", code="too_many", status=409
        )
    services = context.services
    await save_price(context.store, services.prices, context.tenant, model, price, services.clock())
    return await get_price(context)


async def remove_price(context: Context) -> PriceDeleted:
    """Delete a price; what was estimated with it stays as it is."""
    model = _asked(context)
    if not await delete_price(context.store, context.services.prices, context.tenant, model):
        raise NotFoundError(
            f"nobody set a price of {model[:64]!r} here; prices of the price file are changed there",
            code="price_not_found",
        )
    return PriceDeleted("deleted", model, await get_price(context))


ENDPOINTS = (
    Endpoint(
        "GET", "/v1/pricing", list_prices, PriceList,
        "Prices in effect: all that people set, and of every model called in the last 30 days.",
        (text("q", "Part of the model's name."), LIMIT, CURSOR), tag="admin", errors=(400,),
    ),
    Endpoint(
        "GET", "/v1/pricing/{model:id}", get_price, PriceView, "What a model costs.", tag="admin", errors=(400,),
    ),
    Endpoint(
        "PUT", "/v1/pricing/{model:id}", set_price, PriceView,
        "Set what a model costs; calls that are received from now on are estimated with it.",
        tag="admin", needs="admin", body=Override, errors=(400, 403, 408, 409, 413, 415),
    ),
    Endpoint(
        "DELETE", "/v1/pricing/{model:id}", remove_price, PriceDeleted,
        "Delete a price that was set; what was estimated with it stays.",
        tag="admin", needs="admin", errors=(400, 403, 404),
    ),
)  # fmt: skip
