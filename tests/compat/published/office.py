"""What an agent of the published SDK tells outside tasks: issues, TODOs, queues, schedules, logs, its own calls."""

from __future__ import annotations

import logging
import time
from typing import Any

__all__ = ["calls", "events", "issues", "log_records", "queue", "schedule", "todos"]

PARENT = "22222222-2222-4222-8222-222222222222"


def calls(agent: Any) -> None:
    """LLM calls outside any task: with everything, and with a model nobody knows."""
    agent.llm_call(
        "summarise_day",
        "gpt-4o",
        tokens_in=900,
        tokens_out=120,
        cost=0.0075,
        duration_ms=1_100,
        prompt_preview="Summarise",
        response_preview="A quiet day.",
        metadata={"temperature": 0},
    )
    agent.llm_call("dream", model="model-nobody-knows", tokens_in=10, tokens_out=10)


def issues(agent: Any) -> None:
    """One that stays and one that is resolved."""
    agent.report_issue(
        "The card service is slow",
        "high",
        issue_id="card-slow",
        category="latency",
        context={"p95_ms": 4_100},
        occurrence_count=3,
    )
    agent.report_issue(summary="Disk almost full", severity="critical", issue_id="disk")
    _a_moment_later()
    agent.resolve_issue("Disk has room again", issue_id="disk")


def todos(agent: Any) -> None:
    """One open, one done."""
    agent.todo(
        "call-back",
        "created",
        "Call the customer",
        priority="high",
        source="refund",
        context="asked for a call",
        due_by="2030-01-01T09:00:00Z",
    )
    agent.todo("tidy", "created", "Tidy up")
    _a_moment_later()
    agent.todo("tidy", "completed", "Tidied up")


def _a_moment_later() -> None:
    """Timestamps are whole milliseconds; what happens within one is another test's subject."""
    time.sleep(0.002)


def queue(agent: Any) -> None:
    """A full snapshot."""
    agent.queue_snapshot(
        depth=2,
        oldest_age_seconds=30,
        items=[
            {
                "id": "q-1",
                "priority": "high",
                "source": "mail",
                "summary": "Order 43",
                "queued_at": "2026-01-01T00:00:00Z",
            }
        ],
        processing={
            "id": "q-0",
            "summary": "Order 42",
            "started_at": "2026-01-01T00:00:00Z",
            "elapsed_ms": 1_200,
        },
    )


def schedule(agent: Any) -> None:
    """Both item shapes of the manual."""
    agent.scheduled(
        items=[
            {
                "id": "nightly",
                "name": "Nightly report",
                "interval": "1d",
                "enabled": True,
                "last_status": "success",
            },
            {
                "name": "Stock check",
                "next_run": "2030-01-01T01:00:00Z",
                "interval": "1h",
                "status": "active",
            },
        ]
    )


def events(agent: Any) -> None:
    """Generic events: a layer 3 kind, the manual's flat approval, and a type no collector knows."""
    agent.event(
        "custom",
        payload={"kind": "runtime", "summary": "Started", "data": {"event": "agent_started"}},
        severity="info",
        parent_event_id=PARENT,
    )
    agent.event("approval_requested", payload={"summary": "Open the shop?", "approver": "human"})
    agent.event("tool_used", {"summary": "not one of the 13 types"})


def log_records(agent: Any) -> None:
    """Through the log handler."""
    from hiveloop.contrib.log_handler import HiveBoardLogHandler

    logger = logging.getLogger("shop.orders")
    logger.propagate = False
    handler = HiveBoardLogHandler(agent, level=logging.WARNING, category="log")
    logger.addHandler(handler)
    try:
        logger.info("below the level")
        logger.warning("stock of %s is low", "cups")
        logger.error("no answer from the warehouse")
    finally:
        logger.removeHandler(handler)
