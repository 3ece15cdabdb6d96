"""Writes a picture of every view, in light and dark and three widths, for a person to look at.

``python -m tests.browser.screenshots [FOLDER]``; the folder is ``screenshots`` unless named.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from .collector import Collector
from .concierge import concierge
from .conftest import LAUNCH_ARGUMENTS, find_chromium
from .seed import company
from .story import utc_now
from .tab import Tab

SIZES = {"narrow": (390, 844), "laptop": (1440, 900), "wall": (2560, 1440)}
#: Name -> (address, what must be there, what to click then).
VIEWS = {
    "fleet": ("#/fleet", ".feed-line, .tabs", None),
    "tasks": ("#/tasks", ".tt-rows .tt-row", None),
    "run-failed": ("#/run/invoice-2024-126", ".wf-row", None),
    "run-plan": ("#/run/lead-4821", ".wf-row", ".wf-row:has-text('condense') .wf-name"),
    "run-long": ("#/run/report-q3-market-outlook", ".wf-row", None),
    "activity": ("#/activity", ".feed-line", None),
    "costs": ("#/costs", ".cost-chart canvas", None),
    "pipeline": ("#/pipeline", ".panel", None),
    "insights": ("#/insights", ".question", None),
    "insight": ("#/insights?question=cost", ".breakdown", None),
    "compare": ("#/compare?a=invoice-2024-125&b=invoice-2024-126", ".diff", None),
    "agent": ("#/agent/concierge", ".beats", None),
    "sessions": ("#/sessions", ".sessions", None),
    "session": ("#/session/chat-77", ".session-run", None),
    **{
        f"settings-{part}": (f"#/settings/{part}", ".settings-panel", None)
        for part in ("alerts", "keys", "thresholds", "pricing", "policies", "projects")
    },
    "palette": ("#/fleet", ".card", ".search-button"),
}


def picture(
    browser: Browser, collector: Collector, names: list[str], size: str, theme: str, folder: Path
) -> None:
    width, height = SIZES[size]
    tab = Tab(browser, collector.url, width, height, theme)
    for name in names:
        address, sign, click = VIEWS.get(name, ("", "main", None))
        tab.go(address)
        tab.wait(sign)
        tab.wait(".live", "Live")
        if click is not None:
            tab.find(click).first.click()
        tab.page.wait_for_timeout(600)  # charts and sparklines settle; nothing is asserted here
        tab.page.screenshot(path=folder / f"{name}-{theme}-{size}.png")
    tab.close()


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(playwright), args=LAUNCH_ARGUMENTS)
        collector = Collector(Path(scratch)).start()
        try:
            for names in (["first-run"], list(VIEWS)):
                for size in SIZES:
                    for theme in ("light", "dark"):
                        picture(browser, collector, names, size, theme, folder)
                for story in [*company(), concierge(utc_now())] if names == ["first-run"] else []:
                    collector.tell(story)
        finally:
            collector.stop()
            browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots"))
