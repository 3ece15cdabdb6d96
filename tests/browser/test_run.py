"""A run tells its story: tree, LLM calls where they happened, plan, errors, details."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from .collector import Collector
from .conftest import OpenTab
from .story import Story, utc_now
from .tab import Tab

pytestmark = pytest.mark.browser


def outline(tab: Tab) -> list[tuple[int, str]]:
    """The rows of the tree as (level, label)."""
    rows = tab.page.get_by_role("treeitem").all()
    return [
        (int(row.get_attribute("aria-level") or 0), row.locator(".wf-label").inner_text()) for row in rows
    ]


def test_llm_calls_nest_under_their_action(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, "#/run/lead-4821")
    tab.wait(".wf-row", "condense")
    rows = outline(tab)
    for parent, call in (
        ("lookup_company", "extract_entities"),
        ("search_news", "condense"),
        ("score", "score"),
    ):
        at = rows.index((1, parent))
        own = [label for level, label in rows[at + 1 : at + 4] if level == 2]
        assert call in own
    assert (2, "news_api") in rows
    assert any(label.startswith("Tries again, attempt 2") for _, label in rows)


def test_errors_are_readable_without_a_click(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, "#/run/invoice-2024-126")
    tab.wait(".run-error", "ERPUnavailableError: ERP did not accept invoice 2024-126")
    failed = tab.find(".wf-row.state-failed", "post_to_erp")
    tab.wait(".wf-error", "HTTPStatusError: Server error '503 Service Unavailable'")
    assert failed.count() == 3
    assert outline(tab)[2] == (2, "extract_fields"), (
        "the LLM call that led there stands above the first failure"
    )


def test_the_head_has_the_numbers_of_the_run(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, "#/run/invoice-2024-126")
    tab.wait(".run-facts")
    facts = dict(zip(tab.texts(".run-facts dt"), tab.texts(".run-facts dd"), strict=True))
    assert facts["Duration"] == "17.1 s"
    assert facts["Tokens"] == "4.18k → 365"
    assert (facts["LLM calls"], facts["Actions"], facts["Retries"]) == ("1", "5", "2")
    assert "estimated" in facts["Cost"]
    assert (facts["Agent"], facts["Project"]) == ("invoice-extractor", "finance")
    assert tab.texts(".split-legend li")[0].split()[:3] == ["LLM", "3.9", "s"]


def test_each_revision_of_the_plan_has_its_own_progress(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, "#/run/lead-4821")
    tab.wait(".plan")
    states = [
        [
            (step.get_attribute("class") or "").removeprefix("step step-")
            for step in plan.locator(".step").all()
        ]
        for plan in tab.find(".plan").all()
    ]
    assert states == [["completed", "failed", "pending"], ["completed", "completed", "started", "pending"]]


def test_details_show_prompt_response_and_usage(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, "#/run/lead-4821")
    tab.wait(".wf-row", "condense").click()
    detail = tab.wait(".detail")
    text = detail.inner_text()
    for part in (
        "claude-sonnet-4-5",
        "$0.0218",
        "reported",
        "5.21k",
        "412",
        "From cache",
        "3.9k",
        "end_turn",
        "Northwind Traders",
        "Budget owner" if "Budget owner" in text else "budget owner",
    ):
        assert part in text
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    detail.get_by_role("button", name="Copy prompt").click()
    detail.get_by_text("Copied").wait_for()
    assert "Northwind Traders" in tab.page.evaluate("navigator.clipboard.readText()")


def test_a_step_has_an_address_of_its_own(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, "#/run/lead-4821")
    tab.wait(".wf-row", "read_website").click()
    tab.wait(".detail", "403 Forbidden")
    link = tab.page.url
    other = open_tab(hive.url, "#" + urlsplit(link).fragment)
    other.wait(".detail", "403 Forbidden")
    assert other.find(".wf-row.selected").inner_text().startswith("read_website")


def test_the_tree_is_walked_by_keys(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, "#/run/invoice-2024-126")
    tab.wait(".wf-row", "post_to_erp")
    before = len(outline(tab))
    tab.page.keyboard.press("j")
    tab.wait(".wf-row.selected", "extract_invoice")
    tab.page.keyboard.press("ArrowLeft")
    tab.page.wait_for_function(f"() => document.querySelectorAll('.wf-row').length < {before}")
    tab.page.keyboard.press("ArrowRight")
    tab.wait(".wf-row", "post_to_erp")
    tab.page.keyboard.press("Escape")
    tab.find(".detail").wait_for(state="detached")


def test_a_waiting_run_shows_who_is_asked(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, "#/run/ticket-88114")
    tab.wait(".run-title", "Waiting")
    tab.wait(".wf-row", "Asks billing-lead for approval: Refund 240 EUR to order 5512?")
    tab.wait(".wf-row", "Escalated to billing: Refund above the automatic limit")


def test_an_unknown_run_says_what_may_have_happened(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, "#/run/never-was")
    tab.tolerate += ["404"]
    tab.wait(".state", "It may have been erased")


def test_a_run_too_long_to_show_says_how_much_of_it_is_shown(own_hive: Collector, open_tab: OpenTab) -> None:
    story = Story("worker", utc_now(), 3)
    story.start("long", -900, "p", "job")
    for number in range(10_100):
        story.custom("note", f"note {number}", {})
    own_hive.tell(story)
    tab = open_tab(own_hive.url, "#/run/long")
    tab.wait(".note", "101 of the 10,101 events of this run are not shown, at ")
    tab.wait(".wf-row", "Reported note: note 0")
    tab.wait(".wf-body").press("End")
    tab.wait(".wf-row", "Reported note: note 10099")


def test_the_runs_before_and_after_are_a_key_away(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, "#/run/lead-4810")
    tab.wait(".run-title", "lead-4810")
    tab.wait("a[aria-label='Next run of this agent: lead-4811']").click()
    tab.wait(".run-title", "lead-4811")
    tab.wait("a[aria-label='Previous run of this agent: lead-4810']")
    tab.page.keyboard.press("]")
    tab.wait(".run-title", "lead-4821")
    tab.wait("[aria-disabled=true][aria-label='Next run of this agent']")
    tab.page.keyboard.press("[")
    tab.wait(".run-title", "lead-4811")
    tab.page.go_back()
    tab.wait(".run-title", "lead-4821")
