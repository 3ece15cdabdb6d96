"""One price: what people set or the genai-prices library knows, and what a call costs with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta, Struct

from hiveboard.settings import SettingsError

__all__ = [
    "MAX_COST_USD",
    "MAX_TOKENS",
    "OWN",
    "Estimate",
    "Override",
    "Price",
    "Quote",
    "Resolved",
    "TokenUsage",
    "library_price",
    "load_overrides",
    "prices_of",
]

#: Before the name of a price entry: it is from the price file.
OWN = "own:"
#: A call that claims to cost or count more than this is a mistake.
MAX_COST_USD = 10_000
MAX_TOKENS = 1_000_000_000


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


class Quote(NamedTuple):
    """What a model costs, in US dollars per million tokens; None: such tokens cost what others of their side do.

    ``entry`` begins with :data:`OWN` where the price is one that people set. ``tiered``: more for long prompts.
    """

    entry: str
    input_per_m: float
    output_per_m: float
    cache_read_per_m: float | None
    cache_write_per_m: float | None
    tiered: bool


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


class Price(NamedTuple):
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

    def quote(self) -> Quote:
        units = (self.input, self.output, self.cache_read, self.cache_write)
        per_m = [None if unit is None else round(unit.base * 1e6, 9) for unit in units]
        tiered = any(unit is not None and unit.tiers for unit in units)
        return Quote(self.name, per_m[0] or 0.0, per_m[1] or 0.0, per_m[2], per_m[3], tiered)


# A price, or how to find the one that held at a moment (some change by date or hour).
Resolved = Price | Callable[[datetime], Price | None] | None


def prices_of(overrides: dict[str, Override]) -> dict[str, Price]:
    return {name.lower(): _own_price(name, entry) for name, entry in overrides.items()}


def _own_price(name: str, entry: Override) -> Price:
    def optional(per_million: float | None) -> _Unit | None:
        return None if per_million is None else _Unit(per_million / 1e6)

    return Price(
        f"{OWN}{name}",
        _Unit(entry.input_per_m / 1e6),
        _Unit(entry.output_per_m / 1e6),
        optional(entry.cache_read_per_m),
        optional(entry.cache_write_per_m),
    )


def library_price(entry: Any) -> Resolved:
    if isinstance(entry.prices, list):
        converted: dict[int, Price | None] = {}

        def at(moment: datetime) -> Price | None:
            prices = entry.get_prices(moment)  # one of the entry's own, so its id stays its
            if id(prices) not in converted:
                converted[id(prices)] = _convert(entry.id, prices)
            return converted[id(prices)]

        return at
    return _convert(entry.id, entry.prices)


def _convert(name: str, prices: Any) -> Price | None:
    if prices.input_mtok is None and prices.output_mtok is None:
        return None
    return Price(
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
