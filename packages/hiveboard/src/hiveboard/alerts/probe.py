"""A marked test alert: delivered once to each channel while the asker waits, and written to the history."""

from __future__ import annotations

import asyncio
import time

from .alert import Alert, Delivery, make_alert
from .channel import StoredChannel, target_of
from .channels import Sender
from .condition import Filters, QueueDepth
from .courier import attempt_of
from .finding import Finding
from .rule import Rule
from .wording import link, name_words

__all__ = ["CHANNEL_TEST", "probe", "rule_of_channel"]

#: What stands for the type of a condition where a channel alone is tested.
CHANNEL_TEST = "test"


def rule_of_channel(channel: StoredChannel, base: str, now: int) -> Rule:
    """A rule that stands for the channel itself in the history."""
    return Rule(
        id="",
        name=f"Test of channel {name_words(channel.name)}",
        condition=QueueDepth(depth=0),
        filters=Filters(),
        severity="info",
        channels=[channel.id],
        cooldown_seconds=0,
        enabled=False,
        notify_resolved=False,
        silenced_until=None,
        created_at=now,
        updated_at=now,
        generation=0,
        from_seq=0,
        link_base=base,
    )


async def probe(rule: Rule, channels: list[StoredChannel], sender: Sender, now: int, base: str) -> Alert:
    """Tell every channel once; no failure is tried again."""
    finding = Finding(
        subject="test",
        cooldown_key="test",
        since=now,
        title=f"{name_words(rule.name)}: this is a test",
        text="Nothing is wrong. Somebody asked HiveBoard to show that alerts arrive here.",
        path=link("fleet"),
    )
    alert = make_alert(rule, finding, now, state="test")
    if not rule.id:
        # The rule stands for a channel and watches nothing.
        alert.condition_type = CHANNEL_TEST
    alert.url = base + alert.url
    alert.deliveries = list(
        await asyncio.gather(*(_deliver(alert, channel, sender, now) for channel in channels))
    )
    return alert


async def _deliver(alert: Alert, channel: StoredChannel, sender: Sender, now: int) -> Delivery:
    began = time.monotonic()
    outcome = await sender.send(alert, channel.config, now)
    return Delivery(
        channel_id=channel.id,
        channel_name=channel.name,
        channel_type=str(channel.config.__struct_config__.tag),
        target=target_of(channel.config),
        status="delivered" if outcome.delivered else "failed",
        attempts=[attempt_of(outcome, now, time.monotonic() - began)],
    )
