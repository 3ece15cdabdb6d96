"""One scene per payload kind that the integration guide names: by the SDK's own methods, else by its `event`."""

from __future__ import annotations

from typing import Any

from tests.wire.stage import Stage

PREFIX = "kind"


def llm_call(stage: Stage) -> None:
    task = stage.task()
    with stage.agent.track_context("answer"):
        stage.forget()
        task.llm_call(
            "draft_reply",
            model="claude-sonnet-4-20250514",
            tokens_in=1_200,
            tokens_out=350,
            cost=0.00885,
            duration_ms=1_480,
            prompt_preview="Write a friendly reply about order 42.",
            response_preview="Dear customer, …",
            metadata={"temperature": 0.2, "cache_read_tokens": 800},
        )
    stage.agent.llm_call("classify", "gpt-4o-mini", tokens_in=90, tokens_out=4)


def plan_created(stage: Stage) -> None:
    task = stage.task()
    task.plan("Refund order 42", ["Look it up", "Check the limit", "Refund"])
    task.plan("Refund order 42", ["Ask the team lead", "Refund"], revision=1)


def plan_step(stage: Stage) -> None:
    task = stage.task()
    task.plan("Refund order 42", ["Look it up", "Refund"])
    stage.forget()
    task.plan_step(0, "started", "Looking it up")
    task.plan_step(0, "completed", "Found", turns=2, tokens=3_200)
    task.plan_step(1, "failed", "Card declined", total_steps=2, plan_revision=0)
    task.plan_step(1, "skipped", "Not needed")


def issue(stage: Stage) -> None:
    stage.agent.report_issue(
        "The card service answers slowly",
        "high",
        issue_id="card-slow",
        category="latency",
        context={"p95_ms": 4_100},
        occurrence_count=3,
    )
    stage.agent.resolve_issue("The card service is fast again", issue_id="card-slow")


def todo(stage: Stage) -> None:
    stage.agent.todo(
        "todo-1",
        "created",
        "Call the customer",
        priority="high",
        source="refund",
        context="asked for a call",
        due_by="2026-01-02T09:00:00Z",
    )
    for action in ("completed", "failed", "dismissed", "deferred"):
        stage.agent.todo("todo-1", action, f"Call the customer: {action}")


def scheduled(stage: Stage) -> None:
    stage.agent.scheduled(
        [
            {
                "id": "nightly",
                "name": "Nightly report",
                "next_run": "2026-01-02T03:00:00Z",
                "interval": "1d",
                "enabled": True,
                "last_status": "success",
            },
            {"name": "Stock check", "next_run": "2026-01-01T01:00:00Z", "interval": "1h", "status": "active"},
        ]
    )


def queue_snapshot(stage: Stage) -> None:
    item = {
        "id": "q-1",
        "priority": "high",
        "source": "mail",
        "summary": "Order 43",
        "queued_at": "2026-01-01T00:00:00Z",
    }
    processing = {
        "id": "q-0",
        "summary": "Order 42",
        "started_at": "2026-01-01T00:00:00Z",
        "elapsed_ms": 1_200,
    }
    stage.agent.queue_snapshot(2, oldest_age_seconds=30, items=[item], processing=processing)
    stage.agent.queue_snapshot(depth=0)


def learning(stage: Stage) -> None:
    _tell(
        stage,
        "learning",
        trigger="reflection",
        category="tool_selection",
        description="search_orders fits better than search_mail",
        correction_applied=True,
        turn_number=4,
    )


def context_compaction(stage: Stage) -> None:
    _tell(
        stage,
        "context_compaction",
        tokens_before=90_000,
        tokens_after=30_000,
        tokens_removed=60_000,
        compression_ratio=0.33,
        method="summary",
        turn_number=12,
        messages_removed=40,
    )


def error_context(stage: Stage) -> None:
    _tell(
        stage,
        "error_context",
        error_type="HTTPError",
        error_message="402 Payment Required",
        api_name="cards",
        status_code=402,
        response_body="declined",
        retry_eligible=False,
        turn_number=3,
        action_name="refund_card",
    )


def runtime(stage: Stage) -> None:
    _tell(
        stage,
        "runtime",
        event="model_switched",
        from_model="claude-opus-4",
        to_model="claude-sonnet-4",
        reason="rate_limit",
    )


def memory_op(stage: Stage) -> None:
    _tell(
        stage,
        "memory_op",
        operation="search",
        store="vector_db",
        key_or_query="order 42",
        result_count=3,
        latency_ms=12,
    )


def config_snapshot(stage: Stage) -> None:
    _tell(
        stage,
        "config_snapshot",
        model="claude-sonnet-4",
        temperature=0.2,
        max_turns=12,
        max_tokens=4_096,
        tools=["lookup_order", "refund_card"],
        system_prompt_hash="9f86d081",
        system_prompt_tokens=640,
        version="2.3.1",
    )


def reflection(stage: Stage) -> None:
    _tell(stage, "reflection", progress="on track", confidence=0.8, turn_number=5)


def anomaly(stage: Stage) -> None:
    _tell(
        stage,
        "anomaly",
        detector="cycle",
        tool_name="lookup_order",
        args_hash="5eb63bbb",
        cycle_length=3,
        turn_number=7,
        message="lookup_order three times with the same arguments",
    )


def prompt_composition(stage: Stage) -> None:
    _tell(
        stage,
        "prompt_composition",
        system_prompt_tokens=640,
        history_tokens=9_000,
        tool_results_tokens=30_000,
        total_input_tokens=39_640,
        context_utilization_pct=19.8,
        largest_component="tools",
        turn_number=6,
    )


def state_mutation(stage: Stage) -> None:
    _tell(
        stage,
        "state_mutation",
        mutation_number=1,
        turn_number=2,
        keys_changed=["order"],
        changes={"order": {"action": "added", "old_type": None, "new_type": "dict"}},
        state_size=1,
    )


def _tell(stage: Stage, kind: str, **data: Any) -> None:
    """As the integration guide writes it, inside a task and outside."""
    stage.task().event("custom", payload={"kind": kind, "data": data})
    stage.agent.event(
        "custom", payload={"kind": kind, "summary": f"Agent: {kind}", "data": data, "tags": [kind]}
    )
