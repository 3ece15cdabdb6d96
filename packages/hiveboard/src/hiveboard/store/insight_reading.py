"""What one event says that insights count: why it failed, what filled a prompt, how long a run took, in few words."""

from __future__ import annotations

import math
import re
from typing import Any

from .records import EventRecord
from .values import count_of, dict_of, number_of, text_in

__all__ = [
    "MAX_CALL_NAME",
    "TIGHT_PCT",
    "call_traits",
    "credential_status",
    "duration_of_step",
    "duration_step",
    "failure_reason",
    "turn_of_step",
    "turn_step",
    "waited_ms",
]

#: From this share of its context window on a prompt counts as tight.
TIGHT_PCT = 80
_STEPS_PER_OCTAVE = 4
MAX_CALL_NAME = 128
_MAX_REASON = 64
_MAX_TOKENS = 1_000_000_000
_MAX_WAIT_SECONDS = 30 * 86_400
_CUT_OFF = frozenset({"length", "max_tokens", "max_output_tokens", "model_length", "max_completion_tokens"})
_ERROR_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{2,63}(?=:|$|\()")
_STATUS = re.compile(r"(?<![\w.])(4\d\d|5\d\d)(?![\w.]\d|\w)")
_REFUSED = re.compile(
    r"\b(unauthori[sz]ed|invalid api key|incorrect api key|invalid credentials|authenticationerror|token expired)\b",
    re.IGNORECASE,
)
_FORBIDDEN = re.compile(r"\b(forbidden|permissiondenied(?:error)?|access denied)\b", re.IGNORECASE)
_WORDS = (
    (re.compile(r"time(?:d)?[ -]?out", re.IGNORECASE), "timeout"),
    (re.compile(r"rate[ -]?limit|too many requests", re.IGNORECASE), "rate limit"),
    (re.compile(r"connection|network|unreachable|reset by peer", re.IGNORECASE), "connection"),
    (re.compile(r"overloaded|unavailable", re.IGNORECASE), "overloaded"),
    (re.compile(r"parse|json|schema|validation", re.IGNORECASE), "invalid answer"),
)


def call_traits(record: EventRecord, metadata: dict[str, Any]) -> tuple[int, ...]:
    """The counters of ``CallSums`` from ``cached`` on that a call's metadata tells."""
    read, written = (
        _tokens(metadata, "cache_read_input_tokens"),
        _tokens(metadata, "cache_creation_input_tokens"),
    )
    cached = (read is not None or written is not None) and record.tokens_in is not None
    stop = metadata.get("stop_reason") or metadata.get("finish_reason")
    stop = stop if isinstance(stop, str) else None
    share = _context_pct(record, metadata)
    parts = [
        _tokens(metadata, name) for name in ("system_prompt_tokens", "history_tokens", "tool_results_tokens")
    ]
    return (
        int(cached),
        (record.tokens_in or 0) if cached else 0,
        min(read or 0, record.tokens_in or 0) if cached else 0,
        min(written or 0, record.tokens_in or 0) if cached else 0,
        int(stop is not None),
        int(stop is not None and stop.lower() in _CUT_OFF),
        int(share is not None),
        share or 0,
        int(share is not None and share >= TIGHT_PCT),
        int(any(part is not None for part in parts)),
        *(part or 0 for part in parts),
    )


def _tokens(metadata: dict[str, Any], name: str) -> int | None:
    return count_of(metadata.get(name), _MAX_TOKENS)


def _context_pct(record: EventRecord, metadata: dict[str, Any]) -> int | None:
    told = number_of(metadata.get("context_utilization_pct"))
    if told is not None and 0 <= told <= 1_000:
        return round(told)
    window = _tokens(metadata, "context_window_size")
    used = _tokens(metadata, "context_used_tokens")
    used = record.tokens_in if used is None else used
    if not window or used is None:
        return None
    return min(1_000, round(100 * used / window))


def turn_step(metadata: dict[str, Any]) -> int | None:
    """Which group of turns a call belongs to: 0 is the first turn, 1 the second, 2 the turns 3-4, 3 those 5-8."""
    turn = count_of(metadata.get("turn_number"), 10**6)
    return None if turn is None else max(0, turn - 1).bit_length()


def turn_of_step(step: int) -> tuple[int, int]:
    """First and last turn of a group."""
    return (1, 1) if step == 0 else (2 ** (step - 1) + 1, 2**step)


def duration_step(duration_ms: int) -> int:
    """Durations within 19 per cent of each other share a step."""
    return 0 if duration_ms < 1 else 1 + math.floor(_STEPS_PER_OCTAVE * math.log2(duration_ms))


def duration_of_step(step: int, share: float) -> float:
    """A duration within a step in milliseconds, ``share`` (0 to 1) of the way from its least to its greatest."""
    return 0.0 if step <= 0 else 2 ** ((step - 1 + share) / _STEPS_PER_OCTAVE)


def failure_reason(payload: dict[str, Any] | None) -> str:
    """Why something failed or is tried again, as a name that repeats: an exception's, a status, or a well-known word."""
    payload = payload or {}
    data = dict_of(payload.get("data"))
    for source in (payload, data):
        for name in ("exception_type", "error_type", "type"):
            found = text_in(source, name)
            if found and name != "type":
                return found.rpartition(".")[2][:_MAX_REASON]
    text = _failure_text(payload, data)
    named = _ERROR_NAME.match(text)
    if named and (named[0].endswith(("Error", "Exception", "Timeout", "Warning"))):
        return named[0].rpartition(".")[2][:_MAX_REASON]
    status = _STATUS.search(text)
    if status:
        return f"HTTP {status[1]}"
    return next((word for pattern, word in _WORDS if pattern.search(text)), "unknown")


def _failure_text(payload: dict[str, Any], data: dict[str, Any]) -> str:
    names = ("original_error", "error_message", "exception_message", "error", "reason")
    texts = (text_in(source, name) for name in names for source in (data, payload))
    return next((text for text in texts if text), "") or text_in(payload, "summary") or ""


def credential_status(fields: dict[str, Any]) -> str | None:
    """``401`` or ``403`` when what failed says that it was not let in; by its status, else by its words."""
    status = count_of(fields.get("status_code"), 999)
    if status is None:
        status = count_of(fields.get("http_status"), 999)
    if status is not None:
        return str(status) if status in (401, 403) else None
    names = ("exception_message", "exception_type", "error", "error_message", "error_type", "message", "type")
    text = " ".join(found for name in names if (found := text_in(fields, name)))[:2_000]
    told = {match[1] for match in _STATUS.finditer(text) if match[1] in ("401", "403")}
    if told:
        return min(told)
    if _REFUSED.search(text):
        return "401"
    return "403" if _FORBIDDEN.search(text) else None


def waited_ms(payload: dict[str, Any] | None) -> int | None:
    """How long a retry waited before it began, None when it does not say."""
    payload = payload or {}
    data = dict_of(payload.get("data"))
    seconds = number_of(data.get("backoff_seconds", payload.get("backoff_seconds")))
    if seconds is None or not 0 <= seconds <= _MAX_WAIT_SECONDS:
        return None
    return round(seconds * 1000)
