"""Rules, channels and alerts as clients see them: times as text, secrets hidden."""

from __future__ import annotations

from msgspec import Struct

from hiveboard.alerts.alert import Alert, Attempt, Delivery
from hiveboard.alerts.channel import Channel, StoredChannel, hide_secrets
from hiveboard.alerts.condition import Condition, Filters
from hiveboard.alerts.rule import Rule, is_silenced
from hiveboard.instant import format_instant, format_optional

__all__ = [
    "AlertView",
    "AttemptView",
    "ChannelView",
    "DeliveryView",
    "RuleView",
    "alert_status",
    "alert_view",
    "channel_view",
    "rule_view",
]


class RuleView(Struct, kw_only=True):
    """One rule. ``channels`` are ids; ``firing`` counts the subjects for which the condition holds now.

    ``condition_type``, ``project_id`` and ``is_enabled`` repeat what is told elsewhere, for older clients.
    """

    rule_id: str
    name: str
    condition: Condition
    condition_type: str
    filters: Filters
    project_id: str | None
    severity: str
    channels: list[str]
    cooldown_seconds: float
    enabled: bool
    is_enabled: bool
    notify_resolved: bool
    is_silenced: bool
    silenced_until: str | None
    firing: int
    created_at: str
    updated_at: str


class ChannelView(Struct, kw_only=True):
    """One channel. Secrets read ``********``; ``rules`` are the ids of those that use it."""

    channel_id: str
    name: str
    channel: Channel
    rules: list[str]
    created_at: str
    updated_at: str


class AttemptView(Struct, kw_only=True):
    """One try. ``status_code`` is the answer of an HTTP or SMTP server, or the exit code of a program."""

    at: str
    delivered: bool
    status_code: int | None
    error: str | None
    duration_ms: float


class DeliveryView(Struct, kw_only=True):
    """Telling an alert to one channel. ``status`` is pending, delivered, failed (given up), or cancelled (the channel is
    gone, or a day has passed); ``error`` that of the last try that failed."""

    channel_id: str
    channel_name: str
    channel_type: str
    target: str
    status: str
    attempts: list[AttemptView]
    error: str | None
    next_attempt_at: str | None


class AlertView(Struct, kw_only=True):
    """One alert of the history. ``state`` is firing, resolved or test; ``status`` says how the deliveries stand together:
    pending, delivered, failed (at least one was given up), cancelled, or none when the rule names no channel.

    ``since`` is when it began, ``fired_at`` when it was noticed; ``more`` counts other cases told by the same alert.
    ``related_agent_id`` and ``related_task_id`` repeat ``agent_id`` and ``task_id``, for older clients.
    """

    alert_id: str
    rule_id: str
    rule_name: str
    condition_type: str
    severity: str
    state: str
    status: str
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
    related_agent_id: str | None
    related_task_id: str | None
    since: str
    fired_at: str
    more: int
    deliveries: list[DeliveryView]


def rule_view(rule: Rule, firing: int, now: int) -> RuleView:
    """A rule; ``now`` in microseconds."""
    silenced = is_silenced(rule, now)
    return RuleView(
        rule_id=rule.id,
        name=rule.name,
        condition=rule.condition,
        condition_type=str(rule.condition.__struct_config__.tag),
        filters=rule.filters,
        project_id=rule.filters.project_id,
        severity=rule.severity,
        channels=rule.channels,
        cooldown_seconds=rule.cooldown_seconds,
        enabled=rule.enabled,
        is_enabled=rule.enabled,
        notify_resolved=rule.notify_resolved,
        is_silenced=silenced,
        silenced_until=format_optional(rule.silenced_until) if silenced else None,
        firing=firing,
        created_at=format_instant(rule.created_at),
        updated_at=format_instant(rule.updated_at),
    )


def channel_view(stored: StoredChannel, rules: list[Rule]) -> ChannelView:
    """A channel without its secrets."""
    return ChannelView(
        channel_id=stored.id,
        name=stored.name,
        channel=hide_secrets(stored.config),
        rules=[rule.id for rule in rules if stored.id in rule.channels],
        created_at=format_instant(stored.created_at),
        updated_at=format_instant(stored.updated_at),
    )


def alert_status(alert: Alert) -> str:
    """How the deliveries of an alert stand together."""
    found = {delivery.status for delivery in alert.deliveries}
    for status in ("pending", "failed", "cancelled", "delivered"):
        if status in found:
            return status
    return "none"


def _attempt(attempt: Attempt) -> AttemptView:
    return AttemptView(
        at=format_instant(attempt.at),
        delivered=attempt.delivered,
        status_code=attempt.status_code,
        error=attempt.error,
        duration_ms=attempt.duration_ms,
    )


def _delivery(delivery: Delivery) -> DeliveryView:
    errors = [attempt.error for attempt in delivery.attempts if attempt.error is not None]
    return DeliveryView(
        channel_id=delivery.channel_id,
        channel_name=delivery.channel_name,
        channel_type=delivery.channel_type,
        target=delivery.target,
        status=delivery.status,
        attempts=[_attempt(attempt) for attempt in delivery.attempts],
        error=errors[-1] if errors and delivery.status != "delivered" else None,
        next_attempt_at=format_optional(delivery.next_attempt_at),
    )


def alert_view(alert: Alert) -> AlertView:
    """An alert of the history."""
    return AlertView(
        alert_id=alert.id,
        rule_id=alert.rule_id,
        rule_name=alert.rule_name,
        condition_type=alert.condition_type,
        severity=alert.severity,
        state=alert.state,
        status=alert_status(alert),
        title=alert.title,
        text=alert.text,
        url=alert.url,
        value=alert.value,
        threshold=alert.threshold,
        unit=alert.unit,
        agent_id=alert.agent_id,
        task_id=alert.task_id,
        task_run_id=alert.task_run_id,
        project_id=alert.project_id,
        related_agent_id=alert.agent_id,
        related_task_id=alert.task_id,
        since=format_instant(alert.since),
        fired_at=format_instant(alert.fired_at),
        more=alert.more,
        deliveries=[_delivery(delivery) for delivery in alert.deliveries],
    )
