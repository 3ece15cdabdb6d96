"""What an ``llm_call`` says of tokens and money, and the estimate when it names no cost."""

from __future__ import annotations

from typing import Any

from hiveboard.pricing import MAX_COST_USD, MAX_TOKENS, PriceBook, TokenUsage
from hiveboard.store.records import EventRecord
from hiveboard.store.values import count_of, dict_of, number_of, text_in

from .verdict import Remark

__all__ = ["read_llm_call"]

_MAX_DURATION_MS = 315_360_000_000


def read_llm_call(
    record: EventRecord, payload: dict[str, Any], prices: PriceBook, remarks: list[Remark]
) -> None:
    """Fill the model, token, cost and duration columns of ``record``. Unusable values are left out with a remark."""
    data = dict_of(payload.get("data"))
    model = text_in(data, "model")
    record.model = model[:256] if model else None
    record.tokens_in = _count(record.event_id, data, "tokens_in", MAX_TOKENS, remarks)
    record.tokens_out = _count(record.event_id, data, "tokens_out", MAX_TOKENS, remarks)
    if record.duration_ms is None and "duration_ms" in data:
        record.duration_ms = _duration(record.event_id, data, remarks)
    cost = data.get("cost")
    if cost is not None:
        usable = number_of(cost)
        if usable is not None and 0 <= usable <= MAX_COST_USD:
            record.cost_nano = round(usable * 1e9)
            record.cost_source = "estimated" if data.get("cost_source") == "estimated" else "reported"
            return
        _ignored(record.event_id, "cost", f"a number of US dollars from 0 to {MAX_COST_USD:,}", remarks)
    if record.model is not None:
        _estimate(record, data, prices)


def _estimate(record: EventRecord, data: dict[str, Any], prices: PriceBook) -> None:
    metadata = data.get("metadata")
    provider = text_in(data, "provider")
    read = written = 0
    if isinstance(metadata, dict):
        read = count_of(metadata.get("cache_read_input_tokens"), MAX_TOKENS) or 0
        written = count_of(metadata.get("cache_creation_input_tokens"), MAX_TOKENS) or 0
        provider = provider or text_in(metadata, "provider")
    usage = TokenUsage(record.tokens_in, record.tokens_out, read, written)
    estimate = prices.estimate(record.model or "", provider, usage, record.ts, record.tenant)
    if estimate is not None:
        record.cost_nano, record.cost_model = estimate.cost_nano, estimate.model
        record.cost_source = "estimated"


def _count(event_id: str, data: dict[str, Any], name: str, maximum: int, remarks: list[Remark]) -> int | None:
    value = data.get(name)
    if value is None or (type(value) is int and 0 <= value <= maximum):
        return value
    count = count_of(value, maximum)
    if count is None:
        _ignored(event_id, name, f"a whole number from 0 to {maximum:,}", remarks)
    return count


def _duration(event_id: str, data: dict[str, Any], remarks: list[Remark]) -> int | None:
    value = data["duration_ms"]
    if type(value) is int and 0 <= value <= _MAX_DURATION_MS:
        return value
    number = number_of(value)
    if number is not None and 0 <= number <= _MAX_DURATION_MS:
        return round(number)
    if value is not None:
        _ignored(event_id, "duration_ms", "a number of milliseconds from 0", remarks)
    return None


def _ignored(event_id: str, name: str, wanted: str, remarks: list[Remark]) -> None:
    remarks.append(Remark(event_id, "invalid_value", f"data.{name} is not {wanted} and was ignored"))
