"""What an LLM call costs when its sender does not say: the genai-prices library, behind overrides and a cache."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta, Struct

from .settings import SettingsError

__all__ = ["MAX_COST_USD", "MAX_TOKENS", "OWN", "Estimate", "PriceBook", "TokenUsage", "load_overrides"]

#: Before the name of a price entry: it is from the price file.
OWN = "own:"
#: A call that claims to cost or count more than this is a mistake.
MAX_COST_USD = 10_000
MAX_TOKENS = 1_000_000_000
_MAX_CACHED = 4_096
_MAX_MODEL = 200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SEPARATORS = "-:@/_"
_VENDOR_END = re.compile(r"[/:.]")
# What tells versions of one model apart: dates, "latest", "v2", "v1:0".
_VERSION = re.compile(r"(?:(?:\d{4}-\d\d-\d\d|\d{8}|\d{6}|\d{4}|latest|v\d+(?::\d+)?)(?:[-:@_](?!$)|$))+")


class TokenUsage(NamedTuple):
    """Tokens of one call. ``tokens_in`` includes the cached ones; None is unknown."""

    tokens_in: int | None
    tokens_out: int | None
    cache_read: int = 0
    cache_write: int = 0


class Estimate(NamedTuple):
    """An estimated cost in billionths of a US dollar, and the price entry it rests on.

    ``model`` begins with :data:`OWN` where the entry is one of the price file.
    """

    cost_nano: int
    model: str


PerMillion = Annotated[float, Meta(ge=0, le=1_000_000)]


class Override(Struct, forbid_unknown_fields=True):
    """One entry of a price file, in US dollars per million tokens."""

    input_per_m: PerMillion
    output_per_m: PerMillion
    cache_read_per_m: PerMillion | None = None
    cache_write_per_m: PerMillion | None = None


def load_overrides(path: Path) -> dict[str, Override]:
    """Read ``{"model": {"input_per_m": …, "output_per_m": …}}``; raises SettingsError with what is wrong."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Override])
    except OSError as error:
        raise SettingsError(f"cannot read the price file {path}: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise SettingsError(f"the price file {path} is not right: {error}") from error


class _Unit(NamedTuple):
    """One price: dollars per token, higher beyond thresholds of input tokens (all tokens pay the tier)."""

    base: float
    tiers: tuple[tuple[int, float], ...] = ()

    def rate(self, tokens_in: int) -> float:
        if self.tiers:
            for start, price in reversed(self.tiers):
                if tokens_in > start:
                    return price
        return self.base


class _Price(NamedTuple):
    """All prices of a model; None means the library prices no such tokens apart (they cost as input)."""

    name: str
    input: _Unit
    output: _Unit
    cache_read: _Unit | None
    cache_write: _Unit | None
    per_request: float = 0.0

    def cost_nano(self, usage: TokenUsage) -> int:
        tokens_in = usage.tokens_in or 0
        read = min(usage.cache_read, tokens_in) if self.cache_read else 0
        written = min(usage.cache_write, tokens_in - read) if self.cache_write else 0
        dollars = (tokens_in - read - written) * self.input.rate(tokens_in)
        dollars += (usage.tokens_out or 0) * self.output.rate(tokens_in) + self.per_request
        if self.cache_read:
            dollars += read * self.cache_read.rate(tokens_in)
        if self.cache_write:
            dollars += written * self.cache_write.rate(tokens_in)
        return round(min(dollars, MAX_COST_USD) * 1e9)


# A price, or how to find the one that held at a moment (some change by date or hour).
_Resolved = _Price | Callable[[datetime], _Price | None] | None


class PriceBook:
    """Prices by model. Overrides come first, for dated and vendor-prefixed names of their model too; then the library.

    Each is tried with the exact model, then with its longest known prefix.
    """

    def __init__(self, overrides: dict[str, Override] | None = None) -> None:
        self._overrides = {name.lower(): _own_price(name, entry) for name, entry in (overrides or {}).items()}
        self._cache: dict[tuple[str, str | None], _Resolved] = {}
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

    def estimate(self, model: str, provider: str | None, usage: TokenUsage, ts_us: int) -> Estimate | None:
        """The likely cost, or None when the model or its token counts are unknown."""
        if usage.tokens_in is None and usage.tokens_out is None:
            return None
        key = (model, provider)
        resolved = self._cache.get(key)
        if resolved is None and key not in self._cache:
            resolved = self._resolve(model.strip().lower(), provider)
            if len(self._cache) >= _MAX_CACHED:
                self._cache.clear()
            self._cache[key] = resolved
        if resolved is not None and not isinstance(resolved, _Price):
            resolved = resolved(_EPOCH + timedelta(microseconds=ts_us))
        return None if resolved is None else Estimate(resolved.cost_nano(usage), resolved.name)

    def _resolve(self, model: str, provider: str | None) -> _Resolved:
        if not model or len(model) > _MAX_MODEL:
            return None
        own = self._find_own(model, provider)
        if own is not None:
            return own
        for candidate in _candidates(model):
            entry = self._find(candidate, provider)
            if entry is not None:
                return _library_price(entry)
        return None

    def _find_own(self, model: str, provider: str | None) -> _Price | None:
        """The override that means this model: under its very name, or under a prefix that leaves out no more than the
        library does. ``gpt-4o`` is the price of ``gpt-4o-2024-08-06``, but not of ``gpt-4o-mini``, which is another."""
        if not self._overrides:
            return None
        for name in _without_vendors(model):
            for candidate in _candidates(name):
                own = self._overrides.get(candidate)
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


def _own_price(name: str, entry: Override) -> _Price:
    def optional(per_million: float | None) -> _Unit | None:
        return None if per_million is None else _Unit(per_million / 1e6)

    return _Price(
        f"{OWN}{name}",
        _Unit(entry.input_per_m / 1e6),
        _Unit(entry.output_per_m / 1e6),
        optional(entry.cache_read_per_m),
        optional(entry.cache_write_per_m),
    )


def _library_price(entry: Any) -> _Resolved:
    if isinstance(entry.prices, list):
        converted: dict[int, _Price | None] = {}

        def at(moment: datetime) -> _Price | None:
            prices = entry.get_prices(moment)  # one of the entry's own, so its id stays its
            if id(prices) not in converted:
                converted[id(prices)] = _convert(entry.id, prices)
            return converted[id(prices)]

        return at
    return _convert(entry.id, entry.prices)


def _convert(name: str, prices: Any) -> _Price | None:
    if prices.input_mtok is None and prices.output_mtok is None:
        return None
    return _Price(
        name,
        _unit(prices.input_mtok) or _Unit(0.0),
        _unit(prices.output_mtok) or _Unit(0.0),
        _unit(prices.cache_read_mtok),
        _unit(prices.cache_write_mtok),
        float(prices.requests_kcount or 0) / 1000,
    )


def _unit(price: Any) -> _Unit | None:
    if price is None:
        return None
    if isinstance(price, Decimal | int | float):
        return _Unit(float(price) / 1e6)
    return _Unit(
        float(price.base) / 1e6, tuple((tier.start, float(tier.price) / 1e6) for tier in price.tiers)
    )
