"""The SDK's own estimate: by whole segments, only when everything is known, marked as an estimate."""

from __future__ import annotations

import hiveloop
import pytest
from hiveloop._prices import PriceTable

TABLE = PriceTable(
    {
        "gpt-4": {"input_per_m": 30, "output_per_m": 60},
        "gpt-4o": {"input_per_m": 2.5, "output_per_m": 10},
        "claude-haiku-4": {"input_per_m": 1, "output_per_m": 5},
    }
)


@pytest.mark.parametrize(
    ("model", "cost"),
    [
        ("gpt-4o", 2.5 + 10),
        ("GPT-4o", 2.5 + 10),
        ("gpt-4o-2024-08-06", 12.5),
        ("gpt-4-0613", 90.0),
        ("gpt-4.1", None),
        ("gpt-4ominous", None),
        ("claude-haiku-4-5-20251001", 6.0),
        ("o1", None),
    ],
)
def test_models(model: str, cost: float | None) -> None:
    assert TABLE.estimate(model, 1_000_000, 1_000_000) == cost


def test_unknown_tokens_are_not_priced() -> None:
    assert TABLE.estimate("gpt-4o", None, 5) is None
    assert TABLE.estimate("gpt-4o", 5, None) is None
    assert TABLE.estimate(None, 5, 5) is None


def test_estimates_are_marked_and_reported_costs_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    from hiveloop._runtime import runtime
    from hiveloop.testing import capture_events

    with capture_events() as seen:
        assert runtime.session is not None
        runtime.session.prices = TABLE
        with hiveloop.agent("a").task("t") as task:
            task.llm_call("r", "gpt-4o", tokens_in=1000, tokens_out=100)
            task.llm_call("r", "gpt-4o", tokens_in=1000, tokens_out=100, cost=0.5)
            task.llm_call("r", "mystery", tokens_in=1000, tokens_out=100)
    one, two, three = (event["payload"]["data"] for event in seen.kinds("llm_call"))
    assert (one["cost"], one["cost_source"]) == (0.0035, "estimated")
    assert two["cost"] == 0.5
    assert "cost_source" not in two
    assert "cost" not in three
