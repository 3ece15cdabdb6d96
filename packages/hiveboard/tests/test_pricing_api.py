"""Own prices over HTTP: they win at once, for one namespace, and what was estimated before stays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .conftest import TEST, Collector, kind, running
from .listing import pages


def put(collector: Collector, path: str, body: Any, key: str = "hb_live_one", method: str = "PUT") -> Any:
    return collector.request(method, path, json.dumps(body).encode(), key=key)


def call(model: str, at: int = 0) -> dict[str, Any]:
    return kind("llm_call", at, data={"name": "n", "model": model, "tokens_in": 1_000_000, "tokens_out": 0})


def costs(collector: Collector, key: str = "hb_live_one") -> list[tuple[float | None, str | None]]:
    rows = collector.get("/v1/llm-calls", key=key).json["data"]
    return [(row["cost"], row["price_source"]) for row in rows]


def test_a_price_counts_for_calls_received_from_then_on(collector: Collector) -> None:
    assert collector.get("/v1/pricing/house-model").json["source"] == "unknown"
    collector.store([call("house-model", 1)])
    answer = put(collector, "/v1/pricing/House-Model", {"input_per_m": 2, "output_per_m": 8})
    assert answer.status == 200, answer.raw
    assert {name: answer.json[name] for name in ("model", "source", "set_by", "matched", "input_per_m")} == {
        "model": "House-Model", "source": "own", "set_by": "api", "matched": "house-model", "input_per_m": 2.0,
    }  # fmt: skip
    collector.store([call("house-model", 2), call("acme/house-model-2026-01-01", 3)])
    assert costs(collector) == [(2.0, "own"), (2.0, "own"), (None, None)]
    assert put(collector, "/v1/pricing/house-model", {"input_per_m": 3, "output_per_m": 8}).status == 200
    collector.store([call("house-model", 4)])
    gone = collector.request("DELETE", "/v1/pricing/house-model").json
    assert (gone["status"], gone["effective"]["source"]) == ("deleted", "unknown")
    collector.store([call("house-model", 5)])
    assert [cost for cost, _ in costs(collector)] == [None, 3.0, 2.0, 2.0, None]
    assert collector.request("DELETE", "/v1/pricing/house-model").json["error"] == "price_not_found"


def test_own_prices_win_over_the_library_and_the_file_for_one_namespace_alone(tmp_path: Path) -> None:
    file = tmp_path / "prices.json"
    file.write_text(json.dumps({"filed": {"input_per_m": 1, "output_per_m": 1}}))
    with running(tmp_path / "s.db", prices=file) as collector:
        assert collector.get("/v1/pricing/filed").json["set_by"] == "file"
        library = collector.get("/v1/pricing/gpt-4o-mini").json
        assert (library["source"], library["input_per_m"], library["set_by"]) == ("library", 0.15, None)
        for model in ("gpt-4o-mini", "filed"):
            put(collector, f"/v1/pricing/{model}", {"input_per_m": 50, "output_per_m": 50})
            collector.store([call(model)])
            collector.store([call(model)], key=TEST)
        assert sorted(costs(collector)) == [(50.0, "own"), (50.0, "own")]
        assert sorted(costs(collector, TEST)) == [(0.15, "library"), (1.0, "own")]
        listed = {row["model"]: row for row in collector.get("/v1/pricing").json["data"]}
        assert {name: (row["source"], row["set_by"], row["calls_30d"] > 0) for name, row in listed.items()} == {
            "filed": ("own", "api", False), "gpt-4o-mini": ("own", "api", False),
        }  # fmt: skip
    with running(tmp_path / "s.db", prices=file) as collector:
        collector.store([call("gpt-4o-mini", 9)])
        assert costs(collector)[0] == (50.0, "own"), "prices hold after a restart"


def test_the_list_names_what_was_called_lately_and_pages(tmp_path: Path) -> None:
    with running(tmp_path / "s.db", clock=lambda: 1_770_000_000_000_000) as collector:
        collector.store([call("gpt-4o"), call("gpt-4o", 1), call("nobody-knows")])
        for number in range(3):
            put(collector, f"/v1/pricing/m{number}", {"input_per_m": 1, "output_per_m": 1})
        rows = {row["model"]: row for row in pages(collector, "/v1/pricing", limit=2)}
        assert list(rows) == ["gpt-4o", "m0", "m1", "m2", "nobody-knows"]
        assert (rows["gpt-4o"]["calls_30d"], rows["gpt-4o"]["source"]) == (2, "library")
        assert (rows["nobody-knows"]["source"], rows["nobody-knows"]["input_per_m"]) == ("unknown", None)
        assert [row["model"] for row in pages(collector, "/v1/pricing", q="M1")] == ["m1"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"input_per_m": -1, "output_per_m": 1}, "input_per_m"),
        ({"output_per_m": 1}, "body"),
        ({"input_per_m": "1", "output_per_m": 1}, "input_per_m"),
        ({"input_per_m": 1, "output_per_m": 1, "cache": 1}, "body"),
        ({"input_per_m": 1, "output_per_m": 1e9}, "output_per_m"),
        ([], "body"),
    ],
)
def test_a_wrong_price_is_refused_by_its_field(collector: Collector, body: Any, field: str) -> None:
    answer = put(collector, "/v1/pricing/m", body)
    assert (answer.status, answer.json["details"]["field"]) == (400, field)
    assert put(collector, "/v1/pricing/" + "x" * 201, {"input_per_m": 1, "output_per_m": 1}).status == 400


def test_only_admins_set_prices(tmp_path: Path) -> None:
    with running(tmp_path / "s.db", keys=("hb_live_one", "hb_read_one")) as collector:
        body = {"input_per_m": 1, "output_per_m": 1}
        assert put(collector, "/v1/pricing/m", body, key="hb_read_one").status == 403
        assert collector.request("DELETE", "/v1/pricing/m", key="hb_read_one").status == 403
        assert collector.get("/v1/pricing/m", key="hb_read_one").status == 200
