"""How smoothly the dashboard moves: a long list, live events, a long run, in a real Chromium on a real collector."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from benchmarks.collector_process import CollectorProcess
from benchmarks.dashboard_page import BrowserMissingError, Figures, WatchedPage, launch
from benchmarks.dashboard_traffic import LONG_RUN, LiveTraffic, fill_long_run, fill_tasks
from benchmarks.options import Options
from benchmarks.table import console, figure, notes, show

__all__ = ["run"]

_PER_SECOND = 1_000
_NODES = 5_000
_BODY, _ROW = ".tt-body", ".tt-rows .tt-row"

#: Scrolls by three quarters of a page a frame, and waits at the end for more, until so many ms are over.
_SCROLL = """([selector, ms]) => new Promise((resolve) => {
  const body = document.querySelector(selector);
  const began = performance.now();
  const step = () => {
    body.scrollTop += body.clientHeight * 0.75;
    if (performance.now() - began < ms) requestAnimationFrame(step);
    else resolve({reached: body.scrollTop, height: body.scrollHeight});
  };
  requestAnimationFrame(step);
})"""


class _Table:
    """The rows of the printed table, one per stretch of use."""

    def __init__(self) -> None:
        self.rows: list[list[str]] = []
        self.remarks: list[str] = []

    def add(self, name: str, figures: Figures, remark: str = "") -> None:
        self.rows.append(
            [
                name,
                figure(figures.median),
                figure(figures.p95),
                figure(figures.worst),
                f"{len(figures.long)} / {figure(max(figures.long, default=None))}",
                "–" if figures.busy is None else f"{figures.busy * 100:.0f} %",
                f"{figures.elements[0]} → {figures.elements[1]}",
                f"{figures.heap_mb[0]:.1f} → {figures.heap_mb[1]:.1f}",
            ]
        )
        if remark:
            self.remarks.append(f"{name}: {remark}")


def run(options: Options) -> None:
    """Print the table: 100,000 stored runs and 10,000 live events, or a tenth of each in the quick form."""
    tasks, live = (10_000, 3_000) if options.quick else (100_000, 10_000)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        try:
            browser = launch(playwright)
        except BrowserMissingError as error:
            console.print(f"dashboard: not measured ({error})", style="yellow")
            return
        with CollectorProcess(Path(folder) / "store.db") as collector:
            fill_tasks(collector.address, tasks)
            fill_long_run(collector.address, _NODES)
            table = _Table()
            page = WatchedPage(browser, collector.address)
            scroll_ms = 4_000 if options.quick else 12_000
            _still(page, table)
            _list(page, table, scroll_ms)
            _long_run(page, table, scroll_ms)
            for name, path, sign in (
                ("activity", "#/activity", ".feed-line"),
                ("fleet", "#/fleet", ".feed-line"),
                ("tasks", "#/tasks", _ROW),
                ("costs", "#/costs", ".ribbon-value"),
                ("pipeline", "#/pipeline", "h1"),
            ):
                _live(page, table, collector.address, live, (name, path, sign))
        browser.close()
    _print(table, tasks, live)


def _still(page: WatchedPage, table: _Table) -> None:
    """The fleet with nothing to do: what the machine and the browser alone make of frames."""
    page.open("#/fleet", ".card")
    page.page.wait_for_timeout(1_500)
    with page.watched() as figures:
        page.page.wait_for_timeout(3_000)
    table.add("fleet, nothing happens", figures)


def _list(page: WatchedPage, table: _Table, scroll_ms: int) -> None:
    shown = page.open("#/tasks", _ROW)
    with page.watched() as figures:
        reached: dict[str, Any] = page.page.evaluate(_SCROLL, [_BODY, scroll_ms])
    table.add(
        "tasks, scrolling",
        figures,
        f"{reached['reached'] / 32:,.0f} rows read; first row after {shown:.0f} ms",
    )
    page.page.evaluate("(selector) => document.querySelector(selector).scrollTo(0, 0)", _BODY)
    with page.watched() as figures:
        for label in ("Cost", "Duration", "Started"):
            page.page.click(f".tt-head button:has-text('{label}')")
            page.page.wait_for_timeout(700)
    table.add("tasks, three sorts", figures)
    with page.watched() as figures:
        page.page.get_by_label("Filter by task, agent or type").press_sequentially("order 4800", delay=90)
        page.page.wait_for_timeout(1_500)
    answer = page.page.locator(".toolbar-end").inner_text()
    table.add("tasks, typing a filter", figures, f"“order 4800”: {answer or 'no answer within 1.5 s'}")


def _long_run(page: WatchedPage, table: _Table, scroll_ms: int) -> None:
    shown = page.open(f"#/run/{LONG_RUN}", ".wf-row")
    with page.watched() as figures:
        page.page.evaluate(_SCROLL, [".wf-body", scroll_ms // 3])
    table.add(f"run of {_NODES:,} nodes, scrolling", figures, f"first row after {shown:.0f} ms")


def _live(page: WatchedPage, table: _Table, address: str, total: int, view: tuple[str, str, str]) -> None:
    name, path, sign = view
    page.open(path, sign)
    page.page.wait_for_selector(".live-live")
    page.page.wait_for_timeout(1_500)
    traffic = LiveTraffic(address, total, _PER_SECOND)
    with page.watched() as figures:
        traffic.start()
        while traffic.is_alive():
            page.page.wait_for_timeout(100)
        page.page.wait_for_timeout(1_000)
    sent = traffic.problem or f"{total / traffic.seconds:,.0f} events/s sent"
    table.add(f"{name}, live", figures, sent)


def _print(table: _Table, tasks: int, live: int) -> None:
    show(
        f"The dashboard with {tasks:,} runs stored; live: {live:,} events at {_PER_SECOND:,}/s",
        [
            "what",
            "frame ms",
            "p95",
            "worst",
            "long / worst ms",
            "busy",
            "elements",
            "heap MB",
        ],
        table.rows,
    )
    notes(
        *table.remarks,
        "Headless Chromium without a GPU, 1440 × 900. Frames: requestAnimationFrame deltas; long: tasks over 50 ms;",
        "busy: share of the time the main thread worked; elements and heap (garbage collected) before → after.",
    )
