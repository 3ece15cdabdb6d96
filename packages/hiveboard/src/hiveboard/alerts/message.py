"""An alert as each kind of channel takes it: JSON, Slack blocks, an e-mail."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from html import escape
from typing import Any

import msgspec
from msgspec import Struct

from hiveboard.instant import SECOND_US, format_instant

from .alert import Alert
from .channel import Email
from .wording import name_words

__all__ = ["AlertMessage", "alert_message", "email_message", "message_json", "sign", "slack_json"]

_MARKS = {"critical": "\U0001f534", "warning": "\U0001f7e0", "info": "\U0001f535"}
_WORDS = {"firing": "", "resolved": "Resolved: ", "test": "Test: "}
_SLACK_TEXT = 2_900


class AlertMessage(Struct, kw_only=True):
    """What a webhook gets, and a program on its standard input. ``id`` is the same however often it is sent again;
    ``more`` counts other cases told by the same alert. Times are ISO 8601 (UTC)."""

    version: int
    id: str
    event: str
    rule_id: str
    rule_name: str
    condition: str
    severity: str
    title: str
    text: str
    value: float | None
    threshold: float | None
    unit: str | None
    agent_id: str | None
    task_id: str | None
    task_run_id: str | None
    project_id: str | None
    since: str
    fired_at: str
    more: int
    url: str


def alert_message(alert: Alert) -> AlertMessage:
    """The alert as documented."""
    return AlertMessage(
        version=1,
        id=alert.id,
        event=f"alert.{alert.state}",
        rule_id=alert.rule_id,
        rule_name=alert.rule_name,
        condition=alert.condition_type,
        severity=alert.severity,
        title=alert.title,
        text=alert.text,
        value=alert.value,
        threshold=alert.threshold,
        unit=alert.unit,
        agent_id=alert.agent_id,
        task_id=alert.task_id,
        task_run_id=alert.task_run_id,
        project_id=alert.project_id,
        since=format_instant(alert.since),
        fired_at=format_instant(alert.fired_at),
        more=alert.more,
        url=alert.url,
    )


def message_json(alert: Alert) -> bytes:
    """The body of a webhook."""
    return msgspec.json.encode(alert_message(alert))


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """The value of ``HiveBoard-Signature``: when it was signed, and the HMAC-SHA256 of that moment, a dot and the body."""
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


def _heading(alert: Alert) -> str:
    return _WORDS[alert.state] + name_words(alert.title, 400)


def _facts(alert: Alert) -> list[tuple[str, str]]:
    """What is told beside the text."""
    told = (
        ("Rule", alert.rule_name),
        ("Severity", alert.severity),
        ("Agent", alert.agent_id),
        ("Task", alert.task_id),
        ("Project", alert.project_id),
        ("Since", format_instant(alert.since)),
    )
    return [(name, name_words(value)) for name, value in told if value]


def slack_json(alert: Alert) -> bytes:
    """The body for an incoming webhook; nothing in it can mention people or make up links."""
    mark = "\u2705" if alert.state == "resolved" else _MARKS[alert.severity]
    heading = f"{mark} {_slack(_heading(alert))}"
    text = _slack(alert.text)[:_SLACK_TEXT]
    facts = "  ·  ".join(f"{name}: {_slack(value)}" for name, value in _facts(alert))
    blocks: list[dict[str, Any]] = [
        {"type": "section", "text": {"type": "mrkdwn", "text": f"*{heading[:_SLACK_TEXT]}*"}},
        {"type": "section", "text": {"type": "mrkdwn", "text": text or "-"}},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": facts[:_SLACK_TEXT]}]},
        {
            "type": "actions",
            "elements": [
                {
                    "type": "button",
                    "text": {"type": "plain_text", "text": "Open in HiveBoard"},
                    "url": alert.url[:3_000],
                }
            ],
        },
    ]
    return msgspec.json.encode({"text": f"{heading}\n{text}"[:_SLACK_TEXT], "blocks": blocks})


def _slack(text: str) -> str:
    """Escaped as Slack asks; marks that would end the bold text around it become their look-alikes."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return escaped.replace("*", "\u2217").replace("`", "\u02cb").replace("~", "\u223c")


def email_message(alert: Alert, channel: Email) -> EmailMessage:
    """Plain text, and the same as HTML. The message id is that of the alert, so that a second copy is known as such."""
    message = EmailMessage()
    message["Subject"] = f"[{alert.severity}] {_heading(alert)}"[:250]
    message["From"] = channel.sender
    message["To"] = ", ".join(channel.to)
    message["Date"] = format_datetime(datetime.fromtimestamp(alert.fired_at // SECOND_US, UTC))
    message["Message-ID"] = f"<{alert.id}@{channel.sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    text = alert.text.encode("utf-8", "replace").decode()
    facts = _facts(alert)
    lines = [_heading(alert), "", text, "", *(f"{name}: {value}" for name, value in facts), "", alert.url, ""]
    message.set_content("\n".join(lines))
    rows = "".join(
        f"<tr><th align=left>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in facts
    )
    body = escape(text).replace("\n", "<br>")
    message.add_alternative(
        f"<!doctype html><html><body><h2>{escape(_heading(alert))}</h2><p>{body}</p><table>{rows}</table>"
        f'<p><a href="{escape(alert.url, quote=True)}">Open in HiveBoard</a></p></body></html>',
        subtype="html",
    )
    return message
