"""Writes a picture of every view, in light and dark and three widths, for a person to look at.

``python -m tests.browser.screenshots [FOLDER [PATTERN]]``; the folder is ``screenshots`` unless named; the pattern
chooses among names like ``costs-dark-narrow``.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from .collector import Collector
from .concierge import concierge
from .conftest import LAUNCH_ARGUMENTS, find_chromium
from .every_view import GENERAL, OF_THE_COMPANY, View
from .seed import company
from .story import utc_now
from .tab import Tab

SIZES = {"narrow": (390, 844), "laptop": (1440, 900), "wall": (2560, 1440)}
VIEWS = GENERAL | OF_THE_COMPANY
FIRST_RUN = {"first-run": View("#/fleet", "main")}


def take(
    browser: Browser,
    collector: Collector,
    views: dict[str, View],
    folder: Path,
    wanted: Callable[[str], bool],
) -> None:
    """A picture of each view in every size and theme whose name is wanted."""
    for size, (width, height) in SIZES.items():
        for theme in ("light", "dark"):
            names = [name for name in views if wanted(f"{name}-{theme}-{size}")]
            if not names:
                continue
            tab = Tab(browser, collector.url, width, height, theme)
            for name in names:
                views[name].open(tab)
                if name != "wall":
                    tab.wait(".live", "Live")
                if name == "keys":
                    tab.page.keyboard.press("?")
                tab.page.wait_for_timeout(600)  # charts and sparklines settle; nothing is asserted here
                tab.page.screenshot(path=folder / f"{name}-{theme}-{size}.png")
            tab.close()


def main(folder: Path, pattern: str) -> None:
    """Fill the folder with the pictures whose name (view, theme, size) matches the pattern."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = re.compile(pattern).search
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(playwright), args=LAUNCH_ARGUMENTS)
        collector = Collector(Path(scratch)).start()
        try:
            take(browser, collector, FIRST_RUN, folder, lambda name: bool(wanted(name)))
            for story in [*company(), concierge(utc_now())]:
                collector.tell(story)
            take(browser, collector, VIEWS, folder, lambda name: bool(wanted(name)))
        finally:
            collector.stop()
            browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots"), sys.argv[2] if len(sys.argv) > 2 else "")
