"""What went wrong in a run: each first error with everything that followed from it."""

from __future__ import annotations

from typing import Any

from hiveloop.payloads import Recovered
from msgspec import Raw, Struct

from hiveboard.instant import format_instant
from hiveboard.store.records import EventRecord
from hiveboard.store.rollup import action_failed, action_name
from hiveboard.store.values import dict_of, text_in

from .action_tree import Told

__all__ = ["ErrorChain", "ErrorLink", "error_chains"]

_FOLLOWING = ("retry_started", "escalated")


class ErrorLink(Struct, kw_only=True):
    """One event of a chain; ``text`` says what it means in a few words."""

    event_id: str
    event_type: str
    parent_event_id: str | None
    action_id: str | None
    timestamp: str
    text: str


class ErrorChain(Struct, kw_only=True):
    """A first error (``event_id`` to ``payload``) and the chain from it: the error itself, retries, what failed because of it."""

    original_event_id: str
    event_id: str
    event_type: str
    parent_event_id: str | None
    timestamp: str
    text: str
    payload: Raw
    chain: list[ErrorLink]


def error_chains(told: Told) -> list[ErrorChain]:
    """Chains in order of time. Events join by ``parent_event_id``, by the same exception passing outwards (the same
    text, or ``error_origin``, the action that failed first), or, for retries and escalations, by following the
    latest error."""
    chains: list[ErrorChain] = []
    by_event: dict[str, ErrorChain] = {}
    by_error: dict[str, ErrorChain] = {}
    by_action: dict[str, ErrorChain] = {}
    for event, payload in told:
        record = event.record
        failure = _is_failure(record, payload)
        if not failure and record.event_type not in _FOLLOWING and record.kind != Recovered.kind:
            continue
        text = _text(record, payload)
        chain = by_event.get(record.parent_event_id or "")
        origin = text_in(payload, "error_origin")
        if chain is None and failure:
            chain = by_action.get(origin or "") or by_error.get(text)
        elif chain is None and chains:
            chain = chains[-1]
        if chain is None:
            chain = _new_chain(record, text)
            chains.append(chain)
        chain.chain.append(_link(record, text))
        by_event[record.event_id] = chain
        if failure and origin is None:
            by_error[text] = chain
        if failure and record.action_id is not None:
            by_action[record.action_id] = chain
    return chains


def _is_failure(record: EventRecord, payload: dict[str, Any]) -> bool:
    return record.event_type == "task_failed" or action_failed(record.event_type, payload)


def _text(record: EventRecord, payload: dict[str, Any]) -> str:
    parts = [text_in(payload, "exception_type"), text_in(payload, "exception_message")]
    text = ": ".join(part for part in parts if part) or text_in(payload, "error")
    if text is None:
        data = dict_of(payload.get("data"))
        text = text_in(payload, "summary") or text_in(data, "reason") or f"{action_name(payload)} failed"
    return text[:1000]


def _new_chain(record: EventRecord, text: str) -> ErrorChain:
    return ErrorChain(
        original_event_id=record.event_id,
        event_id=record.event_id,
        event_type=record.event_type,
        parent_event_id=record.parent_event_id,
        timestamp=format_instant(record.ts),
        text=text,
        payload=Raw(record.payload or b"null"),
        chain=[],
    )


def _link(record: EventRecord, text: str) -> ErrorLink:
    return ErrorLink(
        event_id=record.event_id,
        event_type=record.event_type,
        parent_event_id=record.parent_event_id,
        action_id=record.action_id,
        timestamp=format_instant(record.ts),
        text=text,
    )
