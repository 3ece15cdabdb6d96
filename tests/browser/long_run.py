"""A run of thousands of actions, and how smoothly the page scrolls it.

``python -m tests.browser.long_run URL`` feeds a running collector and prints the times between frames.
"""

from __future__ import annotations

import sys
from typing import Any

from playwright.sync_api import Page, sync_playwright

from .story import Story, send, utc_now

#: Scrolls the waterfall by one page a frame, 240 frames long, and notes when each frame came.
_SCROLL = """(frames) => new Promise((resolve) => {
  const body = document.querySelector('.wf-body');
  const [times, most] = [[], {rows: 0}];
  const step = (now) => {
    times.push(now);
    most.rows = Math.max(most.rows, document.querySelectorAll('.wf-row').length);
    body.scrollTop += body.clientHeight;
    if (times.length <= frames) requestAnimationFrame(step);
    else resolve({gaps: times.slice(1).map((time, index) => time - times[index]), rows: most.rows, reached: body.scrollTop});
  };
  requestAnimationFrame(step);
})"""


def long_story(actions: int) -> Story:
    """One finished run with so many actions; every tenth is a step with calls in it, every hundredth fails."""
    story = Story("marathon", utc_now(), 50)
    story.start("long-haul", -3000, "p", "job")
    for number in range(actions // 10):
        with story.action(f"step_{number}"):
            for part in range(9):
                try:
                    with story.action(f"tool_{number}_{part}", 0.02):
                        if part == 8 and number % 10 == 9:
                            raise RuntimeError("503 Service Unavailable")
                except RuntimeError:
                    pass
            story.llm("think", "gpt-4o-mini", (900, 40), 0.1)
    story.complete()
    return story


def scroll(page: Page, frames: int = 240) -> dict[str, Any]:
    """``gaps``: milliseconds between frames; ``rows``: the most rows there were; ``reached``: pixels from the top."""
    found: dict[str, Any] = page.evaluate(_SCROLL, frames)
    return found


def main(url: str) -> None:
    send(url, long_story(5_000))
    with sync_playwright() as playwright:
        from .conftest import LAUNCH_ARGUMENTS, find_chromium

        browser = playwright.chromium.launch(executable_path=find_chromium(playwright), args=LAUNCH_ARGUMENTS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{url}/#/run/long-haul")
        page.wait_for_selector(".wf-row")
        found = scroll(page)
        gaps = sorted(found["gaps"])
        sys.stdout.write(
            f"{len(gaps)} frames: median {gaps[len(gaps) // 2]:.1f} ms, 95th {gaps[len(gaps) * 95 // 100]:.1f} ms,"
            f" worst {gaps[-1]:.1f} ms; at most {found['rows']} rows in the document; scrolled {found['reached']:.0f} px\n"
        )
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1])
