"""axe-core finds nothing serious or critical on any view, in light and dark, wide and on a phone."""

from __future__ import annotations

from pathlib import Path

import pytest

from .axe import grave_findings
from .collector import Collector
from .concierge import concierge
from .conftest import OpenTab
from .story import utc_now

pytestmark = pytest.mark.browser

#: Name -> (address, what must be there, what to click then, what that shows).
VIEWS = {
    "fleet": ("#/fleet", ".card", None, None),
    "tasks": ("#/tasks", ".tt-rows .tt-row", None, None),
    "no task": ("#/tasks?q=nothing-has-this-name", ".state", None, None),
    "run": ("#/run/invoice-2024-126", ".wf-row", ".wf-row.kind-llm .wf-name", ".detail"),
    "run with a plan": ("#/run/lead-4821", ".plan", None, None),
    "activity": ("#/activity", ".feed-line", None, None),
    "activity, event by event": ("#/activity?form=feed", ".feed-type", None, None),
    "mission control": ("#/wall", ".wall-agent", None, None),
    "costs": ("#/costs", ".cost-chart", ".calls .disclose", ".call-open"),
    "pipeline": ("#/pipeline", ".panel", None, None),
    "insights": ("#/insights", ".question", None, None),
    **{part: (f"#/insights?part={part}", ".question", None, None) for part in ("investigation", "review")},
    "a question": ("#/insights?question=cost", ".breakdown", None, None),
    "compare": ("#/compare?a=invoice-2024-125&b=invoice-2024-126", ".diff", None, None),
    "compare nothing": ("#/compare", ".side-empty", ".side-empty button", ".run-hit"),
    "marked tasks": ("#/tasks?a=lead-4810", ".compare-bar", None, None),
    "no session": ("#/sessions", ".state", None, None),
    "agent": ("#/agent/lead-qualifier", ".beats", None, None),
    "palette": ("#/fleet", ".card", ".search-button", ".dialog"),
}
TABS = ("run", "tasks", "activity")


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (390, "dark")])
def test_every_view_is_accessible(hive: Collector, open_tab: OpenTab, width: int, theme: str) -> None:
    tab = open_tab(hive.url, width=width, theme=theme)
    views = dict(VIEWS)
    if width < 900:
        views |= {
            f"fleet, {name}": (f"#/fleet?tab={name}", f"[role=tab]:has-text('{name}')", None, None)
            for name in TABS
        }
    for name, (address, sign, click, then) in views.items():
        tab.go(address)
        tab.wait(sign)
        if click is not None and then is not None:
            tab.find(click).first.click()
            tab.wait(then)
        assert grave_findings(tab) == [], f"{name}, {theme}, {width}"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_list_of_keys_and_the_first_run_are_accessible(
    own_hive: Collector, open_tab: OpenTab, theme: str
) -> None:
    tab = open_tab(own_hive.url, theme=theme)
    tab.wait("h1", "No agents yet")
    assert grave_findings(tab) == []
    tab.page.keyboard.press("?")
    tab.wait(".key-list")
    assert grave_findings(tab) == []


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (390, "dark")])
def test_sessions_and_heartbeats_with_numbers_are_accessible(
    own_hive: Collector, open_tab: OpenTab, width: int, theme: str
) -> None:
    own_hive.tell(concierge(utc_now()))
    tab = open_tab(own_hive.url, "#/sessions", width=width, theme=theme)
    for address, sign in (
        ("#/sessions", ".sessions"),
        ("#/session/chat-77", ".session-run"),
        ("#/agent/concierge", ".beat-series"),
    ):
        tab.go(address)
        tab.wait(sign)
        assert grave_findings(tab) == [], f"{address}, {theme}, {width}"


def test_the_sign_in_is_accessible(tmp_path: Path, open_tab: OpenTab) -> None:
    collector = Collector(tmp_path, key="hb_live_" + "a" * 32).start()
    try:
        tab = open_tab(collector.url)
        tab.tolerate += ["401"]
        tab.wait(".sign-in")
        assert grave_findings(tab) == []
    finally:
        collector.stop()


def test_axe_sees_what_is_wrong(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, "#/activity")
    tab.wait(".feed-line")
    tab.page.evaluate("document.querySelector('main').append(document.createElement('button'))")
    assert any(finding.startswith("button-name") for finding in grave_findings(tab))
