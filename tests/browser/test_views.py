"""Costs, activity and pipeline show what was sent."""

from __future__ import annotations

import pytest

from .collector import Collector
from .conftest import OpenTab
from .seed import company
from .tab import unmarked

pytestmark = pytest.mark.browser


def llm_calls() -> list[dict[str, object]]:
    """The data of every LLM call the company makes."""
    events = [event for story in company() for event in story.events]
    return [
        event["payload"]["data"] for event in events if event.get("payload", {}).get("kind") == "llm_call"
    ]


def test_costs_add_up(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, "#/costs")
    tab.wait(".ribbon-value")
    numbers = dict(zip(tab.texts(".ribbon-label"), tab.texts(".ribbon-value"), strict=True))
    calls = llm_calls()
    reported = sum(float(str(call["cost"])) for call in calls if "cost" in call)
    assert numbers["LLM calls"] == str(len(calls))
    assert numbers["Reported"] == f"${reported:.2f}"
    assert unmarked(numbers["Total"]).startswith("~$8.")
    assert unmarked(numbers["Estimated"]).startswith("~$0.")
    assert unmarked(numbers["Average call"]).startswith("~$0.")
    tab.wait(".note", "Not in these sums: one call to a model without a known price (acme-private-model-7b).")
    models = tab.find(".panel", "By model").locator("tbody tr")
    assert models.first.locator("th").inner_text() == "claude-opus-4-1"
    unknown = models.filter(has_text="acme-private-model-7b").locator("td").first
    assert unknown.inner_text() == "–"
    tab.wait(".cost-chart canvas")


def test_a_call_shows_its_texts(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, "#/costs")
    first = tab.wait(".calls tbody tr")
    assert "score" in first.inner_text()
    first.get_by_role("button").click()
    tab.wait(".call-open", "Decide whether this lead fits")


def test_the_feed_tells_sentences_and_filters(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, "#/activity")
    tab.wait(".feed-line", "called claude-sonnet-4-5 for score (6,100 tokens in, 87 out, $0.0196) in 3.1 s")
    tab.page.get_by_role("button", name="Human", exact=True).click()
    tab.page.wait_for_url("**feed=human**")
    tab.wait(".feed-line", "asks billing-lead for approval: Refund 240 EUR to order 5512?")
    tab.wait(".feed-line", "escalated to billing")
    assert not tab.find(".feed-line", "called").count()
    tab.page.get_by_role("button", name="Error", exact=True).click()
    tab.wait(".feed-line", "failed task invoice-2024-126 in 17.1 s: ERPUnavailableError")
    tab.page.get_by_role("button", name="Pipeline", exact=True).click()
    tab.wait(".feed-line", "reported an issue (high): ERP answers 503").get_by_text("×3").wait_for()


def test_the_pipeline_lists_what_waits(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, "#/pipeline")
    tab.wait(".panel", "Issues")
    issue = tab.wait("tr", "ERP answers 503 on /api/v2/invoices").inner_text()
    assert {"high", "invoice-extractor", "3"} <= set(issue.split())
    tab.wait("tr", "Refund 240 EUR to order 5512?")
    tab.wait("tr", "Contoso GmbH, inbound demo request")
    tab.wait("tr", "Resend invoice 2024-126 when the ERP is back")
    schedule = tab.wait("tr", "Load the warehouse").inner_text()
    assert "failed" in schedule
    assert "in 11 h" in schedule
    assert tab.texts(".panel .acts")[0].split() == ["Approve", "Reject"]
