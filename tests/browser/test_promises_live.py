"""Promises about what changes before the reader's eyes when the agent calls again."""

from __future__ import annotations

from collections.abc import Iterator

import hiveloop
import pytest

from .collector import Collector
from .conftest import OpenTab

pytestmark = pytest.mark.browser


@pytest.fixture
def told(own_hive: Collector) -> Iterator[Collector]:
    """An empty collector that the SDK of this process talks to."""
    hiveloop.init(endpoint=own_hive.url, flush_interval=0.2)
    yield own_hive
    hiveloop.reset()


def test_an_answer_sends_the_agent_back_to_work(told: Collector, open_tab: OpenTab) -> None:
    task = hiveloop.agent("contract-bot").start_task("contract-9", project="legal")
    task.request_approval("Send the contract?", approver="ops-queue")
    tab = open_tab(told.url)
    tab.wait(".card .card-status.tone-wait", "Waiting")
    tab.wait(".ribbon-cell.tone-wait:has-text('Waiting') .ribbon-value", "1")
    task.approval_received("Approved", approved_by="jane@acme.com", decision="approved")
    tab.wait(".card .card-status.tone-busy", "Processing")
    tab.wait(".ribbon-cell:not(.tone-wait):has-text('Waiting') .ribbon-value", "0")
    task.complete()
    tab.wait(".card .card-status", "Idle")


def test_a_resolved_issue_takes_its_badge_away(told: Collector, open_tab: OpenTab) -> None:
    agent = hiveloop.agent("crm-watch")
    agent.report_issue(summary="CRM API returning 403", severity="high", issue_id="crm-403")
    agent.todo("other", "created", "Something else that waits")
    fleet, pipeline = open_tab(told.url), open_tab(told.url, "#/pipeline")
    fleet.wait(".card .badge.tone-bad", "1")
    pipeline.wait("tr", "CRM API returning 403")
    agent.resolve_issue("CRM API recovered", issue_id="crm-403")
    fleet.find(".card .badge.tone-bad").wait_for(state="detached")
    pipeline.wait(".note", "No open issues.")


def test_a_growing_queue_shows_at_the_next_heartbeat(told: Collector, open_tab: OpenTab) -> None:
    waiting = ["a", "b"]
    hiveloop.agent("worker", queue_provider=lambda: {"depth": len(waiting)}, heartbeat_interval=1)
    tab = open_tab(told.url)
    tab.wait(".card .badge", "Q 2")
    waiting.extend("cdef")
    tab.wait(".card .badge.tone-wait", "Q 6")


def test_a_plan_moves_on(told: Collector, open_tab: OpenTab) -> None:
    task = hiveloop.agent("planner").start_task("lead-1")
    task.plan("Qualify the lead", ["Search", "Score"])
    tab = open_tab(told.url, "#/run/lead-1")
    tab.wait(".step-pending", "Search")
    task.plan_step(0, "started", "Searching")
    tab.wait(".step-started", "Search")
    task.plan_step(0, "completed", "Found")
    task.plan_step(1, "started", "Scoring")
    tab.wait(".step-completed", "Search")
    task.plan_step(1, "failed", "The scorer did not answer")
    tab.wait(".step-failed", "Score")
