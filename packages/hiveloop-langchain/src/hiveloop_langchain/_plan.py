"""The agent's own to-do list (`write_todos`) → plan and plan steps, by comparing it with what it was before. Pure."""

from __future__ import annotations

from typing import Any, NamedTuple

from hiveloop import events, payloads
from hiveloop.adapters.preview import preview

__all__ = ["Plan", "plan_events"]

_STEP_ACTIONS = {"in_progress": "started", "completed": "completed", "failed": "failed", "skipped": "skipped"}
_STEP_CHARS = 200
_MAX_STEPS = 100


class Plan(NamedTuple):
    """A to-do list as last seen: its texts, their statuses, and which revision this is."""

    texts: tuple[str, ...]
    statuses: tuple[str, ...]
    revision: int


def plan_events(
    before: Plan | None, todos: Any, goal: str, action_id: str | None, capture: bool
) -> tuple[Plan | None, list[events.Custom]]:
    """The plan after this list and the events that tell what changed.

    ``todos`` is ``[{"content": text, "status": pending|in_progress|completed}]``; other items are left out.
    Changed texts make a new revision; changed statuses make steps. Without ``capture`` no text leaves.
    """
    texts, statuses = _read(todos)
    if not texts:
        return before, []
    if before is not None and before.texts == texts:
        known, revision, made = before.statuses, before.revision, []
    else:
        known, revision = ("pending",) * len(texts), 0 if before is None else before.revision + 1
        made = [_created(texts, revision, goal, action_id, capture)]
    for index, (status, was) in enumerate(zip(statuses, known, strict=True)):
        step = _STEP_ACTIONS.get(status)
        if step is not None and status != was:
            text = texts[index] if capture else f"step {index + 1}"
            made.append(_step(index, step, text, len(texts), revision, action_id))
    return Plan(texts, statuses, revision), made


def _read(todos: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    texts: list[str] = []
    statuses: list[str] = []
    for item in todos[:_MAX_STEPS] if isinstance(todos, list) else ():
        if isinstance(item, dict) and isinstance(item.get("content"), str):
            texts.append(preview(item["content"], _STEP_CHARS))
            status = item.get("status")
            statuses.append(status if isinstance(status, str) else "pending")
    return tuple(texts), tuple(statuses)


def _created(
    texts: tuple[str, ...], revision: int, goal: str, action_id: str | None, capture: bool
) -> events.Custom:
    steps = [
        {"index": index, "description": text if capture else f"step {index + 1}"}
        for index, text in enumerate(texts)
    ]
    return events.Custom(
        action_id=action_id,
        payload=payloads.PlanCreated(
            summary=goal, data={"goal": goal, "steps": steps, "revision": revision}, tags=["plan"]
        ),
    )


def _step(
    index: int, action: str, text: str, total: int, revision: int, action_id: str | None
) -> events.Custom:
    return events.Custom(
        action_id=action_id,
        payload=payloads.PlanStep(
            summary=f"Step {index} {action}: {text}",
            data={"step_index": index, "total_steps": total, "action": action, "plan_revision": revision},
            tags=["plan"],
        ),
    )
