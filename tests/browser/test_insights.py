"""Insights: every question with its number, what was noticed, the rows behind a number, and how both are addressed."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest

from .collector import Collector
from .conftest import OpenTab

pytestmark = pytest.mark.browser


def answers(hive: Collector, query: str = "") -> dict[str, Any]:
    with urllib.request.urlopen(f"{hive.url}/v1/insights{query}", timeout=20) as response:
        found: dict[str, Any] = json.load(response)
    return found


def test_every_question_stands_in_its_group(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, "#/insights")
    tab.wait(".question")
    told = answers(hive)["insights"]
    shown = tab.page.evaluate(
        "() => Object.fromEntries([...document.querySelectorAll('.question-group')].map((group) =>"
        " [group.querySelector('h2').textContent.toLowerCase(),"
        "  [...group.querySelectorAll('[data-question]')].map((one) => one.dataset.question).sort()]))"
    )
    expected: dict[str, list[str]] = {}
    for one in told:
        expected.setdefault(one["group"], []).append(one["id"])
    assert shown == {group: sorted(ids) for group, ids in expected.items()}
    assert len(told) >= 38


def test_a_number_carries_its_meaning_its_reason_and_its_evidence(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, "#/insights")
    rate = tab.wait("[data-question=success-rate]")
    assert rate.locator(".q-value").inner_text() == "96 %"
    assert "46 of 48 runs completed" in rate.inner_text()
    rate.get_by_role("link", name="Failed runs").click()
    tab.wait(".page-tasks .tt-row", "invoice-2024-126")
    assert "status=failed" in tab.page.url


def test_more_trouble_than_before_is_worse(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, "#/insights")
    mark = tab.wait("[data-question=failed-tools] .trend-mark")
    assert "tone-bad" in (mark.get_attribute("class") or "")
    assert mark.get_attribute("title") == "up from 0 in the 24 hours before: worse"


def test_what_is_unknown_says_why(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, "#/insights")
    line = tab.wait(".unknowns [data-question=cache-hits]").inner_text()
    assert "No call told how many of its tokens came from a cache." in line
    assert "0" not in line


def test_what_the_collector_noticed_stands_on_top(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, "#/insights")
    finding = tab.wait(".finding", "takes 94% of the money")
    finding.get_by_role("link", name="Costs by model").click()
    tab.wait("h1", "Costs")


def test_a_question_opens_the_rows_behind_it(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, "#/insights?range=7d")
    tab.wait("[data-question=cost] .question-link").click()
    tab.wait("h1", "How much are my agents costing me?")
    assert "question=cost" in tab.page.url
    assert "range=7d" in tab.page.url
    first = tab.wait(".breakdown tbody tr")
    assert "research-writer" in first.inner_text()
    assert "$8.03" in first.inner_text()
    tab.page.keyboard.press("Escape")
    tab.wait("[data-question=cost]")
    tab.page.go_back()
    tab.wait(".breakdown tbody tr", "research-writer").get_by_role("link").click()
    tab.wait(".page-agent h1", "research-writer")


def test_filters_and_range_are_asked_for(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, "#/insights?environment=staging&range=1h&part=review")
    tab.wait("[data-question=success-rate]")
    assert tab.texts(".question-group h2") == ["Review"]
    told = {one["id"]: one for one in answers(hive, "?environment=staging&range=1h")["insights"]}
    assert told["total-cost"]["value"] < 1 < answers(hive)["insights"][0]["value"]
    shown = tab.find("[data-question=total-cost] .q-value").inner_text()
    assert shown == "$0.00143"
    with tab.page.expect_response(lambda response: "range=30d" in response.url):
        tab.page.get_by_label("Range").select_option("30d")


def test_an_unknown_question_is_said_to_be_none(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, "#/insights?question=no-such-question")
    tab.tolerate.append("404")
    tab.wait(".state", "There is no question of this name.")
