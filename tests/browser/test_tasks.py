"""The task table: numbers, order, filters, and long lists."""

from __future__ import annotations

import pytest

from benchmarks.dashboard_traffic import fill_tasks

from .collector import Collector
from .conftest import OpenTab
from .story import Story, utc_now

pytestmark = pytest.mark.browser


def test_a_row_has_the_numbers_of_its_run(hive: Collector, open_tab: OpenTab) -> None:
    row = open_tab(hive.url, "#/tasks?q=invoice-2024-126").wait(".tt-rows .tt-row", "invoice-2024-126")
    cells = {
        name: row.locator(f".tt-{name}").inner_text()
        for name in ("status", "agent", "type", "duration", "llm", "tokens", "retries")
    }
    assert cells == {
        "status": "Failed",
        "agent": "invoice-extractor",
        "type": "extract",
        "duration": "17.1 s",
        "llm": "1",
        "tokens": "4.18k → 365",
        "retries": "2",
    }
    assert row.locator(".tt-cost").inner_text().replace("estimated", "").strip().startswith("~")
    assert "ERP did not accept" in row.locator(".tt-error").inner_text()


def test_filters_live_in_the_address(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, "#/tasks")
    tab.wait(".tt-rows .tt-row")
    tab.page.get_by_label("Status").select_option("failed")
    tab.page.wait_for_url("**/#/tasks?status=failed")
    tab.page.wait_for_function("() => document.querySelectorAll('.tt-rows .tt-row').length === 2")
    assert set(tab.texts(".tt-rows .tt-status")) == {"Failed"}
    tab.go("#/tasks?status=cancelled&agent=pricing-bot")
    tab.page.wait_for_function("() => document.querySelectorAll('.tt-rows .tt-row').length === 1")
    assert tab.texts(".tt-rows .tt-task .id") == ["price-run-17"]
    tab.go("#/tasks?q=nothing-has-this-name")
    tab.wait(".state", "No task fits this filter").get_by_role("button", name="Clear the filter").click()
    tab.wait(".tt-rows .tt-row")


def test_heads_sort(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, "#/tasks")
    tab.wait(".tt-rows .tt-row")
    tab.page.get_by_role("button", name="Cost").click()
    tab.page.wait_for_url("**sort=cost**")
    tab.page.wait_for_function(
        "() => document.querySelector('.tt-rows .tt-row .tt-task').innerText.includes('report-q3')"
    )
    assert tab.page.get_by_role("columnheader", name="Cost").get_attribute("aria-sort") == "descending"


def test_the_text_filter_answers_to_slash(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, "#/tasks")
    tab.wait(".tt-rows .tt-row")
    tab.page.keyboard.press("/")
    tab.page.keyboard.type("ticket-8811")
    tab.page.wait_for_url("**/#/tasks?q=ticket-8811")
    tab.page.wait_for_function("() => document.querySelectorAll('.tt-rows .tt-row').length === 5")


def test_a_long_list_is_read_page_by_page(own_hive: Collector, open_tab: OpenTab) -> None:
    story = Story("busy", utc_now(), 9)
    for number in range(450):
        story.start(f"job-{number:04d}", -4000 + number, "p", "job")
        story.at += 0.5
        story.complete()
    own_hive.tell(story)
    tab = open_tab(own_hive.url, "#/tasks")
    tab.wait(".tt-row", "job-0449")
    assert len(tab.texts(".tt-rows .tt-row")) < 60
    tab.page.wait_for_function(
        "() => { const body = document.querySelector('.tt-body'); body.scrollTop = body.scrollHeight;"
        " return [...document.querySelectorAll('.tt-rows .tt-row')].some((row) => row.innerText.includes('job-0000')); }"
    )
    tab.wait(".toolbar-end", "450 tasks")


def test_new_rows_wait_while_the_reader_is_further_down(own_hive: Collector, open_tab: OpenTab) -> None:
    story = Story("busy", utc_now(), 10)
    for number in range(90):
        story.start(f"old-{number:03d}", -3000 + number, "p", "job")
        story.complete()
    own_hive.tell(story)
    tab = open_tab(own_hive.url, "#/tasks")
    tab.wait(".live", "Live")
    tab.wait(".tt-row", "old-089")
    tab.page.evaluate("document.querySelector('.tt-body').scrollTop = 640")
    tab.wait(".tt-row", "old-060")
    at = tab.find(".tt-row", "old-060").bounding_box()
    story.start("brand-new", -1, "p", "job")
    own_hive.tell(story)
    tab.wait(".pill", "1 new")
    assert tab.find(".tt-row", "old-060").bounding_box() == at
    tab.find(".pill").click()
    tab.wait(".tt-row", "brand-new")


def test_an_old_run_is_found_behind_thousands_that_do_not_fit(own_hive: Collector, open_tab: OpenTab) -> None:
    # More than the collector looks through for one answer.
    fill_tasks(own_hive.url.removeprefix("http://"), 9_000)
    tab = open_tab(own_hive.url, "#/tasks?q=task-000007")
    tab.wait(".tt-row", "task-000007")
    tab.page.keyboard.press("Control+k")
    tab.page.keyboard.type("task-000011")
    tab.wait(".hit", "task-000011")
    tab.go("#/tasks?q=nobody-has-this-name")
    tab.wait(".state", "No task fits this filter")
