"""Telling one alert to one channel, once."""

from __future__ import annotations

from hiveboard.instant import SECOND_US

from .alert import Alert
from .channel import Channel, Command, Email, Slack, Webhook
from .message import email_message, message_json, sign, slack_json
from .outcome import Outcome
from .send_command import run_command
from .send_http import post
from .send_mail import Postman

__all__ = ["Sender"]


class Sender:
    """Knows how to tell each kind of channel. ``allow_commands`` is the server's own decision."""

    def __init__(self, *, allow_commands: bool, timeout_seconds: float) -> None:
        self.allow_commands = allow_commands
        self._timeout = timeout_seconds
        self._postman = Postman()

    def close(self) -> None:
        """Let go of threads."""
        self._postman.close()

    async def send(self, alert: Alert, channel: Channel, now: int) -> Outcome:
        """Tell it once; ``now`` in microseconds is what a signature is made for."""
        if isinstance(channel, Webhook):
            return await self._webhook(alert, channel, now)
        if isinstance(channel, Slack):
            return await post(channel.url, slack_json(alert), {}, self._timeout)
        if isinstance(channel, Email):
            return await self._postman.send(channel.smtp, email_message(alert, channel), self._timeout)
        return await self._command(alert, channel)

    async def _webhook(self, alert: Alert, channel: Webhook, now: int) -> Outcome:
        body = message_json(alert)
        headers = {"Idempotency-Key": alert.id, **channel.headers}
        if channel.secret is not None:
            headers["HiveBoard-Signature"] = sign(channel.secret, now // SECOND_US, body)
        return await post(channel.url, body, headers, self._timeout)

    async def _command(self, alert: Alert, channel: Command) -> Outcome:
        if not self.allow_commands:
            return Outcome(error="this collector runs no commands; start it with --allow-commands")
        return await run_command(channel, message_json(alert))
