"""What a range covers: from then until now, whatever the interval; and how counters of several widths make it up."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from hiveboard.instant import HOUR_US, MINUTE_US, format_instant
from hiveboard.projections.time_range import INTERVALS, RANGES
from hiveboard.store.rollup import FINEST, GRAINS
from hiveboard.store.span import Span, pieces
from hypothesis import given
from hypothesis import strategies as st

from .conftest import Collector, kind, running

NOW = 1_770_000_000_000_000 + 7 * HOUR_US + 13 * MINUTE_US + 7
FITTING = [
    (name, interval)
    for name, interval in itertools.product(RANGES, INTERVALS)
    if INTERVALS[interval] <= RANGES[name] and RANGES[name] // INTERVALS[interval] <= 750
]


def call(at: int, cost: float, **fields: Any) -> dict[str, Any]:
    made = kind("llm_call", data={"name": "n", "model": "m", "cost": cost, "tokens_in": 1}, **fields)
    return made | {"timestamp": format_instant(at // 1000 * 1000)}


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    """A call a minute after each range began (counts), one six minutes before that (does not), one of the future."""
    with running(tmp_path_factory.mktemp("store") / "s.db", clock=lambda: NOW) as collector:
        task = {"task_id": "t", "task_run_id": "r"}
        for length in RANGES.values():
            collector.store(
                [call(NOW - length + MINUTE_US, 1.0, **task), call(NOW - length - 6 * MINUTE_US, 100.0)]
            )
        collector.store([call(NOW - MINUTE_US, 1.0), call(NOW + 6 * MINUTE_US, 1000.0)])
        yield collector


@pytest.mark.parametrize(("name", "interval"), FITTING)
def test_totals_and_series_are_those_of_the_range_whatever_the_interval(
    history: Collector, name: str, interval: str
) -> None:
    longer = list(RANGES).index(name)
    expected = 1.0 + (longer + 1) + 100.0 * longer
    asked = {"range": name, "interval": interval}
    metrics = history.get("/v1/metrics", **asked, group_by="model").json
    assert metrics["summary"]["total_cost"] == pytest.approx(expected)
    assert sum(point["cost"] or 0 for point in metrics["timeseries"]) == pytest.approx(expected)
    assert [group["total_cost"] for group in metrics["groups"]] == [pytest.approx(expected)]
    for scope in ({}, {"agent_id": "agent-1"}):
        series = history.get("/v1/cost/timeseries", **asked, **scope).json
        assert sum(point["cost"] for point in series["data"]) == pytest.approx(expected)
        assert series["interval"] == interval
    assert len(series["data"]) in (
        RANGES[name] // INTERVALS[interval], RANGES[name] // INTERVALS[interval] + 1,
    )  # fmt: skip
    assert history.get("/v1/cost", range=name).json["total_cost"] == pytest.approx(expected)


def test_the_numbers_of_an_agent_cover_the_same_hour_and_day(history: Collector) -> None:
    agent = history.get("/v1/agents/agent-1").json
    assert agent["stats_1h"]["total_cost"] == pytest.approx(2.0)
    assert agent["stats_24h"]["total_cost"] == pytest.approx(
        history.get("/v1/cost", range="24h").json["total_cost"]
    )
    assert len(agent["sparkline_1h"]) == 12
    assert sum(point["cost"] or 0 for point in agent["metrics_timeseries"]) == pytest.approx(
        agent["stats_24h"]["total_cost"]
    )


@pytest.mark.parametrize(
    ("name", "interval"),
    [("1h", "6h"), ("1h", "1d"), ("6h", "1d"), ("30d", "5m"), ("7d", "5m"), ("30d", "1m")],
)
def test_an_interval_that_does_not_fit_the_range_is_refused(
    history: Collector, name: str, interval: str
) -> None:
    for path in ("/v1/metrics", "/v1/cost/timeseries"):
        refused = history.get(path, range=name, interval=interval)
        assert (refused.status, refused.json["details"]["field"]) == (400, "interval")


def test_a_minute_is_answered_with_the_finest_there_is_and_says_so(history: Collector) -> None:
    for path in ("/v1/metrics", "/v1/cost/timeseries"):
        answer = history.get(path, range="1h", interval="1m").json
        assert (answer["interval"], answer["requested_interval"]) == ("5m", "1m")
        assert history.get(path, range="1h").json["requested_interval"] is None


@given(st.integers(-(10**6), 10**6), st.integers(1, 20_000), st.sampled_from(GRAINS))
def test_pieces_cover_a_span_once_with_buckets_that_lie_on_their_grain(
    first: int, count: int, widest: int
) -> None:
    span = Span(first * FINEST, (first + count) * FINEST, FINEST)
    found = pieces(span, GRAINS, widest)
    assert [found[0][1], *(stop for _, _, stop in found)] == [*(start for _, start, _ in found), span.until]
    assert found[0][1] == span.since
    assert all(start < stop and start % grain == stop % grain == 0 for grain, start, stop in found)
    assert all(grain <= widest for grain, _, _ in found)
    assert sum((stop - start) // grain for grain, start, stop in found) <= 2 * (
        12 + 24
    ) + count // 288 + 1 or (widest < GRAINS[-1])
