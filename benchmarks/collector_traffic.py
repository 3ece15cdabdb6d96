"""Made-up traffic for the collector: batches of 500 events, 25 tasks of 20 events each, 50 agents taking turns."""

from __future__ import annotations

import json
import random
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["AGENTS", "BATCH", "EVENTS_PER_TASK", "agent_of", "batch", "task_id"]

AGENTS, BATCH, EVENTS_PER_TASK = 50, 500, 20
_MODELS = ("gpt-4o", "gpt-4o-mini", "claude-sonnet-4-20250514", "model-nobody-knows")
_TOOLS = ("lookup_order", "search_mail", "refund_card", "write_reply", "check_stock")
_WORDS = [
    "order",
    "refund",
    "cup",
    "broken",
    "Tuesday",
    "limit",
    "policy",
    "invoice",
    "parcel",
    "answer",
    "shipped",
    "colour",
    "receipt",
    "carrier",
]
_SPAN_SECONDS = 7 * 86_400
_TASK_STEP_MS = 350

Event = dict[str, Any]


def agent_of(number: int) -> str:
    """The agent that sends batch ``number``."""
    return f"agent-{number % AGENTS:02d}"


def task_id(number: int, index: int) -> str:
    """The id of task ``index`` of batch ``number``."""
    return f"task-{number:06d}-{index:02d}"


def _ids(kind: str, draw: random.Random) -> Callable[[int], str]:
    """Ids by time (UUIDv7, as ours) or at random (UUIDv4, as the published SDK's)."""
    if kind == "random":
        return lambda ms: str(uuid.UUID(int=draw.getrandbits(128), version=4))
    tail = f"-7{draw.getrandbits(12):03x}-8{draw.getrandbits(12):03x}-"
    counter = iter(range(draw.getrandbits(44), 2**47)).__next__

    def ordered(ms: int) -> str:
        digits = f"{ms:012x}"
        return f"{digits[:8]}-{digits[8:]}{tail}{counter():012x}"

    return ordered


def batch(number: int, total: int, ids: str, end: float | None = None) -> bytes:
    """Body of batch ``number`` of ``total``: together they cover the seven days before ``end`` (default: now)."""
    draw = random.Random(number)
    end = time.time() if end is None else end
    share = _SPAN_SECONDS / total
    start_ms = int((end - _SPAN_SECONDS + number * share) * 1_000)
    new_id = _ids(ids, random.Random((number << 8) + (ids == "random")))
    # Tasks of one batch follow each other closely; what is left of the batch's share is the agent's idle time.
    events = [
        event
        for index in range(BATCH // EVENTS_PER_TASK)
        for event in _task(number, index, start_ms, new_id, draw)
    ]
    envelope = {
        "agent_id": agent_of(number),
        "agent_type": "support",
        "agent_version": "1.0",
        "framework": "langchain",
        "runtime": "python-3.11.7",
        "sdk_version": "hiveloop-1.0.0",
        "environment": "production",
        "group": "default",
    }
    return json.dumps({"envelope": envelope, "events": events}, separators=(",", ":")).encode()


def _task(
    number: int, index: int, start_ms: int, new_id: Callable[[int], str], draw: random.Random
) -> Iterator[Event]:
    name, run = task_id(number, index), f"run-{number:06d}-{index:02d}"
    for position, event in enumerate(_story(name, draw)):
        ms = start_ms + (index * EVENTS_PER_TASK + position) * _TASK_STEP_MS // 25
        seconds, rest = divmod(ms, 1_000)
        yield {
            "event_id": new_id(ms),
            "timestamp": f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{rest:03d}Z",
            "project_id": f"project-{number % 5}",
            "task_id": name,
            "task_type": ("refund", "report", "triage")[index % 3],
            "task_run_id": run,
            **event,
        }


def _story(name: str, draw: random.Random) -> Iterator[Event]:
    """Twenty events: start, plan, five tools with one LLM call each, a step, something unusual, the end."""
    yield {"event_type": "task_started", "payload": {"summary": f"Task {name} started"}}
    steps = [{"index": 0, "description": "Look it up"}, {"index": 1, "description": "Answer"}]
    yield _custom("plan_created", "Help the customer", goal="Help the customer", steps=steps, revision=0)
    for turn in range(5):
        action, tool = f"{name}-{turn}", _TOOLS[(turn + draw.randrange(5)) % 5]
        yield {"event_type": "action_started", "action_id": action, "payload": {"action_name": tool}}
        yield {**_llm_call(draw), "action_id": action}
        failed = draw.random() < 0.03
        end: Event = {"action_name": tool}
        if failed:
            end |= {"exception_type": "TimeoutError", "exception_message": "no answer"}
        yield {
            "event_type": "action_failed" if failed else "action_completed",
            "action_id": action,
            "status": "failure" if failed else "success",
            "duration_ms": draw.randrange(20, 2_000),
            "payload": end,
        }
    yield _custom(
        "plan_step", "Step 0 completed", step_index=0, total_steps=2, action="completed", plan_revision=0
    )
    yield _unusual(draw)
    failed = draw.random() < 0.08
    yield {
        "event_type": "task_failed" if failed else "task_completed",
        "status": "failure" if failed else "success",
        "duration_ms": draw.randrange(1_000, 60_000),
        "payload": {"summary": f"Task {name} ended"}
        | ({"exception_type": "CardDeclinedError", "exception_message": "declined"} if failed else {}),
    }


def _unusual(draw: random.Random) -> Event:
    kind = draw.randrange(4)
    if kind == 0:
        return {"event_type": "retry_started", "payload": {"summary": "Once more", "data": {"attempt": 2}}}
    if kind == 1:
        return _custom(
            "queue_snapshot", "Queue", depth=draw.randrange(20), oldest_age_seconds=draw.randrange(300)
        )
    if kind == 2:
        number = draw.randrange(12)
        return _custom(
            "issue", f"Problem {number}", severity="medium", action="reported", issue_id=f"problem-{number}"
        )
    return {"event_type": "heartbeat", "payload": {"orders_today": draw.randrange(50)}}


def _llm_call(draw: random.Random) -> Event:
    model, tokens_in, tokens_out = draw.choice(_MODELS), draw.randrange(200, 4_000), draw.randrange(10, 600)
    text = " ".join(draw.choices(_WORDS, k=30))
    return _custom(
        "llm_call",
        f"turn → {model} ({tokens_in} in / {tokens_out} out)",
        name="turn",
        model=model,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        duration_ms=draw.randrange(200, 3_000),
        prompt_preview=text,
        response_preview=text[:80],
    )


def _custom(kind: str, summary: str, **data: Any) -> Event:
    return {
        "event_type": "custom",
        "payload": {"kind": kind, "summary": summary, "data": data, "tags": [kind]},
    }
