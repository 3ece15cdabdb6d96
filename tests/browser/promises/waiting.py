"""Agents around which something waits, with the calls the manual shows: approvals, issues, queues, to-dos, schedules."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import hiveloop
from hiveloop.contrib.log_handler import HiveBoardLogHandler

__all__ = [
    "answered_approvals",
    "asking",
    "insightful",
    "issues",
    "logging_agent",
    "queues",
    "schedules",
    "todos",
]


def moment(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def asking() -> None:
    """An approval that nobody has answered."""
    agent = hiveloop.agent("contract-bot", type="legal")
    task = agent.start_task("contract-9", project="legal", type="human")
    task.request_approval(
        "Approval needed for account credit",
        approver="support-lead",
        reason="Contract emails require human review",
    )


def answered_approvals() -> None:
    """One approved, one rejected."""
    agent = hiveloop.agent("mailer", type="legal")
    for name, decision in (("mail-1", "approved"), ("mail-2", "rejected")):
        with agent.task(name, project="legal", type="human") as task:
            task.request_approval(f"Send {name}?", approver="ops-queue")
            task.approval_received(
                f"{name} {decision} by operator", approved_by="jane@acme.com", decision=decision
            )


def issues() -> None:
    """One reported and open, one reported and resolved."""
    agent = hiveloop.agent("crm-watch", type="crm")
    agent.report_issue(
        summary="CRM API returning 403 for workspace queries",
        severity="critical",
        issue_id="crm-403",
        category="permissions",
        context={"api": "salesforce", "error_code": 403},
        occurrence_count=3,
    )
    agent.report_issue(
        summary="Enrichment data stale", severity="medium", issue_id="stale", category="data_quality"
    )
    agent.resolve_issue("Enrichment data fresh again", issue_id="stale")


def logging_agent() -> None:
    """Warnings and errors of a logger as issues."""
    agent = hiveloop.agent("log-forwarder", type="api")
    logger, handler = logging.getLogger("manual.my_app"), HiveBoardLogHandler(agent)
    logger.addHandler(handler)
    try:
        logger.error("The cache is unreachable")
    finally:
        logger.removeHandler(handler)


def queues() -> None:
    """A queue with items and one in hand; a long one told by its depth alone."""
    hiveloop.agent("inbox", type="processor").queue_snapshot(
        depth=2,
        oldest_age_seconds=120,
        items=[
            {
                "id": "job-001",
                "priority": "high",
                "source": "human",
                "summary": "Review contract draft",
                "queued_at": moment(-120),
            },
            {
                "id": "job-002",
                "priority": "normal",
                "source": "webhook",
                "summary": "Process CRM update",
                "queued_at": moment(-60),
            },
        ],
        processing={
            "id": "job-003",
            "summary": "Sending email",
            "started_at": moment(-30),
            "elapsed_ms": 4500,
        },
    )
    hiveloop.agent("backlog", type="processor").queue_snapshot(depth=8)


def todos() -> None:
    """Two open, one completed, one dismissed."""
    agent = hiveloop.agent("follow-up", type="sales")
    agent.todo(
        "td_001",
        "created",
        "Retry: Process lead TechNova",
        priority="high",
        source="failed_run",
        context="error=timeout",
    )
    agent.todo("td_002", "deferred", "Ask for the tax number", priority="low")
    for done in ("completed", "dismissed"):
        agent.todo(f"td_{done}", "created", f"Was {done}")
        agent.todo(f"td_{done}", done, f"Was {done}")


def schedules() -> None:
    """Recurring work: with its next run told, with its last run and interval alone, overdue, and switched off."""
    agent = hiveloop.agent("timer", type="ops")
    items: list[dict[str, Any]] = [
        {
            "id": "hb_crm_sync",
            "name": "CRM Sync",
            "interval": "10m",
            "enabled": True,
            "last_status": "success",
        },
        {"id": "hb_email", "name": "Email Check", "interval": "15m", "enabled": True, "last_status": None},
        {"name": "Report generation", "next_run": moment(7200), "interval": "daily", "status": "active"},
        {
            "id": "late",
            "name": "Invoice export",
            "next_run": moment(-3600),
            "interval": "1h",
            "enabled": True,
        },
        {"id": "off", "name": "Old import", "interval": "1h", "enabled": False, "last_status": "failed"},
    ]
    items[0]["last_run"] = moment(-120)
    items[3]["last_run"] = moment(-7200)
    agent.scheduled(items=items)


def insightful() -> None:
    """The events of the advanced layers: compaction, learning, composition, an anomaly, memory, configuration."""
    agent = hiveloop.agent(
        "thinker",
        type="sales",
        version="2.0.0",
        heartbeat_interval=1,
        heartbeat_payload=lambda: {"uptime_seconds": 4210, "total_cost_usd": 1.25, "current_model": "sonnet"},
    )
    agent.event(
        "custom", payload={"kind": "runtime", "data": {"event": "agent_started", "config": {"max_turns": 9}}}
    )
    agent.event(
        "custom",
        payload={
            "kind": "runtime",
            "data": {
                "event": "model_switched",
                "from_model": "opus",
                "to_model": "haiku",
                "reason": "rate_limit",
            },
        },
    )
    agent.event("custom", payload={"kind": "config_snapshot", "data": {"model": "haiku", "temperature": 0.2}})
    usage = {
        "turn_number": 2,
        "cache_read_input_tokens": 600,
        "cache_creation_input_tokens": 100,
        "stop_reason": "max_tokens",
        "context_window_size": 200_000,
        "context_utilization_pct": 71.5,
        "system_prompt_tokens": 400,
        "history_tokens": 900,
        "tool_results_tokens": 200,
    }
    with agent.task("task-thinks", project="research", type="api") as task:
        task.llm_call("agent_turn", model="gpt-4o", tokens_in=1500, tokens_out=100, cost=0.01, metadata=usage)
        for kind, data in _LAYERS.items():
            task.event("custom", payload={"kind": kind, "data": data})


_LAYERS: dict[str, dict[str, Any]] = {
    "learning": {
        "trigger": "reflection",
        "category": "tool_selection",
        "description": "Selected search_contacts instead of search_deals",
        "correction_applied": True,
    },
    "context_compaction": {
        "tokens_before": 180_000,
        "tokens_after": 60_000,
        "tokens_removed": 120_000,
        "method": "summary",
    },
    "error_context": {
        "error_type": "HTTPError",
        "error_message": "rate limited",
        "api_name": "crm",
        "status_code": 429,
    },
    "memory_op": {"operation": "search", "store": "vector_db", "key_or_query": "acme", "result_count": 4},
    "anomaly": {"detector": "cycle", "message": "Agent called search_contacts 3x with same args"},
    "prompt_composition": {
        "system_prompt_tokens": 400,
        "history_tokens": 900,
        "largest_component": "history",
        "context_utilization_pct": 71.5,
    },
    "state_mutation": {"mutation_number": 1, "keys_changed": ["leads", "scores"], "state_size": 5},
}
