"""The page of one agent: identity, heartbeats and what they carry, its day, its tasks, what waits for it."""

from __future__ import annotations

import pytest

from .collector import Collector
from .concierge import concierge
from .conftest import OpenTab
from .story import utc_now

pytestmark = pytest.mark.browser


def test_a_card_leads_to_the_page_of_its_agent(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url)
    tab.wait(".card", "invoice-extractor")
    tab.page.get_by_role("link", name="Open invoice-extractor on its own page").click()
    tab.wait(".page-agent h1", "invoice-extractor")
    tab.wait(".panel", "ERP answers 503 on /api/v2/invoices")
    tab.wait(".agent-tasks .tt-row", "invoice-2024-126").locator(".row-link").click()
    tab.wait(".run-title", "invoice-2024-126")


@pytest.mark.parametrize(
    ("address", "link"),
    [
        ("#/activity?agent=invoice-extractor", ".feed-agent"),
        ("#/activity?form=feed&agent=invoice-extractor", ".feed-agent"),
        ("#/pipeline", ".panel a:has(.id:text-is('invoice-extractor'))"),
        ("#/tasks?agent=invoice-extractor", ".tt-agent a"),
        ("#/run/invoice-2024-126", ".run-facts a:has(.id:text-is('invoice-extractor'))"),
        ("#/wall", ".wall-agent:has-text('invoice-extractor')"),
    ],
)
def test_the_name_of_an_agent_leads_to_its_page(
    hive: Collector, open_tab: OpenTab, address: str, link: str
) -> None:
    tab = open_tab(hive.url, address)
    tab.wait(link).click()
    tab.wait(".page-agent h1", "invoice-extractor")
    assert tab.page.url.endswith("#/agent/invoice-extractor")


def test_a_key_and_the_palette_lead_there_too(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, "#/fleet?agent=support-triage")
    tab.wait(".card.chosen", "support-triage")
    tab.page.keyboard.press("o")
    tab.wait(".page-agent h1", "support-triage")
    tab.wait(".panel", "Refund 240 EUR to order 5512?")
    tab.page.keyboard.press("Control+k")
    tab.page.keyboard.type("pricing-b")
    tab.wait(".hit:has-text('Page of')", "pricing-bot").click()
    tab.wait(".page-agent h1", "pricing-bot")


def test_identity_heartbeats_and_their_numbers(own_hive: Collector, open_tab: OpenTab) -> None:
    own_hive.tell(concierge(utc_now()))
    tab = open_tab(own_hive.url, "#/agent/concierge")
    tab.wait(".beats")
    facts = dict(zip(tab.texts(".facts-grid dt"), tab.texts(".facts-grid dd"), strict=True))
    assert (facts["Type"], facts["Version"], facts["Projects"]) == ("chat", "2.0.1", "shop")
    assert "12 heartbeats, usually every 20.0 s" in tab.find(".beats").inner_text()
    assert tab.find(".beat-strip .tick").count() == 12
    series = {text.split("\n")[0]: text.split("\n")[-1] for text in tab.texts(".beat-series figcaption")}
    assert series == {"open_chats": "6", "memory.mb": "309"}
    assert "warm" in tab.find(".beat-facts").inner_text()
    assert "hiveloop" not in tab.find(".page-agent").inner_text()
    numbers = dict(zip(tab.texts(".ribbon-label"), tab.texts(".ribbon-value"), strict=True))
    assert (numbers["Runs completed"], numbers["Runs failed"], numbers["Success rate"]) == ("3", "1", "75 %")
    tab.wait("section[aria-label=Versions] tbody tr", "2.0.1")


def test_a_stuck_agent_says_so(own_hive: Collector, open_tab: OpenTab) -> None:
    story = concierge(utc_now())
    for event in story.events:
        if event["event_type"] == "agent_registered":
            event["payload"]["data"] = {"stuck_threshold": 1, "heartbeat_interval": 1}
    own_hive.tell(story)
    tab = open_tab(own_hive.url, "#/agent/concierge")
    tab.wait(".troubles", "Stuck: no heartbeat for")
    tab.wait(".beats", "silent for too long")


def test_an_agent_that_is_not_there(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, "#/agent/never-was")
    tab.tolerate.append("404")
    tab.wait(".state", "there is no agent 'never-was' here")
