"""What a retry decided → catalogue events. Pure: plain values in, events out."""

from __future__ import annotations

from typing import Any

from hiveloop import events, payloads
from hiveloop.adapters import shorten

__all__ = ["escalated", "issue_reported", "issue_resolved", "recovered", "retry_started"]

_SUMMARY_CHARS = 512
_CATEGORY = "retries_exhausted"


def retry_started(
    action_id: str | None,
    function: str,
    attempt: int,
    reason: str,
    backoff_seconds: float,
    elapsed_seconds: float | None = None,
    idle_seconds: float | None = None,
    max_attempts: int | None = None,
    depth: int = 0,
    held_back: int = 0,
) -> events.RetryStarted:
    """``function`` is tried again in ``backoff_seconds``; ``attempt`` counts the coming try, the first one being 1.

    ``depth`` counts the retries around this one; ``held_back`` the retries of this call since the last one told.
    """
    data = _present(
        attempt=attempt,
        function=function,
        backoff_seconds=backoff_seconds,
        reason=reason,
        max_attempts=max_attempts,
        elapsed_seconds=elapsed_seconds,
        idle_seconds=idle_seconds,
        depth=depth or None,
        held_back=held_back or None,
    )
    summary = shorten(f"Attempt {attempt} of {function}", _SUMMARY_CHARS)
    return events.RetryStarted(action_id=action_id, payload=payloads.Retry(summary=summary, data=data))


def recovered(
    action_id: str | None, function: str, attempts: int, elapsed_seconds: float | None = None
) -> events.Custom:
    """``function`` succeeded, at its ``attempts``-th try."""
    data = _present(attempts=attempts, function=function, elapsed_seconds=elapsed_seconds)
    summary = shorten(f"{function} recovered at attempt {attempts}", _SUMMARY_CHARS)
    payload = payloads.Recovered(summary=summary, data=data, tags=["retry"])
    return events.Custom(action_id=action_id, payload=payload)


def issue_reported(
    action_id: str | None,
    issue_id: str,
    function: str,
    attempts: int,
    reason: str,
    occurrence_count: int,
    elapsed_seconds: float | None = None,
    fallback: bool = False,
) -> events.Custom:
    """``function`` gave up. With a ``fallback`` the caller got a value all the same, which is less severe."""
    context = _present(
        function=function,
        attempts=attempts,
        last_error=reason,
        elapsed_seconds=elapsed_seconds,
        fallback=fallback or None,
    )
    data = payloads.IssueData(
        severity="medium" if fallback else "high",
        action="reported",
        issue_id=issue_id,
        category=_CATEGORY,
        context=context,
        occurrence_count=occurrence_count,
    )
    summary = _gave_up(function, attempts, reason)
    return events.Custom(
        action_id=action_id, payload=payloads.Issue(summary=summary, data=data, tags=["issue", _CATEGORY])
    )


def issue_resolved(action_id: str | None, issue_id: str, function: str) -> events.Custom:
    """``function`` works again."""
    data = payloads.IssueData(severity="low", action="resolved", issue_id=issue_id)
    summary = shorten(f"{function} works again", _SUMMARY_CHARS)
    payload = payloads.Issue(summary=summary, data=data, tags=["issue"])
    return events.Custom(action_id=action_id, severity="info", payload=payload)


def escalated(
    action_id: str | None, function: str, attempts: int, reason: str, assigned_to: str | None = None
) -> events.Escalated:
    """``function`` gave up and somebody else has to look."""
    summary = _gave_up(function, attempts, reason)
    data = _present(assigned_to=assigned_to, reason=summary)
    return events.Escalated(action_id=action_id, payload=payloads.Escalation(summary=summary, data=data))


def _gave_up(function: str, attempts: int, reason: str) -> str:
    return shorten(f"{function} gave up after {attempts} attempts: {reason}", _SUMMARY_CHARS)


def _present(**data: Any) -> dict[str, Any]:
    return {key: value for key, value in data.items() if value is not None}
