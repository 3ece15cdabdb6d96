"""How tests use the settings: buttons and fields by name, requests of an admin, an agent that fails."""

from __future__ import annotations

import urllib3
from playwright.sync_api import Locator

from .collector import Collector
from .story import Story, utc_now
from .tab import Tab

ADMIN = "hb_live_" + "a" * 32
PARTS = ("alerts", "keys", "thresholds", "pricing", "policies", "projects")


def press(tab: Tab, name: str, *, exact: bool = True) -> None:
    tab.page.get_by_role("button", name=name, exact=exact).click()


def box(tab: Tab, path: str) -> Locator:
    """The field of a form by its place in the JSON."""
    return tab.page.locator(f'[data-path="{path}"]')


def send(tab: Tab) -> None:
    tab.page.locator(".dialog button[type=submit]").click()


def saved(tab: Tab) -> None:
    """The dialog is closed: the collector took it."""
    tab.page.locator(".dialog").wait_for(state="detached")


def failing(name: str) -> Story:
    story = Story(name, utc_now(), 5)
    story.register(-2)
    story.start("order-1", -2, "order", "shop")
    story.emit(
        "task_failed", {"exception_type": "ValueError", "exception_message": "no stock"}, status="failure"
    )
    return story


def admin(hive: Collector, method: str, path: str, body: object) -> dict[str, object]:
    answer = urllib3.request(
        method, f"{hive.url}/v1/{path}", json=body, headers={"Authorization": f"Bearer {ADMIN}"}
    )
    assert answer.status < 300, answer.data
    found: dict[str, object] = answer.json()
    return found
