"""What model calls cost: own prices, the genai-prices library, and estimates made with them."""

from __future__ import annotations

from .book import MAX_MODEL, PriceBook
from .price import MAX_COST_USD, MAX_TOKENS, OWN, Estimate, Override, Quote, TokenUsage, load_overrides

__all__ = [
    "MAX_COST_USD",
    "MAX_MODEL",
    "MAX_TOKENS",
    "OWN",
    "Estimate",
    "Override",
    "PriceBook",
    "Quote",
    "TokenUsage",
    "load_overrides",
]
