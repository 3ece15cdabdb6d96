"""What an LLM call costs when its sender does not say: own prices first, then the genai-prices library, behind a cache."""

from __future__ import annotations

import asyncio
import re
import threading
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from .price import Estimate, Override, Price, Quote, Resolved, TokenUsage, library_price, prices_of

__all__ = ["MAX_MODEL", "PriceBook"]

#: Longest name of a model that is looked up, in characters.
MAX_MODEL = 200
_MAX_CACHED = 4_096
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SEPARATORS = "-:@/_"
_VENDOR_END = re.compile(r"[/:.]")
# What tells versions of one model apart: dates, "latest", "v2", "v1:0".
_VERSION = re.compile(r"(?:(?:\d{4}-\d\d-\d\d|\d{8}|\d{6}|\d{4}|latest|v\d+(?::\d+)?)(?:[-:@_](?!$)|$))+")


class _Page(NamedTuple):
    """Own prices by model in lower case, and what was looked up with them."""

    own: dict[str, Price]
    cache: dict[tuple[str, str | None], Resolved]


class PriceBook:
    """Prices by model, for every namespace. Overrides come first, for dated and vendor-prefixed names of their model too; then the library.

    Each is tried with the exact model, then with its longest known prefix.
    """

    def __init__(self, overrides: dict[str, Override] | None = None) -> None:
        self._for_all = prices_of(overrides or {})
        #: Of each namespace that has prices of its own. A page is replaced as a whole: what was looked up goes with it.
        self._pages: dict[str, _Page] = {}
        self._common = _Page(self._for_all, {})
        self._snapshot: Any = None
        self._loading = threading.Lock()

    def load(self) -> None:
        """Load the price table (about half a second of CPU, once). Call it away from the request path."""
        with self._loading:
            if self._snapshot is None:
                from genai_prices import data_snapshot

                self._snapshot = data_snapshot.get_snapshot()

    async def ready(self) -> None:
        """Wait until the table is in memory."""
        if self._snapshot is None:
            await asyncio.to_thread(self.load)

    def of_file(self) -> list[str]:
        """Models of the price file, which holds for every namespace."""
        return list(self._for_all)

    def set_own(self, tenant: str, prices: dict[str, Override]) -> None:
        """Put these prices in place of those a namespace set; they win over the price file."""
        if prices:
            self._pages[tenant] = _Page({**self._for_all, **prices_of(prices)}, {})
        else:
            self._pages.pop(tenant, None)

    def estimate(
        self, model: str, provider: str | None, usage: TokenUsage, ts_us: int, tenant: str = ""
    ) -> Estimate | None:
        """The likely cost, or None when the model or its token counts are unknown."""
        if usage.tokens_in is None and usage.tokens_out is None:
            return None
        price = self._price(model, provider, ts_us, tenant)
        return None if price is None else Estimate(price.cost_nano(usage), price.name)

    def quote(self, model: str, ts_us: int, tenant: str) -> Quote | None:
        """The price in effect at a moment, None when nobody knows one."""
        price = self._price(model, None, ts_us, tenant)
        return None if price is None else price.quote()

    def _price(self, model: str, provider: str | None, ts_us: int, tenant: str) -> Price | None:
        page = self._pages.get(tenant, self._common)
        key = (model, provider)
        resolved = page.cache.get(key)
        if resolved is None and key not in page.cache:
            resolved = self._resolve(page.own, model.strip().lower(), provider)
            if len(page.cache) >= _MAX_CACHED:
                page.cache.clear()
            page.cache[key] = resolved
        if resolved is not None and not isinstance(resolved, Price):
            resolved = resolved(_EPOCH + timedelta(microseconds=ts_us))
        return resolved

    def _resolve(self, prices: dict[str, Price], model: str, provider: str | None) -> Resolved:
        if not model or len(model) > MAX_MODEL:
            return None
        own = self._find_own(prices, model, provider)
        if own is not None:
            return own
        for candidate in _candidates(model):
            entry = self._find(candidate, provider)
            if entry is not None:
                return library_price(entry)
        return None

    def _find_own(self, prices: dict[str, Price], model: str, provider: str | None) -> Price | None:
        """The override that means this model: under its very name, or under a prefix that leaves out no more than the
        library does. ``gpt-4o`` is the price of ``gpt-4o-2024-08-06``, but not of ``gpt-4o-mini``, which is another."""
        if not prices:
            return None
        for name in _without_vendors(model):
            for candidate in _candidates(name):
                own = prices.get(candidate)
                if own is None:
                    continue
                rest = name[len(candidate) + 1 :]
                if not rest or _VERSION.fullmatch(rest):
                    return own
                entry = self._find(model, provider)
                known = "" if entry is None else str(entry.id).lower().rpartition("/")[2]
                if not (known.startswith(candidate) and len(known) > len(candidate)):
                    return own
                break
        return None

    def _find(self, model: str, provider: str | None) -> Any:
        """The library's entry, None when it knows no such model."""
        self.load()
        tries: list[tuple[str, str | None]] = (
            [(model, provider), (model, None)] if provider else [(model, None)]
        )
        if "/" in model:
            vendor, _, rest = model.rpartition("/")
            tries += [(rest, vendor), (rest, None)]
        if "anthropic." in model or "amazon." in model or "meta." in model:
            tries.append((model, "aws"))
        for name, vendor_id in tries:
            try:
                return self._snapshot.find_provider_model(name, None, vendor_id, None)[1]
            except LookupError:
                continue
        return None


def _candidates(model: str) -> list[str]:
    """The model itself, then ever shorter prefixes that end where a segment ends."""
    cuts = [index for index, char in enumerate(model) if char in _SEPARATORS and index > 0]
    return [model, *(model[:cut] for cut in reversed(cuts))]


def _without_vendors(model: str) -> list[str]:
    """``gateway/acme/house-model``, ``acme/house-model``, ``house-model``; also after ``:`` and ``.`` as some write it."""
    ends = [match.end() for match in _VENDOR_END.finditer(model) if match.end() < len(model)]
    return [model, *(model[end:] for end in ends)]
