"""Agents that run tasks, with the calls the manual shows: turns, nested tools, failures, retries, plans, escalations."""

from __future__ import annotations

import contextlib
import json

import hiveloop
from hiveloop import tool_payload

__all__ = ["escalating_lead", "failing_crm", "nested_steps", "opaque_calls", "replanning", "turn_by_turn"]

SONNET, HAIKU = "claude-sonnet-4-5-20250929", "claude-haiku-4-5-20251001"
STEPS = [
    "Search CRM for existing record",
    "Score lead against criteria",
    "Enrich with external data",
    "Route to sales rep",
]


def turn_by_turn() -> None:
    """Reason, act, reason, act: LLM calls of two models, tools with payloads, and a turn without tools."""
    agent = hiveloop.agent("lead-qualifier", type="sales", framework="loopcore", version="claude-sonnet-4-5")
    with agent.task("task-lead-4801", project="sales-pipeline", type="lead_processing") as task:
        task.llm_call(
            "phase1_reasoning",
            model=SONNET,
            tokens_in=1500,
            tokens_out=200,
            cost=0.0075,
            duration_ms=3100,
            prompt_preview="Which tools are needed for Acme Corp?",
            response_preview='{"tools": ["crm_search", "score_lead"]}',
            metadata={"temperature": 0.7, "turn_number": 1, "stop_reason": "tool_use"},
        )
        with agent.track_context("crm_search") as ctx:
            ctx.set_payload(
                tool_payload(
                    args={"query": "Acme Corp", "fields": "name,email,phone"},
                    result=json.dumps({"name": "Acme Corp", "email": "jane@acme.com"}),
                    success=True,
                    tool_category="crm",
                    http_status=200,
                )
            )
        with agent.track_context("score_lead"):
            pass
        task.llm_call("phase2_tool_use", model=SONNET, tokens_in=2100, tokens_out=80, cost=0.0081)
        with agent.track_context("send_email") as ctx:
            ctx.set_payload({"result_preview": "sent", "source": "agent_decision"})
        task.llm_call("summarize", model=HAIKU, tokens_in=300, tokens_out=60, cost=0.0004)


def failing_crm() -> None:
    """A tool that raises: once the agent goes on, once the task fails with it; and a tool that returns its error."""
    agent = hiveloop.agent("crm-sync", type="crm")
    with agent.task("task-goes-on", project="sales-pipeline"):
        with contextlib.suppress(ConnectionError), agent.track_context("crm_search"):
            raise ConnectionError("CRM API timeout after 5000ms")
        with agent.track_context("crm_search_attempt_2") as ctx:
            ctx.set_payload({"attempt": 2, "success": True})
    with (
        contextlib.suppress(PermissionError),
        agent.task("task-breaks", project="sales-pipeline", type="webhook"),
        agent.track_context("update_crm"),
    ):
        raise PermissionError("403 for workspace queries")
    task = agent.start_task("task-by-hand", project="sales-pipeline", type="webhook")
    with agent.track_context("fetch_record") as ctx:
        ctx.set_payload({"success": False, "error": "404 Not Found"})
    task.fail(exception=LookupError("no such record"))


def nested_steps() -> None:
    """A decorated function with a tool inside, a tool that calls tools, and a task with set data at its end."""
    agent = hiveloop.agent("nester", type="research")

    @agent.track("step1")
    def score() -> None:
        with agent.track_context("llm_inference") as ctx:
            ctx.set_payload({"score": 80})

    with agent.task("task-123", project="research") as task:
        score()
        with agent.track_context("process_lead"):
            with agent.track_context("enrich_company"):
                pass
            with agent.track_context("route_lead"):
                pass
        task.set_payload({"leads": 1})


def escalating_lead() -> None:
    """The complete example of the operational events: plan, tools, three attempts, an issue, an escalation."""
    agent = hiveloop.agent("router", type="sales", queue_provider=lambda: {"depth": 3}, heartbeat_interval=1)
    with agent.task("lead-77", project="sales-pipeline", type="lead_processing") as task:
        task.plan("Qualify and route lead", STEPS)
        for index, name in enumerate(("search_crm", "score_lead")):
            task.plan_step(index, "started", f"Begin {name}")
            with agent.track_context(name):
                pass
            task.plan_step(index, "completed", f"Did {name}", turns=2, tokens=3200)
        task.plan_step(2, "started", "Enriching lead data")
        for attempt in (1, 2, 3):
            with contextlib.suppress(TimeoutError), agent.track_context("enrich_lead"):
                raise TimeoutError("clearbit did not answer")
            if attempt < 3:
                task.retry("Enrichment API timeout", attempt=attempt, backoff_seconds=2.0)
        task.plan_step(2, "failed", "Enrichment failed after 3 attempts")
        agent.report_issue(
            summary="Enrichment API consistently timing out",
            severity="high",
            issue_id="enrichment-timeout",
            category="connectivity",
            context={"api": "clearbit", "timeout_ms": 5000},
            occurrence_count=3,
        )
        task.plan_step(3, "started", "Routing lead")
        task.escalate(
            "Lead score 0.12 — below threshold, needs manual review",
            assigned_to="senior-sales",
        )


def replanning() -> None:
    """The first plan fails at its third step, a second one follows; its first step is under way."""
    agent = hiveloop.agent("planner", type="ops")
    task = agent.start_task("task-replans", project="sales-pipeline", type="human")
    task.plan("Process and route incoming lead", STEPS)
    task.plan_step(0, "completed", "Found existing CRM record", turns=2, tokens=3200)
    task.plan_step(1, "skipped", "Scored before")
    task.plan_step(2, "failed", "Email API returned 403")
    task.plan("Revised: Route to manual review", ["Notify manager", "Queue for review"], revision=1)
    task.plan_step(0, "started", "Notifying manager")


def opaque_calls() -> None:
    """Calls without tokens, without a price, and outside of any task."""
    agent = hiveloop.agent("opaque", type="maintenance")
    with agent.task("task-opaque", project="research", type="heartbeat") as task:
        task.llm_call("reasoning", model="in-house-model")
    agent.llm_call("heartbeat_summary", model=HAIKU, tokens_in=900, tokens_out=50, cost=0.0011)
