"""Cost estimates: the library's arithmetic, our lookup, overrides."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from genai_prices import Usage, calc_price, data_snapshot
from hiveboard.instant import now_us
from hiveboard.pricing import PriceBook, TokenUsage, load_overrides
from hiveboard.settings import SettingsError

from .conftest import event, kind, running

BOOK = PriceBook()
USAGES = [(1_000, 100, 0, 0), (250_000, 3_000, 0, 0), (5_000, 700, 4_000, 0), (300_000, 10, 100_000, 50_000)]


def test_the_cached_arithmetic_equals_the_library() -> None:
    """Every text model of the library, with and without cached tokens, below and above the tiers."""
    snapshot = data_snapshot.get_snapshot()
    now = now_us()
    moment = datetime.fromtimestamp(now / 1e6, UTC)
    compared = 0
    for provider in snapshot.providers:
        for model in provider.models:
            if provider.find_model(model.id, all_providers=snapshot.providers) is not model:
                continue  # listed, but found under another entry
            prices = model.get_prices(moment)
            if prices.input_mtok is None or prices.output_mtok is None:
                continue
            found = BOOK.estimate(model.id, provider.id, TokenUsage(1, 1), now)
            if found is None or found.model != model.id:
                continue
            for tokens_in, tokens_out, read, write in USAGES:
                if read and (prices.cache_read_mtok is None or (write and prices.cache_write_mtok is None)):
                    continue  # the library refuses tokens it has no price for
                usage = Usage(
                    input_tokens=tokens_in,
                    output_tokens=tokens_out,
                    cache_read_tokens=read,
                    cache_write_tokens=write,
                )
                expected = calc_price(
                    usage, model.id, provider_id=provider.id, genai_request_timestamp=moment
                ).total_price
                estimate = BOOK.estimate(
                    model.id, provider.id, TokenUsage(tokens_in, tokens_out, read, write), now
                )
                assert estimate is not None
                assert estimate.cost_nano == pytest.approx(float(expected) * 1e9, rel=1e-9, abs=1), model.id
                compared += 1
    assert compared > 2_000


@pytest.mark.parametrize(
    ("model", "matched"),
    [
        ("gpt-4o", "gpt-4o"),
        ("GPT-4o", "gpt-4o"),
        ("gpt-4.1", "gpt-4.1"),
        ("gpt-4.1-my-finetune", "gpt-4.1"),
        ("gpt-4.9", None),
        ("gpt-4o-mini-my-finetune", "gpt-4o-mini"),
        ("openai/gpt-4o", "gpt-4o"),
        ("claude-sonnet-4-5", "claude-sonnet-4-5"),
        ("scripted-model", None),
        ("", None),
        ("x" * 5_000, None),
        ("-/-:@", None),
    ],
)
def test_which_entry_a_model_is_priced_by(model: str, matched: str | None) -> None:
    estimate = BOOK.estimate(model, None, TokenUsage(1000, 100), now_us())
    assert (estimate.model if estimate else None) == matched


def test_unknown_tokens_give_no_estimate() -> None:
    assert BOOK.estimate("gpt-4o", None, TokenUsage(None, None), now_us()) is None


def test_cached_tokens_cost_less_and_are_part_of_the_input() -> None:
    plain = BOOK.estimate("gpt-4o", None, TokenUsage(1000, 0), now_us())
    cached = BOOK.estimate("gpt-4o", None, TokenUsage(1000, 0, 1000), now_us())
    more = BOOK.estimate("gpt-4o", None, TokenUsage(1000, 0, 5000), now_us())
    assert plain is not None
    assert cached is not None
    assert cached.cost_nano == plain.cost_nano // 2
    assert more == cached


def test_overrides_win_and_match_by_segment(tmp_path: Path) -> None:
    path = tmp_path / "prices.json"
    path.write_text(
        '{"house": {"input_per_m": 1, "output_per_m": 2, "cache_read_per_m": 0.1}, "gpt-4o": {"input_per_m": 0, "output_per_m": 0}}'
    )
    book = PriceBook(load_overrides(path))
    found = book.estimate("House-7b", None, TokenUsage(1_000_000, 1_000_000, 500_000), now_us())
    assert found is not None
    assert found.cost_nano == round((0.5 + 0.05 + 2) * 1e9)
    free = book.estimate("gpt-4o", None, TokenUsage(5, 5), now_us())
    assert free is not None
    assert free.cost_nano == 0
    assert book.estimate("household", None, TokenUsage(5, 5), now_us()) is None


@pytest.mark.parametrize(
    "text", ["[]", "{", '{"m": {"input_per_m": -1, "output_per_m": 1}}', '{"m": {"input": 1}}']
)
def test_a_wrong_price_file_is_said_to_be_wrong(tmp_path: Path, text: str) -> None:
    path = tmp_path / "prices.json"
    path.write_text(text)
    with pytest.raises(SettingsError, match="prices"):
        load_overrides(path)
    with pytest.raises(SettingsError, match="cannot read"):
        load_overrides(tmp_path / "none.json")


def test_reported_estimated_and_unknown_are_told_apart(tmp_path: Path) -> None:
    with running(tmp_path / "s.db") as collector:
        base = {"task_id": "t", "task_run_id": "r"}
        collector.store(
            [
                kind(
                    "llm_call",
                    1,
                    data={"name": "n", "model": "gpt-4o", "tokens_in": 1000, "tokens_out": 0},
                    **base,
                ),
                kind(
                    "llm_call", 2, data={"name": "n", "model": "gpt-4o", "tokens_in": 9, "cost": 0.5}, **base
                ),
                kind("llm_call", 3, data={"name": "n", "model": "mine", "tokens_in": 9}, **base),
                kind(
                    "llm_call",
                    4,
                    data={"name": "n", "model": "mine", "cost": 0.25, "cost_source": "estimated"},
                    **base,
                ),
                event("task_completed", 5, **base),
            ]
        )
        rows = collector.get("/v1/llm-calls", task_id="t").json["data"]
        told = [(row["cost"], row["cost_source"], row["cost_model_matched"]) for row in reversed(rows)]
        assert told == [
            (0.0025, "estimated", "gpt-4o"),
            (0.5, "reported", None),
            (None, None, None),
            (0.25, "estimated", None),
        ]
        task = collector.get("/v1/tasks").json["data"][0]
        assert (task["total_cost"], task["estimated_cost"]) == (0.7525, 0.2525)


@pytest.mark.parametrize(
    ("model", "matched", "source"),
    [
        ("gpt-4.1", "gpt-4.1", "own"),
        ("gpt-4.1-2025-04-14", "gpt-4.1", "own"),
        ("gpt-4.1-latest", "gpt-4.1", "own"),
        ("openai/gpt-4.1", "gpt-4.1", "own"),
        ("openai/gpt-4.1-2025-04-14", "gpt-4.1", "own"),
        ("openrouter/openai/gpt-4.1", "gpt-4.1", "own"),
        ("openai:gpt-4.1", "gpt-4.1", "own"),
        ("gpt-4.1-my-finetune", "gpt-4.1", "own"),
        ("gpt-4.1-mini", "gpt-4.1-mini", "library"),
        ("openai/gpt-4.1-mini", "gpt-4.1-mini", "library"),
        ("gpt-4.1-mini-2025-04-14", "gpt-4.1-mini", "library"),
        ("claude-sonnet-4-20250514", "claude-sonnet-4", "own"),
        ("claude-sonnet-4-5", "claude-sonnet-4-5", "library"),
        ("anthropic.claude-sonnet-4-20250514-v1:0", "claude-sonnet-4", "own"),
        ("acme/house-model", "House-Model", "own"),
        ("acme/house-model-v2", "House-Model", "own"),
        ("HOUSE-MODEL", "House-Model", "own"),
        ("my-house-model", None, None),
    ],
)
def test_own_prices_win_for_dated_and_vendor_prefixed_names(
    tmp_path: Path, model: str, matched: str | None, source: str | None
) -> None:
    prices = tmp_path / "prices.json"
    price = '{"input_per_m": 1000, "output_per_m": 1000}'
    prices.write_text(f'{{"gpt-4.1": {price}, "House-Model": {price}, "claude-sonnet-4": {price}}}')
    with running(tmp_path / "s.db", prices=prices) as collector:
        collector.store(
            [kind("llm_call", data={"name": "n", "model": model, "tokens_in": 1000, "tokens_out": 0})]
        )
        call = collector.get("/v1/llm-calls").json["data"][0]
        assert (call["cost_model_matched"], call["price_source"]) == (matched, source)
        assert (call["cost"] == 1.0) is (source == "own")
        shown = collector.get("/v1/events").json["data"][0]
        assert (shown["cost_model_matched"], shown["price_source"]) == (matched, source)
