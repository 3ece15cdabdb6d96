"""What an answer of the collector means for the batch it is about."""

from __future__ import annotations

import time

import msgspec

__all__ = ["Answer", "Verdict", "read_answer", "retry_after_of"]

MAX_RETRY_AFTER_SECONDS = 300.0
#: What reading a body can raise when it is not what a collector writes.
_NOT_A_COLLECTORS = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)


class Verdict:
    """What to do with a batch after an answer. Plain strings, so they read well in logs and tests."""

    DELIVERED = "delivered"  # stored, but for ``rejected`` events
    SPLIT = "split"  # too large, or refused because of some event in it: halve and try again
    REFUSED = "refused"  # key or address is wrong: keep, say so once, try again later
    RETRY = "retry"  # the collector is away or busy: keep, back off


class Answer(msgspec.Struct, frozen=True):
    """The meaning of one answer.

    ``rejected`` events were not stored; ``reasons`` is ``{event_id: reason}`` as far as the collector named them.
    ``retry_after_seconds`` is what the collector asked for; ``status`` is 0 where no answer came.
    """

    verdict: str
    reason: str
    rejected: int = 0
    reasons: dict[str, str] = {}
    retry_after_seconds: float | None = None
    status: int = 0


def read_answer(status: int, retry_after: str | None, content: bytes, count: int) -> Answer:
    """The meaning of this status, ``Retry-After`` header and body for a batch of ``count`` events."""
    if status in (200, 201, 202, 207):
        return _stored(status, content, count)
    if status in (400, 413, 422):
        return Answer(Verdict.SPLIT, f"HTTP {status}: {_message(content)}", status=status)
    if status in (408, 425, 429) or status >= 500:
        seconds = retry_after_of(retry_after, content)
        return Answer(Verdict.RETRY, f"HTTP {status}", retry_after_seconds=seconds, status=status)
    if 300 <= status < 400:
        reason = "the endpoint redirects; set endpoint to the collector itself"
    elif status in (401, 403):
        reason = "the collector does not take this api_key"
    else:
        reason = "this does not look like a collector"
    return Answer(Verdict.REFUSED, f"HTTP {status}: {reason}", status=status)


def _stored(status: int, content: bytes, count: int) -> Answer:
    """A 2xx counts only when its body is complete and accounts for every event; otherwise the batch is sent again."""
    try:
        body = msgspec.json.decode(content)
        accepted, rejected = int(body["accepted"]), int(body["rejected"])
        reasons = {
            str(item["event_id"]): f"{item.get('error')}: {item.get('message')}"[:500]
            for item in body.get("errors") or []
            if isinstance(item, dict) and item.get("event_id")
        }
    except _NOT_A_COLLECTORS:
        return Answer(Verdict.RETRY, "the answer to a batch was not the collector's", status=status)
    if accepted < 0 or rejected < 0 or accepted + rejected != count:
        return Answer(Verdict.RETRY, "the answer did not account for every event of the batch", status=status)
    return Answer(
        Verdict.DELIVERED, "stored", rejected=rejected, reasons=reasons if rejected else {}, status=status
    )


def _message(content: bytes) -> str:
    try:
        body = msgspec.json.decode(content)
        text = str(body.get("message") or body.get("error"))
    except _NOT_A_COLLECTORS:
        text = content[:100].decode("utf-8", "replace")
    return " ".join(text[:300].split())  # it goes into one line of a log


def retry_after_of(header: str | None, content: bytes) -> float | None:
    """Seconds from the header (a number or an HTTP date) or from the body's ``details``; capped at five minutes."""
    seconds = None if header is None else _header_seconds(header.strip())
    if seconds is None:
        try:
            seconds = float(msgspec.json.decode(content)["details"]["retry_after_seconds"])
        except _NOT_A_COLLECTORS:
            return None
    return None if seconds != seconds else min(max(seconds, 0.0), MAX_RETRY_AFTER_SECONDS)


def _header_seconds(header: str) -> float | None:
    try:
        return float(header)
    except ValueError:
        import email.utils

        try:
            return email.utils.parsedate_to_datetime(header).timestamp() - time.time()
        except (TypeError, ValueError, OverflowError, OSError, IndexError):
            return None
