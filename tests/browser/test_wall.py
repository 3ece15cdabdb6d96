"""Mission control: the fleet on a wall, readable from afar, filtered by its numbers, left by Escape."""

from __future__ import annotations

import pytest

from .collector import Collector
from .conftest import OpenTab
from .live_worker import worker
from .tab import unmarked

pytestmark = pytest.mark.browser

LABELS = [
    *("Agents", "Processing", "Waiting", "Stuck", "In error"),
    *("Success, 1 h", "Average run, 1 h", "Cost, 1 h"),
]


def test_it_says_in_words_and_numbers_how_the_fleet_is(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, "#/wall")
    tab.wait(".wall-head.tone-bad h1", "3 need you")
    assert "1 stuck, 1 in error, 1 waiting for a person" in tab.find(".wall-parts").inner_text()
    tab.wait(".wall-cell:has-text('Success') .wall-value.num:not(:has-text('–'))")
    numbers = dict(zip(tab.texts(".wall-label"), tab.texts(".wall-value"), strict=True))
    assert list(numbers) == LABELS
    assert [numbers[name] for name in LABELS[:6]] == ["8", "2", "1", "1", "1", "96 %"]
    assert numbers["Average run, 1 h"].endswith(" s")
    assert unmarked(numbers["Cost, 1 h"]).startswith("~$8.")
    tones = {
        label: next(name for name in (cell.get_attribute("class") or "").split() if name.startswith("tone-"))
        for label, cell in zip(LABELS, tab.find(".wall-cell").all(), strict=True)
    }
    assert (tones["Waiting"], tones["Stuck"], tones["In error"]) == ("tone-wait", "tone-bad", "tone-bad")
    assert (tones["Processing"], tones["Agents"], tones["Success, 1 h"]) == (
        "tone-none",
        "tone-none",
        "tone-good",
    )
    assert tab.texts(".wall-trend figcaption > .dim") == [
        "Runs finished",
        "Success rate",
        "Runs failed",
        "Cost",
    ]
    assert tab.find(".wall-trend svg .stroke, .wall-trend svg .stroke-dot").count() >= 4
    tab.wait(".wall-agent", "ERP did not accept invoice 2024-126")


def test_there_is_no_chrome_and_every_way_leads_there(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, "#/fleet?environment=production")
    tab.wait(".card", "lead-qualifier")
    tab.page.get_by_role("link", name="Mission control").click()
    tab.wait(".wall-head")
    assert "environment=production" in tab.page.url
    assert not tab.find(".nav, .top").count()
    tab.page.keyboard.press("Escape")
    tab.wait(".nav a[aria-current]", "Fleet")
    assert "environment=production" in tab.page.url
    tab.page.keyboard.press("w")
    tab.wait(".wall-head")
    tab.page.get_by_role("link", name="Leave mission control").click()
    tab.wait(".card")
    tab.page.keyboard.press("Control+k")
    tab.page.keyboard.type("wall")
    tab.wait(".hit", "Mission control")
    tab.page.keyboard.press("Enter")
    tab.wait(".wall-head")
    tab.page.keyboard.press("?")
    tab.wait("dialog", "Mission control")


@pytest.mark.parametrize(
    ("label", "show", "agents"),
    [
        ("Stuck", "stuck", ["doc-indexer"]),
        ("Waiting", "waiting_approval", ["support-triage"]),
        ("Success", "failed", ["invoice-extractor", "lead-qualifier"]),
    ],
)
def test_a_number_is_a_filter(
    hive: Collector, open_tab: OpenTab, label: str, show: str, agents: list[str]
) -> None:
    tab = open_tab(hive.url, "#/wall")
    tab.wait(".wall-agent", "lead-qualifier")
    tab.find(".wall-cell", label).click()
    tab.page.wait_for_url(f"**/#/wall?show={show}")
    tab.page.wait_for_function(f"() => document.querySelectorAll('.wall-agent').length === {len(agents)}")
    assert sorted(tab.texts(".wall-agent-name")) == agents
    assert tab.find(".wall-cell[aria-pressed=true]").count() == 1
    tab.find(".wall-cell", label).click()
    tab.wait(".wall-agent", "nightly-sync")


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1920, 1080), (2560, 1440), (3840, 2160)])
def test_it_fills_the_screen_and_grows_with_it(
    hive: Collector, open_tab: OpenTab, width: int, height: int
) -> None:
    tab = open_tab(hive.url, "#/wall", width=width, height=height)
    tab.wait(".wall-trend svg .stroke")
    measured = tab.page.evaluate(
        "() => ({ size: Math.min(...[...document.querySelectorAll('.wall-value')].map((one) => parseFloat(getComputedStyle(one).fontSize))),"
        " small: Math.min(...[...document.querySelectorAll('.wall *')].filter((one) => one.childNodes.length && [...one.childNodes]"
        "   .some((node) => node.nodeType === 3 && node.data.trim() && !one.closest('.sr-only'))).map((one) => parseFloat(getComputedStyle(one).fontSize))),"
        " over: document.querySelector('.wall').scrollHeight - innerHeight })"
    )
    assert tab.overflow <= 0
    assert measured["over"] <= 0, "nothing is below the edge of a screen nobody scrolls"
    assert measured["size"] >= 48
    assert measured["size"] >= height * 0.055
    assert measured["small"] >= height * 0.0165


@pytest.mark.parametrize("width", [320, 390, 768])
def test_on_a_small_window_it_stacks(hive: Collector, open_tab: OpenTab, width: int) -> None:
    tab = open_tab(hive.url, "#/wall", width=width, height=844)
    tab.wait(".wall-agent", "lead-qualifier")
    assert tab.overflow <= 0
    cut = tab.page.evaluate(
        "() => [...document.querySelectorAll('.wall-value')].filter((one) => one.scrollWidth > one.parentElement.clientWidth).length"
    )
    assert cut == 0


def test_it_follows_what_happens_and_says_when_it_cannot(own_hive: Collector, open_tab: OpenTab) -> None:
    story = worker()
    own_hive.tell(story)
    tab = open_tab(own_hive.url, "#/wall")
    tab.tolerate += ["ERR_CONNECTION", "ERR_INCOMPLETE", "ERR_EMPTY", "Failed to load resource"]
    tab.wait(".wall-head.tone-good h1", "All is well")
    story.at = -2
    story.fail("TimeoutError", "the tool did not answer")
    own_hive.tell(story)
    tab.wait(".wall-head.tone-bad h1", "1 needs you")
    tab.wait(".wall-agent", "TimeoutError: the tool did not answer")
    own_hive.stop()
    tab.wait(".wall-head.tone-bad h1", "No live connection")
    tab.wait(".wall-parts", "As of ")
    own_hive.start()
    tab.wait(".wall-head h1", "1 needs you")
