"""Batches in which every text an agent can send is hostile: the recorded wire batches with their texts replaced."""

from __future__ import annotations

import json
import uuid
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

_GOLDEN = Path(__file__).parents[1] / "wire" / "golden"
#: Objects whose keys are the agent's own.
_FREE = {"metadata", "context", "config", "changes", "state", "attributes", "arguments", "result"}
#: What says which event it is: with another text it would be another event.
_STRUCTURE = {"event_type", "kind"}
#: Words of which the protocol knows a few; they stay, so that each is shown as what it is.
_WORDS = {"status", "severity", "action", "decision", "type", "role", "operation", "data_type", "cost_source"}
#: Ids and names of the wire have a length they may not pass.
_ID, _NAME = 230, 60
_NAMES = {
    "agent_type",
    "agent_version",
    "framework",
    "runtime",
    "sdk_version",
    "environment",
    "group",
    "project_id",
    "task_type",
}
_IDS = {"agent_id", "task_id", "task_run_id", "correlation_id", "action_id", "parent_action_id"}
#: Bytes of a text that is long, and of an event that holds so many of it that it is made shorter.
_LONG, _MOST = 6_000, 30_000


def _replaced(value: Any, text: str, name: str = "") -> Any:
    """``value`` with every text in it replaced; keys too, where the protocol leaves them to the agent."""
    if isinstance(value, dict):
        free = name in _FREE
        return {(text[:80] if free else key): _replaced(inner, text, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_replaced(inner, text, name) for inner in value]
    if not isinstance(value, str) or name in _STRUCTURE or name in _WORDS:
        return value
    return text


def _event(event: dict[str, Any], text: str, at: datetime) -> dict[str, Any]:
    """The event with hostile texts, as long as an event may be."""
    made = _retold(event, text, at)
    while len(json.dumps(made, ensure_ascii=False).encode()) > _MOST:
        text = text[: len(text) // 2]
        made = _retold(event, text, at)
    return made


def _retold(event: dict[str, Any], text: str, at: datetime) -> dict[str, Any]:
    made = {
        "event_id": str(uuid.uuid4()),
        "timestamp": at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z",
    }
    for name, value in event.items():
        if name in made:
            continue
        if name in _IDS:
            # Told apart by their end, so that a tree stays a tree.
            made[name] = (
                f"{text[: _ID - len(value) - 1]} {value}" if name.endswith("action_id") else text[:_ID]
            )
        elif name in _NAMES:
            made[name] = text[:_NAME]
        else:
            made[name] = _replaced(value, text, name)
    return made


def hostile_batches(text: str, now: datetime) -> list[dict[str, Any]]:
    """Every recorded batch with ``text`` in the place of every text, in the minute before ``now``."""
    batches = []
    at = now - timedelta(seconds=60)
    for path in sorted(_GOLDEN.glob("*.json")):
        batch = json.loads(path.read_text())
        envelope = {name: text[:_ID] if name in _IDS else text[:_NAME] for name in batch["envelope"]}
        events = []
        for event in batch["events"]:
            at += timedelta(milliseconds=20)
            events.append(_event(event, text, at))
        batches.append({"envelope": envelope, "events": events})
    return batches


def long_of(text: str) -> str:
    """The text over and over, some six thousand characters of it."""
    return text * max(1, _LONG // len(json.dumps(text, ensure_ascii=False).encode()))
