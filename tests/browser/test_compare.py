"""Compare: two runs side by side, reached from a run and from the list of tasks."""

from __future__ import annotations

import json
import urllib.request

import pytest

from .collector import Collector
from .conftest import OpenTab

pytestmark = pytest.mark.browser

PAIR = "#/compare?a=invoice-2024-125&b=invoice-2024-126"


def test_two_runs_part_where_they_part(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, PAIR)
    tab.wait(".verdict", "only b did action extract_invoice")
    with urllib.request.urlopen(
        f"{hive.url}/v1/diff?a=invoice-2024-125&b=invoice-2024-126", timeout=20
    ) as answer:
        diff = json.load(answer)
    assert tab.find(".parting").count() == 1
    assert "The runs part here" in tab.find(".parting").inner_text()
    rows = tab.find(".diff-row:not(.diff-head)")
    assert rows.count() == len(diff["rows"])
    added = tab.find(".op-only_b")
    assert added.count() == diff["only_b_steps"]
    assert "post_to_erp" in "".join(added.all_inner_texts())
    assert "failed" in added.nth(0).inner_text()
    tab.wait(".side", "ERPUnavailableError")


def test_figures_say_what_became_worse(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, PAIR)
    cell = tab.wait(".figure-cell:has(dt:text-is('Errors'))")
    assert "0" in cell.inner_text()
    assert "4" in cell.inner_text()
    assert "tone-bad" in (cell.locator(".change").get_attribute("class") or "")
    tools = tab.find(".diff-tools tbody tr.differs", "post_to_erp")
    assert "3 (3 failed)" in tools.inner_text()


def test_a_and_b_are_swapped_and_back_returns(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, PAIR)
    tab.wait(".op-only_b")
    tab.page.get_by_role("button", name="Swap a and b").click()
    tab.wait(".op-only_a")
    assert tab.page.url.endswith("#/compare?a=invoice-2024-126&b=invoice-2024-125")
    tab.page.go_back()
    tab.wait(".op-only_b")


def test_the_comparison_is_copied_as_markdown(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, PAIR)
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.wait(".verdict")
    tab.page.get_by_role("button", name="Copy as Markdown").click()
    tab.wait("button", "Copied")
    copied = tab.page.evaluate("() => navigator.clipboard.readText()")
    assert copied.startswith("# Run diff")
    assert "```diff" in copied


def test_a_run_offers_the_one_before_it(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, "#/run/invoice-2024-126")
    tab.wait(".run-title")
    tab.page.get_by_role("button", name="Compare with…").click()
    tab.wait(".run-hit", "invoice-2024-125")
    assert tab.texts(".run-hit .id")[0] == "invoice-2024-125", "the previous run of the same type comes first"
    tab.page.keyboard.press("Enter")
    tab.wait(".verdict", "only b did action extract_invoice")
    assert "a=invoice-2024-125" in tab.page.url
    assert "b=invoice-2024-126" in tab.page.url


def test_two_tasks_of_the_list_are_compared(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, "#/tasks?q=lead-48")
    tab.wait(".tt-row", "lead-4810")
    tab.page.get_by_label("Compare lead-4810", exact=True).check()
    tab.wait(".compare-bar", "another run")
    tab.page.get_by_label("Compare lead-4811", exact=True).check()
    tab.page.reload()
    tab.wait(".compare-bar", "lead-4811")
    assert tab.page.get_by_label("Compare lead-4810", exact=True).is_checked()
    tab.find(".compare-bar").get_by_role("link", name="Compare").click()
    tab.wait(".side-title", "lead-4810")
    tab.wait(".figures")


def test_rows_are_marked_by_key(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, "#/tasks?q=lead-48")
    tab.wait(".tt-row", "lead-4810")
    tab.page.keyboard.press("j")
    tab.page.keyboard.press("x")
    tab.wait(".compare-bar", "another run")
    tab.page.keyboard.press("x")
    tab.find(".compare-bar").wait_for(state="detached")


def test_equal_runs_fold_and_say_so(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, "#/compare?a=lead-4810&b=lead-4811")
    tab.wait(".verdict", "The runs took the same 4 steps")
    assert not tab.find(".parting").count()
    tab.wait(".fold button", "4 equal steps").click()
    tab.wait(".diff-row.op-same")
    assert tab.find(".diff-row.op-same").count() == 4


def test_nothing_chosen_and_nothing_found(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, "#/compare")
    tab.tolerate.append("404")
    tab.page.get_by_role("button", name="Choose a run").first.click()
    tab.page.keyboard.type("price-run-17")
    tab.wait(".run-hit", "price-run-17").click()
    tab.wait(".side-empty", "price-run-17")
    tab.go("#/compare?a=lead-4810&b=no-such-run")
    tab.wait(".state", "there is no run")
    tab.page.get_by_role("button", name="Choose run b").wait_for()
