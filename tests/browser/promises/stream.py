"""What a reader sees in the activity: every event, its filter, its sentence."""

from __future__ import annotations

from .row import Promise

__all__ = ["PROMISES"]


def _feed(kind: str, agent: str, said: str) -> tuple[str, str, str]:
    """Where the line of an event stands when its filter is on, and how it is recognised."""
    address = f"#/activity?form=feed&feed={kind}&agent={agent}"
    return address, ".feed-line", said


def _line(part: str, says: str, kind: str, agent: str, event: str, said: str) -> Promise:
    address, sign, text = _feed(kind, agent, said)
    return Promise(part, says, address, f"{sign}:has(.feed-type:text-is('{event}'))", text)


PROMISES = (
    _line(
        "000 §5.5",
        "action_started is in the stream",
        "action",
        "lead-qualifier",
        "action_started",
        "crm_search",
    ),
    _line(
        "000 §5.5",
        "action_completed is in the stream",
        "action",
        "lead-qualifier",
        "action_completed",
        "score_lead",
    ),
    _line(
        "001 §8.10",
        "action_failed is in the stream",
        "action",
        "crm-sync",
        "action_failed",
        "CRM API timeout",
    ),
    _line(
        "000 §5.5",
        "a line names agent and task",
        "action",
        "lead-qualifier",
        "action_started",
        "task-lead-4801",
    ),
    _line(
        "000 §5.5", "the error filter keeps failed tools", "error", "crm-sync", "action_failed", "crm_search"
    ),
    _line(
        "002 1", "task_started is in the stream", "task", "lead-qualifier", "task_started", "task-lead-4801"
    ),
    _line(
        "002 1",
        "task_completed is in the stream",
        "task",
        "lead-qualifier",
        "task_completed",
        "task-lead-4801",
    ),
    _line("002 1", "task_failed is in the stream", "task", "crm-sync", "task_failed", "PermissionError"),
    _line(
        "004 §11.1",
        "the llm filter shows every call",
        "llm",
        "lead-qualifier",
        "llm_call",
        "phase1_reasoning",
    ),
    _line(
        "004 §9.2", "calls outside a task are in the stream", "llm", "opaque", "llm_call", "heartbeat_summary"
    ),
    _line(
        "001 §3.7",
        "plan_created tells goal and step count",
        "all",
        "router",
        "plan_created",
        "planned 4 steps: Qualify and route lead",
    ),
    _line(
        "001 §3.7", "plan_step tells index and status", "all", "router", "plan_step", "completed plan step 2"
    ),
    _line("001 §4.7", "escalated is under the human filter", "human", "router", "escalated", "senior-sales"),
    _line(
        "004 §5.5",
        "approval requests are under the human filter",
        "human",
        "contract-bot",
        "approval_requested",
        "support-lead",
    ),
    _line(
        "004 §5.5",
        "approval decisions are under the human filter",
        "human",
        "mailer",
        "approval_received",
        "jane@acme.com",
    ),
    _line("001 §7.6", "retry_started tells the attempt", "action", "router", "retry_started", "attempt 2"),
    _line("001 §5.9", "an issue is in the stream", "pipeline", "crm-watch", "issue", "CRM API returning 403"),
    _line(
        "001 §5.9",
        "a resolved issue is in the stream",
        "pipeline",
        "crm-watch",
        "issue",
        "resolved: Enrichment data fresh again",
    ),
    Promise(
        "004 §11.4",
        "issue events carry a warning mark",
        "#/activity?form=feed&feed=pipeline&agent=crm-watch",
        ".feed-line:has-text('CRM API returning 403') .feed-mark.fill-bad",
    ),
    _line(
        "001 §6.6",
        "queue_snapshot is under the pipeline filter",
        "pipeline",
        "inbox",
        "queue_snapshot",
        "2 waiting",
    ),
    _line(
        "004 §8.2",
        "to-dos are under the pipeline filter",
        "pipeline",
        "follow-up",
        "todo",
        "Retry: Process lead TechNova",
    ),
    _line(
        "004 §8.3",
        "schedules are under the pipeline filter",
        "pipeline",
        "timer",
        "scheduled",
        "5 scheduled items",
    ),
    _line(
        "002 3",
        "learning is told",
        "all",
        "thinker",
        "learning",
        "Selected search_contacts instead of search_deals",
    ),
    _line(
        "002 3",
        "context compaction is told",
        "all",
        "thinker",
        "context_compaction",
        "180,000 to 60,000 tokens",
    ),
    _line("002 3", "error context is told", "all", "thinker", "error_context", "HTTPError"),
    _line("002 3", "a model switch is told", "all", "thinker", "runtime", "from opus to haiku"),
    _line("002 3", "memory operations are told", "all", "thinker", "memory_op", "vector_db"),
    _line("002 3", "configuration snapshots are told", "all", "thinker", "config_snapshot", "haiku"),
    _line("002 4", "anomalies are told", "all", "thinker", "anomaly", "3x with same args"),
    _line("002 4", "prompt composition is told", "all", "thinker", "prompt_composition", "72 %"),
    _line("002 4", "state changes are told by key", "all", "thinker", "state_mutation", "leads, scores"),
    Promise(
        "004 §13.7",
        "events stand under their filters",
        by="test_views.py::test_the_feed_tells_sentences_and_filters",
    ),
    Promise("002 §0", "events arrive as they happen", by="test_live.py::test_the_fleet_and_the_feed_follow"),
    Promise(
        "002 2b",
        "a click on a line leads to its node",
        "#/activity?feed=action&agent=crm-sync",
        ".detail",
        "CRM API timeout",
        ".feed-text:has-text('failed crm_search') a",
    ),
)
