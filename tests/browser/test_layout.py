"""Every view in light and dark, from 320 px to 4K, without sideways scroll and without nameless controls."""

from __future__ import annotations

import pytest

from .collector import Collector
from .conftest import OpenTab

pytestmark = pytest.mark.browser

VIEWS = {
    "fleet": ("#/fleet", ".card"),
    "tasks": ("#/tasks", ".tt-rows .tt-row"),
    "run": ("#/run/invoice-2024-126?node=x", ".wf-row"),
    "activity": ("#/activity", ".feed-line"),
    "feed": ("#/activity?form=feed", ".feed-line"),
    "mission control": ("#/wall", ".wall-agent"),
    "costs": ("#/costs", ".calls tbody tr"),
    "pipeline": ("#/pipeline", ".panel"),
}
SIZES = [(320, 640), (390, 844), (768, 1024), (1024, 768), (1440, 900), (3840, 2160)]

#: Elements that a screen reader would announce without a name.
NAMELESS = """() => [...document.querySelectorAll('button, a[href], input, select, [role=img], [role=tree], [role=listbox], dialog')]
  .filter((element) => element.checkVisibility())
  .filter((element) => !(element.getAttribute('aria-label') || element.innerText || element.labels?.[0]?.textContent || element.title || '').trim())
  .map((element) => element.outerHTML.slice(0, 200))"""


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_nothing_scrolls_sideways(
    hive: Collector, open_tab: OpenTab, width: int, height: int, theme: str
) -> None:
    tab = open_tab(hive.url, width=width, height=height, theme=theme)
    for name, (address, sign) in VIEWS.items():
        tab.go(address)
        tab.wait(sign)
        assert tab.overflow == 0, f"{name} is {tab.overflow} px too wide at {width}"
        assert tab.page.evaluate(NAMELESS) == [], name


def test_a_narrow_window_turns_panes_into_tabs(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, width=390, height=844)
    tab.wait(".card", "invoice-extractor").click()
    tab.wait(".run-title", "invoice-2024-126")
    tab.page.get_by_role("tab", name="Tasks").click()
    tab.wait(".tt-row", "invoice-2024-126")
    tab.page.get_by_role("tab", name="Activity").click()
    tab.wait(".feed-line")
    tab.page.go_back()
    tab.wait(".tt-row", "invoice-2024-126")
