"""What browser tests need: a Chromium, a fed collector, and tabs that remember every complaint."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Playwright, sync_playwright

from .collector import Collector
from .seed import company
from .tab import Tab

LAUNCH_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def find_chromium(playwright: Playwright) -> str | None:
    """An installed browser, else the one Playwright downloaded, else None."""
    for name in (os.environ.get("HIVEBOARD_CHROMIUM", ""), *_NAMES):
        found = shutil.which(name) if name else None
        if found:
            return found
    for place in (
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        playwright.chromium.executable_path,
    ):
        if Path(place).exists():
            return place
    return None


# Of one module, not of the session: while Playwright runs, no other test of this process could run an event loop.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        path = find_chromium(playwright)
        if path is None:
            message = "no Chromium or Chrome found; install one, or run: playwright install chromium"
            if os.environ.get("CI"):
                pytest.fail(message)
            pytest.skip(message)
        try:
            browser = playwright.chromium.launch(executable_path=path, args=LAUNCH_ARGUMENTS)
        except Error as error:
            if os.environ.get("CI"):
                raise
            pytest.skip(f"{path} does not start: {error.message.splitlines()[0]}")
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def hive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    """The seeded company. Tests read it and change nothing."""
    collector = Collector(tmp_path_factory.mktemp("hive")).start()
    for story in company():
        collector.tell(story)
    yield collector
    collector.stop()


@pytest.fixture
def own_hive(tmp_path: Path) -> Iterator[Collector]:
    """An empty collector of the test's own."""
    collector = Collector(tmp_path).start()
    yield collector
    collector.stop()


OpenTab = Callable[..., Tab]


@pytest.fixture
def open_tab(browser: Browser) -> Iterator[OpenTab]:
    """Opens tabs; at the end each must have had nothing to complain about but what the test tolerated."""
    tabs: list[Tab] = []

    def open_one(url: str, path: str = "", width: int = 1440, height: int = 900, theme: str = "light") -> Tab:
        tab = Tab(browser, url, width, height, theme)
        tabs.append(tab)
        tab.go(path)
        return tab

    yield open_one
    complaints = [complaint for tab in tabs for complaint in tab.close()]
    assert not complaints, "\n".join(complaints)
