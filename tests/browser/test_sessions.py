"""Sessions: the list with its filters, and one conversation with its runs in order."""

from __future__ import annotations

import pytest

from .collector import Collector
from .concierge import concierge
from .conftest import OpenTab
from .story import Story, utc_now

pytestmark = pytest.mark.browser


def test_sessions_are_listed_and_filtered(own_hive: Collector, open_tab: OpenTab) -> None:
    own_hive.tell(concierge(utc_now()))
    tab = open_tab(own_hive.url, "#/sessions")
    row = tab.wait(".sessions tbody tr", "chat-77")
    assert "mara" in row.inner_text()
    assert "Completed" in row.inner_text()
    other = tab.wait(".sessions tbody tr", "chat-78").inner_text()
    assert "Failed" in other
    assert "1 failed" in other
    tab.page.get_by_label("Filter by session or user").fill("jonas")
    tab.find(".sessions tbody tr", "chat-77").wait_for(state="detached")
    assert "q=jonas" in tab.page.url
    tab.page.get_by_label("Filter by session or user").fill("nobody")
    tab.wait(".state", "No session fits this filter")
    tab.page.get_by_role("button", name="Clear the filter").click()
    tab.wait(".sessions tbody tr", "chat-77")


def test_a_session_tells_its_runs_in_order(own_hive: Collector, open_tab: OpenTab) -> None:
    own_hive.tell(concierge(utc_now()))
    tab = open_tab(own_hive.url, "#/sessions")
    tab.wait(".sessions tbody tr", "chat-77").get_by_role("link").click()
    tab.wait(".session-run", "turn-4")
    assert tab.texts(".session-what .id") == ["turn-1", "turn-2", "turn-4"]
    facts = dict(zip(tab.texts(".facts-grid dt"), tab.texts(".facts-grid dd"), strict=True))
    assert facts["User"] == "mara"
    assert facts["Runs"] == "3"
    assert facts["Tokens"] == "4.1k → 120"
    tab.find(".session-what a", "turn-2").click()
    tab.wait(".run-title", "turn-2")
    tab.find(".run-facts").get_by_role("link", name="chat-77").click()
    tab.wait(".page-session h1", "chat-77")


def test_a_session_grows_as_it_goes_on(own_hive: Collector, open_tab: OpenTab) -> None:
    own_hive.tell(concierge(utc_now()))
    tab = open_tab(own_hive.url, "#/session/chat-78")
    tab.wait(".session-run", "turn-3")
    story = Story("concierge", utc_now(), 92, agent_type="chat")
    story.start("turn-5", -1, "shop", "chat")
    story.events[-1]["payload"] = {"summary": "Task started", "session_id": "chat-78", "user_id": "jonas"}
    own_hive.tell(story)
    tab.wait(".session-run", "turn-5")
    tab.wait(".page-session .toolbar", "Open")


def test_without_sessions_the_page_says_how_to_name_one(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, "#/sessions")
    tab.wait(".state", "No sessions yet")
    tab.wait(".state .code", "session_id=")


def test_a_session_that_is_not_there(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, "#/session/never-was")
    tab.tolerate.append("404")
    tab.wait(".state", "there is no session 'never-was' here")
