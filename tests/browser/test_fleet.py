"""The landing page tells the state of the fleet, most urgent first."""

from __future__ import annotations

import pytest

from .collector import Collector
from .conftest import OpenTab
from .tab import unmarked

pytestmark = pytest.mark.browser


def test_cards_stand_in_order_of_urgency(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url)
    tab.wait(".card", "doc-indexer")
    tab.wait(".card", "Stuck")
    statuses = tab.texts(".card .card-status")
    assert statuses == ["Stuck", "Error", "Waiting", "Processing", "Processing", "Idle", "Idle", "Offline"]


def test_a_card_says_what_the_agent_does(hive: Collector, open_tab: OpenTab) -> None:
    card = open_tab(hive.url).wait(".card", "lead-qualifier")
    text = card.inner_text()
    for part in (
        "Processing",
        "lead-4821",
        "Q\xa04" if "Q\xa04" in text else "Q",
        "/h",
        "sales",
        "v1.2.0",
        "langgraph",
        "ago",
    ):
        assert part in text
    drawn = card.locator(".bars .on").get_attribute("d") or ""
    assert drawn.count("M") >= 5, "one bar for each stretch in which something happened"
    assert "issues" in open_tab(hive.url).wait(".card", "invoice-extractor").inner_text()


def test_ages_advance_by_themselves(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url)
    elapsed = tab.wait(".card:has-text('lead-qualifier') .card-task .num")
    before = elapsed.inner_text()
    tab.page.wait_for_function(
        "([element, before]) => element.innerText !== before", arg=[elapsed.element_handle(), before]
    )


def test_the_ribbon_counts_and_filters(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url)
    tab.wait(".card", "Stuck")
    tab.wait(".ribbon-cell:has-text('Success') .ribbon-value.num:not(:has-text('–'))")
    numbers = dict(zip(tab.texts(".ribbon-label"), tab.texts(".ribbon-value"), strict=True))
    assert [numbers[name] for name in ("Agents", "Processing", "Waiting", "Stuck", "In error")] == [
        "8",
        "2",
        "1",
        "1",
        "1",
    ]
    assert numbers["Success, 1 h"] == "96 %"
    assert unmarked(numbers["Cost, 1 h"]).startswith("~$8.")
    tab.find(".ribbon-cell", "In error").click()
    tab.page.wait_for_url("**/#/fleet?show=error")
    tab.find(".card", "lead-qualifier").wait_for(state="detached")
    assert tab.texts(".card .card-name") == ["invoice-extractor"]
    tab.page.go_back()
    tab.wait(".card", "lead-qualifier")


def test_the_title_counts_what_needs_a_person(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url)
    tab.page.wait_for_function("() => document.title === '(3) HiveBoard'")
    tab.find(".attention").click()
    tab.page.wait_for_function("() => document.querySelectorAll('.card').length === 3")


def test_a_failed_run_is_in_view_with_its_error(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url)
    tab.wait(".card", "invoice-extractor").click()
    tab.wait(".run-title", "invoice-2024-126")
    tab.wait(".run-error", "ERP did not accept invoice 2024-126 after 3 attempts")
    tab.wait(".wf-error", "503 Service Unavailable")


def test_a_project_limits_cards_and_tasks(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, "#/fleet?project=support")
    tab.wait(".card", "support-triage")
    tab.wait(".tt-row", "ticket-88114")
    assert tab.texts(".card .card-name") == ["support-triage"]
    assert not tab.find(".tt-row", "lead-").count()
