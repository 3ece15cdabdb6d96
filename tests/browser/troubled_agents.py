"""Agents that need somebody: one failed, the other waits for an approval."""

from __future__ import annotations

from datetime import datetime

from .story import Story


def invoice_extractor(now: datetime) -> Story:
    """Its last task failed, deep in a call tree, after two retries; it also told of a lasting problem."""
    story = Story(
        "invoice-extractor",
        now,
        2,
        agent_type="finance",
        agent_version="0.9.4",
        framework="langchain",
        runtime="python-3.12.1",
        sdk_version="hiveloop-1.0.0",
    )
    story.register(-3000)
    for number in range(9):
        story.start(f"invoice-2024-{117 + number}", -2900 + number * 290, "finance", "extract")
        with story.action("read_pdf", 1.3):
            story.llm("extract_fields", "gpt-4o", (3200 + number * 140, 310), 3.4)
        story.complete()
    story.start("invoice-2024-126", -210, "finance", "extract")
    try:
        with story.action("extract_invoice", 0.1, raises="ERPUnavailableError"):
            with story.action("read_pdf", 1.1, pages=3):
                story.at += 0.3
            story.llm(
                "extract_fields",
                "gpt-4o",
                (4180, 365),
                3.9,
                prompt_preview="Extract the fields of this invoice as JSON.\n\nINVOICE 2024-126\nTotal: 4.310,20 EUR",
                response_preview='{"number": "2024-126", "total": 4310.2, "currency": "EUR"}',
                metadata={"stop_reason": "stop", "cached_tokens": 1024},
            )
            for attempt in (1, 2, 3):
                try:
                    with story.action("post_to_erp", 1.7, raises="HTTPStatusError"):
                        raise RuntimeError(
                            "Server error '503 Service Unavailable' for url 'https://erp.example/api/v2/invoices'"
                        )
                except RuntimeError as error:
                    if attempt == 3:
                        raise RuntimeError(
                            "ERP did not accept invoice 2024-126 after 3 attempts: 503 Service Unavailable"
                        ) from error
                    story.emit(
                        "retry_started",
                        {
                            "summary": "post_to_erp again",
                            "data": {
                                "attempt": attempt + 1,
                                "backoff_seconds": 2**attempt,
                                "reason": "503 Service Unavailable",
                                "max_attempts": 3,
                            },
                        },
                    )
                    story.at += 2**attempt
    except RuntimeError as error:
        for _ in range(3):
            story.custom(
                "issue",
                "ERP answers 503 on /api/v2/invoices",
                {
                    "severity": "high",
                    "action": "reported",
                    "issue_id": "erp-503",
                    "category": "connectivity",
                    "context": {"host": "erp.example"},
                },
                severity="error",
            )
            story.at += 0.2
        story.fail("ERPUnavailableError", str(error))
    story.custom(
        "todo",
        "Resend invoice 2024-126 when the ERP is back",
        {"todo_id": "resend-126", "action": "created", "priority": "high", "source": "failed_action"},
    )
    story.custom("queue_snapshot", "Queue: 11 items", {"depth": 11, "oldest_age_seconds": 1260})
    story.heartbeat(-8)
    return story


def support_triage(now: datetime) -> Story:
    """Waits for a person to approve a refund."""
    story = Story(
        "support-triage",
        now,
        3,
        agent_type="support",
        agent_version="2.0.1",
        framework="custom",
        runtime="python-3.11.7",
        sdk_version="hiveloop-0.1.2",
    )
    story.register(-3300)
    for number in range(14):
        story.start(f"ticket-{88100 + number}", -3200 + number * 200, "support", "triage")
        story.llm("classify", "claude-haiku-4-5", (640, 24), 0.7)
        with story.action("draft_reply", 0.3):
            story.llm("draft", "claude-sonnet-4-5", (2100, 260), 3.3, cost=0.0102)
        if number % 5 == 4:
            story.emit(
                "escalated",
                {
                    "summary": "Customer asks for a manager",
                    "data": {"assigned_to": "tier-2", "reason": "sentiment"},
                },
            )
        story.complete()
    story.start("ticket-88114", -372, "support", "refund")
    story.llm("classify", "claude-haiku-4-5", (702, 31), 0.8)
    with story.action("check_policy", 0.5):
        story.at += 0.2
    story.emit(
        "escalated",
        {
            "summary": "Refund above the automatic limit",
            "data": {"assigned_to": "billing", "reason": "amount over 100 EUR"},
        },
    )
    story.emit(
        "approval_requested",
        {
            "summary": "Refund 240 EUR to order 5512?",
            "data": {
                "approver": "billing-lead",
                "reason": "above the automatic limit of 100 EUR",
                "approval_id": "ap-5512",
            },
        },
    )
    story.custom(
        "todo",
        "Answer the three oldest tickets by hand",
        {"todo_id": "t-1", "action": "created", "priority": "medium", "source": "agent"},
    )
    story.custom(
        "issue",
        "Sentiment model answers slowly",
        {"severity": "medium", "action": "reported", "category": "performance"},
    )
    story.heartbeat(-12)
    return story
