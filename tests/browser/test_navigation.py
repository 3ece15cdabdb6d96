"""Addresses, Back, keys, the palette, the theme, signing in."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from .collector import Collector
from .conftest import OpenTab
from .live_worker import worker

pytestmark = pytest.mark.browser

KEY = "hb_live_0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("address", "sign"),
    [
        ("#/fleet?agent=support-triage", ".card.chosen:has-text('support-triage')"),
        ("#/tasks?status=failed", ".tt-row:has-text('invoice-2024-126')"),
        ("#/activity?feed=error", ".feed-line:has-text('failed task invoice-2024-126')"),
        ("#/costs?range=7d", ".page:has-text('Last 7 days') .ribbon"),
        ("#/activity?form=feed", ".feed-line .feed-type:has-text('task_failed')"),
        ("#/wall?show=stuck", ".wall-agent:has-text('doc-indexer')"),
        ("#/pipeline", ".panel:has-text('Waiting for approval')"),
        ("#/insights?part=review", ".question-group:has-text('Review') .question"),
        ("#/insights?question=success-rate", ".breakdown:has-text('qualify')"),
        ("#/compare?a=lead-4810&b=lead-4811", ".verdict"),
        ("#/settings/pricing", ".settings-panel:has-text('Prices')"),
        ("#/activity?form=feed&feed=llm", ".feed-line:has-text('llm_call')"),
        ("#/fleet?agent=lead-qualifier&task=lead-4811", ".run-title:has-text('lead-4811')"),
        ("#/tasks?q=ticket&sort=duration", ".tt-row:has-text('ticket-88114')"),
        ("#/sessions?q=nobody", ".state:has-text('No session fits')"),
        ("#/agent/support-triage", ".page-agent .beats"),
        ("#/run/report-q3-market-outlook", ".wf-row:has-text('section_1')"),
    ],
)
def test_every_view_opens_by_its_address(hive: Collector, open_tab: OpenTab, address: str, sign: str) -> None:
    open_tab(hive.url, address).wait(sign)


def test_back_returns_to_where_one_was(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, "#/tasks?status=failed")
    tab.wait(".tt-row", "invoice-2024-126").locator(".row-link").click()
    tab.wait(".run-title", "invoice-2024-126")
    tab.page.go_back()
    tab.wait(".page-tasks .tt-row", "invoice-2024-126")
    assert tab.page.url.endswith("#/tasks?status=failed")


def test_project_and_environment_follow_from_view_to_view(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url)
    tab.wait(".card", "pricing-bot")
    tab.page.get_by_label("Environment").select_option("staging")
    tab.find(".card", "lead-qualifier").wait_for(state="detached")
    tab.page.get_by_role("link", name="Tasks").click()
    tab.wait(".tt-row", "price-run-18")
    assert "environment=staging" in tab.page.url
    assert not tab.find(".tt-row", "lead-").count()


def test_rows_are_walked_and_opened_by_keys(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, "#/tasks?status=failed")
    tab.wait(".tt-row", "invoice-2024-126")
    tab.page.keyboard.press("j")
    tab.wait(".tt-row.marked", "invoice-2024-126")
    tab.page.keyboard.press("Enter")
    tab.wait(".run-title", "invoice-2024-126")
    tab.page.keyboard.press("2")
    tab.wait(".page-tasks")
    tab.page.keyboard.press("?")
    tab.wait("dialog", "Search or jump")
    # The key may come before the dialog that is already painted listens for it.
    for _ in range(10):
        tab.page.keyboard.press("Escape")
        with contextlib.suppress(PlaywrightTimeout):
            tab.find("dialog").wait_for(state="detached", timeout=1_500)
            break
    assert not tab.find("dialog").count()


def test_the_palette_finds_agents_tasks_and_views(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url)
    tab.wait(".card")
    tab.page.keyboard.press("Control+k")
    tab.page.keyboard.type("ticket-88114")
    tab.wait(".hit", "ticket-88114")
    tab.page.keyboard.press("Enter")
    tab.wait(".run-title", "ticket-88114")
    tab.page.keyboard.press("Control+k")
    tab.page.keyboard.type("invoice-ex")
    tab.wait(".hit", "invoice-extractor").click()
    tab.wait(".card.chosen", "invoice-extractor")
    tab.page.keyboard.press("Control+k")
    tab.page.keyboard.type("cost")
    tab.wait(".hit", "Costs")
    tab.page.keyboard.press("Enter")
    tab.wait("h1", "Costs")


def test_the_theme_is_chosen_and_remembered(hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(hive.url, theme="light")
    ground = "() => getComputedStyle(document.body).backgroundColor"
    tab.wait(".card")
    bright = tab.page.evaluate(ground)
    tab.page.get_by_role("button", name="Theme: auto").click()
    tab.page.get_by_role("button", name="Theme: light").click()
    tab.page.get_by_role("button", name="Theme: dark").wait_for()
    assert tab.page.evaluate(ground) != bright
    tab.page.reload()
    tab.page.get_by_role("button", name="Theme: dark").wait_for()
    assert tab.page.evaluate(ground) != bright


@pytest.fixture
def locked_hive(tmp_path: Path) -> Iterator[Collector]:
    collector = Collector(tmp_path, KEY).start()
    collector.tell(worker())
    yield collector
    collector.stop()


def test_a_locked_collector_asks_for_a_key(locked_hive: Collector, open_tab: OpenTab) -> None:
    tab = open_tab(locked_hive.url, "#/tasks")
    tab.tolerate += ["401"]
    form = tab.wait(".sign-in-box")
    form.get_by_label("Key").fill("not a key")
    form.get_by_role("button", name="Sign in").click()
    tab.wait(".sign-in-box", "A key begins with hb_")
    form.get_by_label("Key").fill("hb_live_wrong0000000000000000000000000000")
    form.get_by_role("button", name="Sign in").click()
    tab.wait(".sign-in-box", "did not accept this key")
    tab.page.get_by_label("Key").fill(KEY)
    tab.page.get_by_role("button", name="Sign in").click()
    tab.wait(".tt-row", "job-1")
    tab.wait(".live", "Live")
    assert KEY not in tab.page.url
    tab.page.reload()
    tab.wait(".tt-row", "job-1")
    kept = tab.page.evaluate("() => JSON.stringify([localStorage, sessionStorage, document.cookie])")
    assert KEY not in kept
    assert "hiveboard_session" not in kept, "no script can read the session"
    cookie = next(one for one in tab.context.cookies() if one["name"].startswith("hiveboard_session"))
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    assert KEY not in cookie["value"]
    tab.page.get_by_role("button", name="Sign out").click()
    tab.wait(".sign-in-box")
    tab.context.add_cookies([cookie])
    tab.page.reload()
    tab.wait(".sign-in-box")
