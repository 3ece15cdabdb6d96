"""A page in Chromium that is watched: frames, long tasks, work of the main thread, elements and heap."""

from __future__ import annotations

import os
import shutil
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, Playwright

__all__ = ["BrowserMissingError", "Figures", "WatchedPage", "launch"]

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]

_START = """() => {
  const found = {times: [], long: [], on: true};
  const step = (now) => { found.times.push(now); if (found.on) requestAnimationFrame(step); };
  found.watch = new PerformanceObserver((list) => found.long.push(...list.getEntries().map((entry) => entry.duration)));
  found.watch.observe({type: 'longtask'});
  window.watchedFrames = found;
  requestAnimationFrame(step);
}"""
_STOP = """() => {
  const found = window.watchedFrames;
  found.on = false;
  found.long.push(...found.watch.takeRecords().map((entry) => entry.duration));
  found.watch.disconnect();
  return {gaps: found.times.slice(1).map((time, index) => time - found.times[index]), long: found.long};
}"""


class BrowserMissingError(RuntimeError):
    """There is no Chromium to measure with."""


def launch(playwright: Playwright) -> Browser:
    """An installed browser, else the one Playwright downloaded. Raises `BrowserMissingError`."""
    for name in (os.environ.get("HIVEBOARD_CHROMIUM", ""), *_NAMES, playwright.chromium.executable_path):
        found = shutil.which(name) if name else None
        if found:
            return playwright.chromium.launch(executable_path=found, args=_ARGUMENTS)
    raise BrowserMissingError("no Chromium or Chrome; install one or run: playwright install chromium")


@dataclass
class Figures:
    """What a stretch of use did to the page. Times in ms; ``busy`` is the share of the time the main thread worked."""

    gaps: list[float] = field(default_factory=list)
    long: list[float] = field(default_factory=list)
    busy: float | None = None
    script_share: float | None = None
    elements: tuple[int, int] = (0, 0)
    heap_mb: tuple[float, float] = (0.0, 0.0)

    @property
    def median(self) -> float | None:
        return statistics.median(self.gaps) if self.gaps else None

    @property
    def p95(self) -> float | None:
        return sorted(self.gaps)[int(len(self.gaps) * 0.95)] if self.gaps else None

    @property
    def worst(self) -> float | None:
        return max(self.gaps, default=None)


class WatchedPage:
    """One tab on a collector."""

    def __init__(self, browser: Browser, address: str, width: int = 1440, height: int = 900) -> None:
        self.page: Page = browser.new_page(viewport={"width": width, "height": height})
        self.page.set_default_timeout(60_000)
        self._address = address
        self._session: CDPSession = self.page.context.new_cdp_session(self.page)
        self._session.send("Performance.enable")

    def open(self, path: str, sign: str) -> float:
        """Open an address of the page afresh; milliseconds until ``sign`` is there."""
        self.page.goto("about:blank")
        self.page.goto(f"http://{self._address}/{path}")
        self.page.wait_for_selector(sign)
        shown: float = self.page.evaluate("performance.now()")
        return shown

    @contextmanager
    def watched(self) -> Iterator[Figures]:
        """Watch the page during the block; the figures are complete after it."""
        figures = Figures()
        before = self._collected()
        at_start = self._metrics()
        self.page.evaluate(_START)
        yield figures
        found: dict[str, Any] = self.page.evaluate(_STOP)
        at_end = self._metrics()
        after = self._collected()
        wall = at_end["Timestamp"] - at_start["Timestamp"]
        figures.gaps, figures.long = found["gaps"], found["long"]
        figures.busy = (at_end["TaskDuration"] - at_start["TaskDuration"]) / wall
        figures.script_share = (at_end["ScriptDuration"] - at_start["ScriptDuration"]) / wall
        figures.elements, figures.heap_mb = (before[0], after[0]), (before[1], after[1])

    def _metrics(self) -> dict[str, float]:
        told = self._session.send("Performance.getMetrics")["metrics"]
        return {one["name"]: one["value"] for one in told}

    def _collected(self) -> tuple[int, float]:
        """Elements in the document and megabytes of the heap, garbage collected."""
        self._session.send("HeapProfiler.collectGarbage")
        elements: int = self.page.evaluate("document.querySelectorAll('*').length")
        return elements, self._metrics()["JSHeapUsedSize"] / 1e6

    def close(self) -> None:
        self.page.close()
