"""A plan in words → its steps, and what is known of how far it got. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["Plan", "steps_in", "unnamed", "with_step"]

_STEP = re.compile(r"^\s*(?:\*\*)?(?:step\s+)?(\d{1,3})(?:\*\*)?\s*[.):]\s*(.+)$", re.IGNORECASE)
_BULLET = re.compile(r"^\s*[-*•]\s+(.+)$")
_STEP_CHARS = 200
_MAX_STEPS = 100


class Plan(NamedTuple):
    """The steps' texts, the revision they are, and which of them have ended."""

    steps: tuple[str, ...]
    revision: int
    done: frozenset[int] = frozenset()


def steps_in(text: str) -> tuple[str, ...]:
    """The steps a plan's text lists: numbered lines, else bullets; a text that lists none is one step."""
    numbered: list[str] = []
    bullets: list[str] = []
    for line in text.splitlines():
        found = _STEP.match(line)
        if found is not None:
            numbered.append(_short(found[2]))
        elif (bullet := _BULLET.match(line)) is not None:
            bullets.append(_short(bullet[1]))
    steps = numbered or bullets or [_short(line) for line in text.splitlines() if line.strip()][:1]
    return tuple(steps[:_MAX_STEPS])


def unnamed(count: int) -> tuple[str, ...]:
    """So many steps of which nothing may be said."""
    return tuple(f"step {number}" for number in range(1, count + 1))


def with_step(plan: Plan, index: int, text: str) -> Plan:
    """The plan with room for a step it did not list."""
    if index < len(plan.steps):
        return plan
    missing = [f"step {number + 1}" for number in range(len(plan.steps), min(index, _MAX_STEPS))]
    return plan._replace(steps=(*plan.steps, *missing, text)[:_MAX_STEPS])


def _short(text: str) -> str:
    text = " ".join(text.replace("**", "").split())
    return text if len(text) <= _STEP_CHARS else text[: _STEP_CHARS - 1] + "…"
