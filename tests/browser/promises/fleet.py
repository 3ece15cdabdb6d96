"""What a reader sees of the fleet: cards, badges, ribbon, the page of an agent."""

from __future__ import annotations

from .row import Promise

__all__ = ["PROMISES"]


def _card(agent: str) -> str:
    return f".card:has(.card-name:text-is('{agent}'))"


_LIVE, _FLEET = "test_promises_live.py", "test_fleet.py"

PROMISES = (
    Promise("002 0", "agents have cards", "#/fleet", _card("lead-qualifier")),
    Promise(
        "002 0", "an agent at rest is idle", "#/fleet", f"{_card('lead-qualifier')} .card-status", "Idle"
    ),
    Promise(
        "002 0",
        "a heartbeat and its age stand on the card",
        "#/fleet",
        f"{_card('lead-qualifier')} .beat",
        "ago",
    ),
    Promise("002 0", "the connection is said to be live", "#/fleet", ".live.tone-good", "Live"),
    Promise("002 0", "a silent agent is stuck", by=f"{_FLEET}::test_cards_stand_in_order_of_urgency"),
    Promise(
        "002 0",
        "a page without agents turns live at the first heartbeat",
        by="test_first_run.py::test_the_page_turns_live_at_the_first_heartbeat",
    ),
    Promise(
        "002 1", "an agent at work says PROCESSING and its task", "#/fleet", _card("planner"), "task-replans"
    ),
    Promise(
        "002 1", "the card tells how long the task runs", by=f"{_FLEET}::test_ages_advance_by_themselves"
    ),
    Promise(
        "002 1",
        "the ribbon counts what is processing",
        "#/fleet",
        ".ribbon-cell:has-text('Processing') .ribbon-value",
        "1",
    ),
    Promise(
        "002 1",
        "the ribbon tells the success rate",
        "#/fleet",
        ".ribbon-cell:has-text('Success') .ribbon-value",
        "%",
    ),
    Promise(
        "002 1", "the ribbon counts errors", "#/fleet", ".ribbon-cell:has-text('In error') .ribbon-value", "1"
    ),
    Promise("002 1", "average duration is told", "#/wall", ".wall-cell:has-text('Average run') .wall-value"),
    Promise(
        "002 2a",
        "the cost of the hour is told",
        "#/fleet",
        ".ribbon-cell:has-text('Cost') .ribbon-value",
        "$0.0",
    ),
    Promise("004 §11.1", "a chart shows cost", "#/fleet", ".trend:has-text('Cost') svg"),
    Promise(
        "004 §5.5",
        "an agent with an open approval is waiting, in amber",
        "#/fleet",
        f"{_card('contract-bot')} .card-status.tone-wait",
        "Waiting",
    ),
    Promise(
        "004 §11.3",
        "the ribbon counts who waits",
        "#/fleet",
        ".ribbon-cell.tone-wait:has-text('Waiting') .ribbon-value",
        "1",
    ),
    Promise(
        "004 §5.5",
        "after the answer the agent goes on",
        by=f"{_LIVE}::test_an_answer_sends_the_agent_back_to_work",
    ),
    Promise("001 §5.9", "an issue is a red badge", "#/fleet", f"{_card('crm-watch')} .badge.tone-bad", "1"),
    Promise(
        "001 §5.9",
        "a resolved issue takes the badge away",
        by=f"{_LIVE}::test_a_resolved_issue_takes_its_badge_away",
    ),
    Promise(
        "001 §4.7",
        "an escalation does not block the agent",
        "#/fleet",
        f"{_card('router')} .card-status",
        "Idle",
    ),
    Promise(
        "001 §6.6",
        "the queue is a badge",
        "#/fleet",
        f"{_card('inbox')} .badge[title*='waiting in the queue']",
        "Q 2",
    ),
    Promise(
        "001 §6.6", "a queue beyond five is amber", "#/fleet", f"{_card('backlog')} .badge.tone-wait", "Q 8"
    ),
    Promise(
        "001 §11.4",
        "queue_provider fills the badge at a heartbeat",
        "#/fleet",
        f"{_card('router')} .badge",
        "Q 3",
    ),
    Promise(
        "001 §11.4",
        "a longer queue shows at the next heartbeat",
        by=f"{_LIVE}::test_a_growing_queue_shows_at_the_next_heartbeat",
    ),
    Promise(
        "002 2c",
        "forwarded log records are issues",
        "#/fleet",
        f"{_card('log-forwarder')} .badge.tone-bad",
        "1",
    ),
    Promise("002 0", "heartbeat payloads are drawn", "#/agent/thinker", ".beat-series", "uptime_seconds"),
    Promise("002 0", "texts of heartbeats are told", "#/agent/thinker", ".beat-facts", "sonnet"),
    Promise(
        "004 §7.5",
        "the page of an agent lists its issues",
        "#/agent/crm-watch",
        ".panel",
        "CRM API returning 403",
    ),
    Promise(
        "001 §6.6", "the page of an agent lists its queue", "#/agent/inbox", ".panel", "Review contract draft"
    ),
    Promise("002 2c", "the page of an agent has its schedule", "#/agent/timer", ".panel", "CRM Sync"),
)
