"""An answer given on the page reaches the program that waits for it, and the page shows so by itself."""

from __future__ import annotations

import threading

import hiveloop
import pytest
import urllib3

from .collector import Collector
from .conftest import OpenTab

pytestmark = pytest.mark.browser


class Asking:
    """A program that asks and waits, in a thread of this process."""

    def __init__(self, url: str) -> None:
        self.decision: hiveloop.Decision | None = None
        hiveloop.init(endpoint=url)
        self.task = hiveloop.agent("refund-desk").start_task("refund-1", project="support")
        self.name = self.task.request_approval("Pay 84 EUR back?", approver="ops", reason="3 weeks old")
        self.thread = threading.Thread(target=self._wait)
        self.thread.start()

    def _wait(self) -> None:
        self.decision = self.task.wait_for_approval(self.name, timeout=60)

    def end(self) -> None:
        self.task.complete()
        hiveloop.reset()
        self.thread.join(10)


@pytest.mark.parametrize(("button", "decision"), [("Approve", "approved"), ("Reject", "rejected")])
def test_a_button_releases_the_program_that_waits(
    own_hive: Collector, open_tab: OpenTab, button: str, decision: str
) -> None:
    asking = Asking(own_hive.url)
    try:
        tab = open_tab(own_hive.url, "#/pipeline")
        tab.wait(".table", "Pay 84 EUR back?")
        tab.wait(".badge", "listening")
        tab.page.get_by_role("button", name=button, exact=True).press("Enter")
        tab.wait(".decide", "3 weeks old")
        tab.page.get_by_label("Your name").fill("Jane")
        tab.page.get_by_label("Reason").fill("as agreed")
        tab.page.keyboard.press("Enter")
        tab.wait(".note", "Nobody waits for a decision.")
        asking.thread.join(10)
        assert asking.decision == decision
        assert (asking.decision.approved_by, asking.decision.reason) == ("Jane", "as agreed")
    finally:
        asking.end()


def test_the_run_goes_on_before_the_readers_eyes(own_hive: Collector, open_tab: OpenTab) -> None:
    asking = Asking(own_hive.url)
    try:
        run = open_tab(own_hive.url, "#/run/refund-1")
        run.wait(".run-title", "Waiting")
        desk = open_tab(own_hive.url, "#/pipeline")
        desk.wait(".badge", "listening")
        desk.page.get_by_role("button", name="Approve", exact=True).click()
        desk.page.get_by_label("Your name").fill("Jane")
        desk.page.keyboard.press("Enter")
        asking.thread.join(10)
        assert asking.decision == "approved"
        run.wait(".run-title", "Processing")
        run.wait(".wf-row", "Jane")
        asking.task.complete()
        assert hiveloop.flush()
        run.wait(".run-title", "Completed")
    finally:
        asking.end()


def test_who_comes_late_is_told_who_was_first(own_hive: Collector, open_tab: OpenTab) -> None:
    asking = Asking(own_hive.url)
    try:
        tab = open_tab(own_hive.url, "#/pipeline")
        tab.tolerate.append("409")
        tab.wait(".table", "Pay 84 EUR back?")
        tab.page.get_by_role("button", name="Approve", exact=True).click()
        tab.wait(".decide h2", "Approve this?")
        answer = urllib3.request(
            "POST",
            f"{own_hive.url}/v1/approvals/{asking.name}",
            json={"decision": "rejected", "approved_by": "Joe"},
            headers={"Authorization": "Bearer hb_live_x"},
        )
        assert answer.status == 200
        tab.page.locator(".decide button[type=submit]").click()
        tab.wait(".decide [role=alert]", "Joe")
        tab.page.get_by_role("button", name="Close").click()
        tab.wait(".note", "Nobody waits for a decision.")
    finally:
        asking.end()


def test_an_issue_is_resolved_and_taken_back(own_hive: Collector, open_tab: OpenTab) -> None:
    hiveloop.init(endpoint=own_hive.url)
    try:
        hiveloop.agent("sync").report_issue("Disk is full", severity="high", issue_id="disk")
        # Something else waits too, so that the page does not say that nothing does.
        hiveloop.agent("sync").todo("t1", "created", "Clean up")
        assert hiveloop.flush()
        tab = open_tab(own_hive.url, "#/pipeline")
        tab.wait(".table", "Disk is full")
        tab.page.get_by_role("button", name="Resolve: Disk is full").click()
        tab.wait(".note", "No open issues.")
        tab.page.get_by_role("button", name="Undo").click()
        tab.wait(".table", "Disk is full")
    finally:
        hiveloop.reset()
