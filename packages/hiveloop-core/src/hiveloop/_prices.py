"""Optional price table of the SDK: ``init(prices=…)`` lets it estimate what the program did not report."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .errors import HiveLoopConfigError

__all__ = ["PriceTable"]

_SEGMENT = re.compile(r"[-_.:/@]")


class PriceTable:
    """US dollars per million tokens: ``{"gpt-4o": {"input_per_m": 2.5, "output_per_m": 10}}``.

    A model matches exactly, else by its longest prefix of whole segments: ``gpt-4o-2024-08-06`` is priced as
    ``gpt-4o``; ``gpt-4.1`` is never priced as ``gpt-4``.
    """

    def __init__(self, prices: Mapping[str, Mapping[str, float]]) -> None:
        self._rates: dict[str, tuple[float, float]] = {}
        if not isinstance(prices, Mapping):
            raise HiveLoopConfigError(
                "prices must map a model to {'input_per_m': dollars, 'output_per_m': dollars}"
            )
        for model, rates in prices.items():
            try:
                pair = float(rates["input_per_m"]), float(rates["output_per_m"])
            except (TypeError, KeyError, ValueError):
                pair = (-1.0, -1.0)
            if not all(0 <= rate < 1e9 for rate in pair):
                raise HiveLoopConfigError(
                    f"prices[{model!r}] must be {{'input_per_m': dollars, 'output_per_m': dollars}} per million tokens"
                )
            self._rates[str(model).lower()] = pair

    def estimate(self, model: str | None, tokens_in: int | None, tokens_out: int | None) -> float | None:
        """Dollars for a call, or ``None`` when the model or both token counts are unknown."""
        if model is None or tokens_in is None or tokens_out is None:
            return None
        rates = self._find(model.lower())
        if rates is None:
            return None
        return round((tokens_in * rates[0] + tokens_out * rates[1]) / 1_000_000, 9)

    def _find(self, model: str) -> tuple[float, float] | None:
        exact = self._rates.get(model)
        if exact is not None:
            return exact
        best = ""
        for known in self._rates:
            follows = model[len(known) : len(known) + 2]
            whole = model.startswith(known) and _SEGMENT.match(follows) and not _is_version(known, follows)
            if whole and len(known) > len(best):
                best = known
        return self._rates.get(best)


def _is_version(known: str, follows: str) -> bool:
    """``gpt-4`` followed by ``.1`` is another model, not a dated release of it."""
    return follows[0] == "." and follows[1:2].isdigit() and known[-1:].isdigit()
