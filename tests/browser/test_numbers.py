"""Numbers are shown whole, estimates are marked, the unknown is a dash and says why."""

from __future__ import annotations

import json
import urllib.request

import pytest

from .collector import Collector
from .conftest import OpenTab
from .money_agent import accountant, unlucky
from .tab import unmarked

pytestmark = pytest.mark.browser

#: Elements whose text is wider than they are, or that lie outside of what surrounds them.
CUT = """(selector) => [...document.querySelectorAll(selector)].filter((element) => element.checkVisibility()).filter((element) => {
    const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    const own = element.getBoundingClientRect();
    const row = element.closest('.tt-row, .wf-row, .ribbon-cell, tr').getBoundingClientRect();
    while (texts.nextNode()) {
      if (texts.currentNode.parentElement.closest('.sr-only')) continue;
      const range = document.createRange();
      range.selectNodeContents(texts.currentNode);
      const text = range.getBoundingClientRect();
      if (text.left < own.left - 1 || text.right > own.right + 1 || text.left < row.left || text.right > row.right) return true;
    }
    return false;
  }).map((element) => element.innerText)"""


@pytest.fixture
def books(own_hive: Collector) -> Collector:
    own_hive.tell(accountant())
    own_hive.tell(unlucky())
    return own_hive


@pytest.mark.parametrize("width", [1440, 1024, 768, 390, 320])
def test_money_is_never_cut(books: Collector, open_tab: OpenTab, width: int) -> None:
    tab = open_tab(books.url, "#/tasks?q=sum-", width=width)
    tab.wait(".tt-rows .tt-row", "sum-0")
    shown = [unmarked(text) for text in tab.texts(".tt-rows .tt-cost")]
    assert shown == [
        "$200k",
        "$120k",
        "$1.24",
        "$0.134",
        "$0.000836",
        "$0.0000317",
        "$0.00000942",
        "$0.000000012",
    ]
    assert tab.page.evaluate(CUT, ".tt-rows .tt-cost") == []
    tab.go("#/run/sum-0")
    tab.wait(".wf-cost", "$0.000000012")
    assert tab.page.evaluate(CUT, ".wf-row .wf-cost") == []
    tab.go("#/costs")
    tab.wait(".ribbon-value")
    assert tab.page.evaluate(CUT, ".ribbon-value, .calls td.r") == []


def test_large_numbers_keep_their_zeros(books: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(books.url, "#/run/sum-7")
    tab.wait(".run-facts")
    facts = dict(zip(tab.texts(".run-facts dt"), tab.texts(".run-facts dd"), strict=True))
    assert facts["Tokens"] == "120k → 200k"
    assert facts["Cost"] == "$200k"


def test_a_sum_with_an_estimate_in_it_is_marked_everywhere(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url)
    tab.wait(".card", "invoice-extractor")
    tab.wait(".trend", "~")
    assert unmarked(tab.wait(".ribbon-cell", "Cost, 1 h").inner_text()).startswith("~$8.")
    assert unmarked(tab.wait(".trend", "Cost").inner_text()).startswith("Cost~$8.")
    assert unmarked(tab.wait(".card:has-text('invoice-extractor') .card-cost").inner_text()).startswith(
        "~$0."
    )
    writer = unmarked(tab.wait(".card:has-text('research-writer') .card-cost").inner_text())
    assert writer == "$8.03/h", "what agents reported themselves is no estimate"
    tab.go("#/costs")
    row = tab.wait(".panel:has-text('By agent') tr:has-text('lead-qualifier') td")
    assert unmarked(row.inner_text()).startswith("~$0."), "part of it is an estimate"


def test_calls_without_a_cost_say_why(books: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(books.url, "#/costs?agent=unlucky")
    tab.wait(
        ".note",
        "Not in these sums: one call to a model without a known price (acme-private-model-7b), one call that failed and"
        " one call that did not report its usage.",
    )
    for model, reason in (
        ("gpt-4.1", "Unknown: every call failed"),
        ("gpt-4.1-mini", "Unknown: no call reported its usage"),
        ("acme-private-model-7b", "Unknown: no price known for this model"),
    ):
        row = tab.find(".panel:has-text('By model') tr").filter(has=tab.page.get_by_text(model, exact=True))
        assert row.locator("td").first.locator("span").get_attribute("title") == reason
    cells = {
        model: tab.find(".panel:has-text('By model') tr").filter(has=tab.page.get_by_text(model, exact=True))
        for model in ("gpt-4.1", "gpt-4.1-mini")
    }
    assert [row.locator("td").last.inner_text() for row in cells.values()] == ["–", "–"], (
        "unknown tokens are not 0"
    )
    tab.find(".calls tr", "refused").locator("[title='Unknown: the call failed']").wait_for()


def test_the_status_filter_offers_what_the_collector_takes(hive: Collector, open_tab: OpenTab) -> None:
    with urllib.request.urlopen(f"{hive.url}/openapi.json", timeout=20) as answer:
        fields = json.load(answer)["paths"]["/v1/tasks"]["get"]["parameters"]
    taken = next(field["schema"]["enum"] for field in fields if field["name"] == "status")
    tab = open_tab(hive.url, "#/tasks")
    tab.wait(".tt-rows .tt-row")
    tab.page.wait_for_function(
        "(taken) => JSON.stringify([...document.querySelectorAll('[aria-label=Status] option')].map((o) => o.value)"
        ".filter(Boolean).sort()) === JSON.stringify(taken)",
        arg=sorted(taken),
    )
    for status in taken:
        tab.page.get_by_label("Status").select_option(status)
        tab.wait(".tt-rows .tt-row, .state", "" if status != "failed" else "Failed")


def test_a_refused_filter_shows_the_error_where_the_list_would_be(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, "#/tasks")
    tab.tolerate += ["400"]
    tab.wait(".tt-rows .tt-row")
    tab.page.evaluate("location.hash = '#/tasks?status=no-such-status'")
    tab.wait(".state[role=alert]", "The collector does not take this filter")
    assert not tab.find(".tt-row").count(), "rows of another filter must not stand under this one"
    tab.page.get_by_role("button", name="Clear the filter").click()
    tab.wait(".tt-rows .tt-row")
