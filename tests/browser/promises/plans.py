"""What a reader sees of the decisions in a run: its plan, escalations, retries, approvals."""

from __future__ import annotations

from .row import Promise

__all__ = ["PROMISES"]

_LEAD, _REPLAN = "#/run/lead-77", "#/run/task-replans"

PROMISES = (
    Promise(
        "001 §3.7", "a plan is a bar above the timeline", _LEAD, ".plans .plan-goal", "Qualify and route lead"
    ),
    Promise("001 §3.7", "a completed step is green", _LEAD, ".step-completed .tone-good"),
    Promise("001 §11.1", "a failed step is red", _LEAD, ".step-failed .tone-bad"),
    Promise(
        "004 §11.2", "a step under way is blue", _REPLAN, ".plan:not(.superseded) .step-started .tone-busy"
    ),
    Promise(
        "004 §11.2", "a step not begun is grey", _REPLAN, ".plan:not(.superseded) .step-pending .tone-idle"
    ),
    Promise("001 §3.2", "a step may be skipped", _REPLAN, ".superseded .step-skipped"),
    Promise(
        "004 §11.2",
        "hovering a step shows its description",
        _LEAD,
        ".step[title*='Enrich with external data']",
    ),
    Promise("001 §3.2", "a step tells turns and tokens", _LEAD, ".step[title*='2 turns · 3200 tokens']"),
    Promise(
        "001 §3.7",
        "a plan node shows goal, steps and revision",
        _LEAD,
        ".detail",
        '"goal": "Qualify and route lead"',
        ".wf-row.kind-plan .wf-label",
    ),
    Promise(
        "001 §3.5",
        "a new plan becomes the plan",
        _REPLAN,
        ".plan:not(.superseded)",
        "Revised: Route to manual review",
    ),
    Promise(
        "001 §3.5",
        "earlier plans stay for the history",
        _REPLAN,
        ".plan.superseded",
        "Process and route incoming lead",
    ),
    Promise(
        "001 §4.7",
        "an escalation is an amber node with its summary",
        _LEAD,
        ".wf-row.kind-escalation:has(.fill-human)",
        "Lead score 0.12 — below threshold, needs manual review",
    ),
    Promise(
        "001 §4.4", "an escalation says who receives it", _LEAD, ".wf-row.kind-escalation", "senior-sales"
    ),
    Promise(
        "001 §7.6",
        "a retry node shows attempt and backoff",
        _LEAD,
        ".wf-row.kind-retry",
        "attempt 2, after 2 s: Enrichment API timeout",
    ),
    Promise(
        "004 §6.4",
        "the retry path is a branch between its attempts",
        by="test_promises.py::test_retries_stand_between_their_attempts",
    ),
    Promise(
        "004 §5.5",
        "an approval request is an amber node",
        "#/run/contract-9",
        ".wf-row.kind-approval:has(.fill-wait)",
        "support-lead",
    ),
    Promise(
        "004 §5.5",
        "an approval given is green",
        "#/run/mail-1",
        ".wf-row.kind-approval:has(.fill-good)",
        "jane@acme.com",
    ),
    Promise(
        "004 §5.5",
        "an approval refused is red",
        "#/run/mail-2",
        ".wf-row.kind-approval:has(.fill-bad)",
        "jane@acme.com",
    ),
)
