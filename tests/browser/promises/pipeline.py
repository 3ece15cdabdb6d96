"""What a reader sees of what waits: issues, approvals, queues, to-dos, the schedule, retries."""

from __future__ import annotations

from .row import Promise

__all__ = ["PROMISES"]

_AT = "#/pipeline"


def _row(text: str) -> str:
    return f"tr:has-text('{text}')"


def _cell(text: str, head: str) -> str:
    return f"{_row(text)} td[data-head='{head}']"


_CRM, _JOB, _TODO = "CRM API returning 403", "Review contract draft", "Retry: Process lead TechNova"

PROMISES = (
    Promise("001 §5.9", "issues have severity", _AT, f"{_cell(_CRM, 'Severity')} .tone-bad", "critical"),
    Promise("001 §5.9", "issues have a category", _AT, _cell(_CRM, "Category"), "permissions"),
    Promise("001 §5.9", "issues count their occurrences", _AT, _cell(_CRM, "Times"), "3"),
    Promise("001 §5.9", "issues name their agent", _AT, _cell(_CRM, "Agent"), "crm-watch"),
    Promise(
        "001 §5.9", "a resolved issue leaves the list", by="test_promises.py::test_what_is_done_is_not_listed"
    ),
    Promise(
        "004 §13.5",
        "resolving by issue_id takes it off the page",
        by="test_promises_live.py::test_a_resolved_issue_takes_its_badge_away",
    ),
    Promise(
        "002 2c", "forwarded log records stand among the issues", _AT, _row("The cache is unreachable"), "log"
    ),
    Promise(
        "002 2c",
        "pending approvals are listed",
        _AT,
        _row("Approval needed for account credit"),
        "contract-bot",
    ),
    Promise(
        "002 2c",
        "an approval is answered on the page",
        by="test_answers.py::test_a_button_releases_the_program_that_waits",
    ),
    Promise("001 §6.6", "queue items have an id", _AT, _cell(_JOB, "Item"), "job-001"),
    Promise("001 §6.6", "queue items have a priority", _AT, _cell(_JOB, "Priority"), "high"),
    Promise("001 §6.6", "queue items have a source", _AT, _cell(_JOB, "Source"), "human"),
    Promise("001 §6.6", "queue items have an age", _AT, f"{_cell(_JOB, 'Waits')} :text-matches('^[2-9] m$')"),
    Promise(
        "001 §6.1",
        "the oldest item's age is told",
        _AT,
        "tr:has-text('Sending email') td[data-head='Oldest'] :text-matches('^[2-9] m$')",
    ),
    Promise("001 §6.1", "what is in hand is told", _AT, "td[data-head='In hand']", "Sending email"),
    Promise(
        "004 §13.6",
        "a depth without items says so",
        _AT,
        "tr:has-text('backlog') td[data-head='Next']",
        "items not told",
    ),
    Promise("004 §8.2", "active to-dos are listed", _AT, _cell(_TODO, "To-do"), _TODO),
    Promise("002 2c", "to-dos have a priority", _AT, _cell(_TODO, "Priority"), "high"),
    Promise("002 2c", "to-dos have a source and context", _AT, _row(_TODO), "error=timeout"),
    Promise("002 2c", "done to-dos leave the list", by="test_promises.py::test_what_is_done_is_not_listed"),
    Promise("004 §8.3", "scheduled work has an interval", _AT, _cell("Report generation", "Every"), "daily"),
    Promise(
        "004 §8.3", "scheduled work has its next run", _AT, _cell("Report generation", "Next run"), "in "
    ),
    Promise("002 2c", "scheduled work has its last run", _AT, _cell("CRM Sync", "Last run"), "ago"),
    Promise("002 2c", "scheduled work has its last result", _AT, _cell("CRM Sync", "Last result"), "success"),
    Promise(
        "002 2c",
        "the next run follows from the last one",
        _AT,
        f"{_cell('CRM Sync', 'Next run')} :text-matches('^~in [1-7] m$')",
    ),
    Promise("002 2c", "a job that did not run in time is marked", _AT, _row("Invoice export"), "overdue"),
    Promise("002 2c", "a job that is switched off says so", _AT, _row("Old import"), "off"),
    Promise(
        "002 tier 3",
        "retries are tracked",
        _AT,
        f"{_row('lead-77')}:has-text('Enrichment API timeout')",
        "router",
    ),
    Promise(
        "004 §6.4",
        "the time lost to retries is told",
        _AT,
        _cell("Enrichment API timeout", "Waited"),
        "4.0 s",
    ),
)
