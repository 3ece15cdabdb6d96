"""What an evaluation found: one subject for which a condition holds, in words and numbers."""

from __future__ import annotations

from msgspec import Struct

__all__ = ["Finding", "Found"]


class Finding(Struct, frozen=True, kw_only=True):
    """One agent, run, issue, request or sum. ``since`` is microseconds, ``path`` the address within the dashboard.

    ``subject`` tells it from others of its rule; ``cooldown_key`` is what a cooldown holds for. ``is_quiet`` ones
    count as told without being told.
    """

    subject: str
    cooldown_key: str
    since: int
    title: str
    text: str
    path: str
    value: float | None = None
    threshold: float | None = None
    unit: str | None = None
    agent_id: str | None = None
    task_id: str | None = None
    task_run_id: str | None = None
    project_id: str | None = None
    is_quiet: bool = False


class Found(Struct):
    """What holds now, by subject, and what happened since the last look and does not last."""

    holding: dict[str, Finding] = {}
    happened: list[Finding] = []
