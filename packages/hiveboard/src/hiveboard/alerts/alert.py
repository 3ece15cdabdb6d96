"""An alert as it is kept in the history: what was found, and how telling it to each channel went."""

from __future__ import annotations

import secrets
from typing import Literal

from msgspec import Struct

from .finding import Finding
from .rule import AlertSeverity, Rule

__all__ = ["Alert", "Attempt", "Delivery", "make_alert", "new_id"]

AlertState = Literal["firing", "resolved", "test"]
DeliveryStatus = Literal["pending", "delivered", "failed", "cancelled"]

#: The time part of the id made last: 48 bits of milliseconds, 12 bits that count within one.
_last = [0]


class Attempt(Struct, kw_only=True):
    """One try. ``status_code`` is the answer of an HTTP or SMTP server or the exit code of a program, where there was one."""

    at: int
    delivered: bool
    status_code: int | None
    error: str | None
    duration_ms: float


class Delivery(Struct, kw_only=True):
    """Telling an alert to one channel. ``next_attempt_at`` (microseconds) is set while it is pending."""

    channel_id: str
    channel_name: str
    channel_type: str
    target: str
    status: DeliveryStatus = "pending"
    attempts: list[Attempt] = []
    next_attempt_at: int | None = None


class Alert(Struct, kw_only=True):
    """What was told. Times are microseconds; ``more`` counts what else is told by this one alert."""

    id: str
    rule_id: str
    rule_name: str
    condition_type: str
    severity: AlertSeverity
    state: AlertState
    fired_at: int
    since: int
    title: str
    text: str
    url: str
    value: float | None
    threshold: float | None
    unit: str | None
    agent_id: str | None
    task_id: str | None
    task_run_id: str | None
    project_id: str | None
    more: int
    deliveries: list[Delivery]


def new_id(now: int) -> str:
    """A UUID of version 7: ids that one process makes later sort later. Called in the event loop."""
    _last[0] = max(_last[0] + 1, (now // 1000 & 0xFFFF_FFFF_FFFF) << 12)
    number = (_last[0] >> 12) << 80 | 7 << 76 | (_last[0] & 0xFFF) << 64 | 2 << 62 | secrets.randbits(62)
    text = f"{number:032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def make_alert(
    rule: Rule, finding: Finding, now: int, *, state: AlertState = "firing", text: str = "", more: int = 0,
    title: str = "",
) -> Alert:  # fmt: skip
    """An alert of a finding. ``title`` and ``text`` replace those of the finding. Before it goes to the history, its
    ``url``, which is an address within the dashboard, is made a whole one, and deliveries are added."""
    return Alert(
        id=new_id(now),
        rule_id=rule.id,
        rule_name=rule.name,
        condition_type=str(rule.condition.__struct_config__.tag),
        severity=rule.severity,
        state=state,
        fired_at=now,
        since=finding.since,
        title=title or finding.title,
        text=text or finding.text,
        url=finding.path,
        value=finding.value,
        threshold=finding.threshold,
        unit=finding.unit,
        agent_id=finding.agent_id,
        task_id=finding.task_id,
        task_run_id=finding.task_run_id,
        project_id=finding.project_id,
        more=more,
        deliveries=[],
    )
