"""``hiveboard tail``: what agents do, as they do it, one plain sentence per event."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from hiveloop.events import SEVERITIES

from .options import AsJson, Key, Quiet, Url
from .terminal import cell, fail, one_line, output, say

if TYPE_CHECKING:
    from .client import Client
    from .sse import Message

__all__ = ["tail"]

_STYLES = {"error": "red", "warn": "yellow", "debug": "dim"}
#: The collector says something at least every 15 seconds.
_SILENCE_SECONDS = 45.0
_LONGEST_PAUSE_SECONDS = 15.0


class _Filter:
    """Which events are shown."""

    def __init__(
        self, agents: list[str] | None, tasks: list[str] | None, types: list[str] | None, severity: str | None
    ) -> None:
        self._agents, self._tasks, self._types = agents or [], tasks or [], types or []
        self._least = SEVERITIES.index(severity) if severity in SEVERITIES else 0
        #: Whether changes of an agent's status belong to what was asked for.
        self.shows_changes = not (self._tasks or self._types or severity)

    def fits(self, event: dict[str, Any]) -> bool:
        severity = event.get("severity")
        return (
            (not self._agents or event.get("agent_id") in self._agents)
            and (not self._tasks or event.get("task_id") in self._tasks)
            and (
                not self._types
                or not {event.get("event_type"), event.get("payload_kind")}.isdisjoint(self._types)
            )
            and (SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)) >= self._least
        )


def tail(
    agent: Annotated[list[str] | None, typer.Option(help="Only this agent; repeat for several.")] = None,
    task: Annotated[list[str] | None, typer.Option(help="Only this task; repeat for several.")] = None,
    event_type: Annotated[
        list[str] | None,
        typer.Option("--type", help="Only this type or kind (task_failed, llm_call, …); repeat for several."),
    ] = None,
    severity: Annotated[
        str | None, typer.Option(metavar="debug|info|warn|error", help="Only what is at least so serious.")
    ] = None,
    last: Annotated[
        int, typer.Option("--last", "-n", min=0, max=10_000, help="Begin with so many earlier events.")
    ] = 0,
    as_json: AsJson = False,
    quiet: Quiet = False,
    url: Url = "http://127.0.0.1:8000",
    key: Key = None,
) -> None:
    """Follow what agents do, one plain sentence per event. Ctrl-C ends it; a lost connection is taken up again."""
    from .client import Client, ClientError

    if severity is not None and severity not in SEVERITIES:
        raise fail(f"--severity is one of {', '.join(SEVERITIES)}")
    wanted = _Filter(agent, task, event_type, severity)
    try:
        client = Client(url, key)
        seq = client.read(dict[str, Any], "/v1/status").get("last_seq") or 0
        for event in reversed(list(_earlier(client, wanted, last))):
            _show(event, as_json)
        _follow(client, wanted, str(seq), as_json=as_json, quiet=quiet)
    except ClientError as error:
        raise fail(str(error)) from None
    except KeyboardInterrupt:
        return


def _earlier(client: Client, wanted: _Filter, last: int) -> Iterator[dict[str, Any]]:
    if last == 0:
        return iter(())
    found = client.rows(dict[str, Any], "/v1/events", None, exclude_heartbeats="true")
    return itertools.islice(filter(wanted.fits, itertools.islice(found, 50 * last)), last)


def _follow(client: Client, wanted: _Filter, last_id: str, *, as_json: bool, quiet: bool) -> None:
    """Show what comes, for ever. Raises ClientError when the very first connection fails."""
    from .client import ClientError

    pause, connected = 0.0, False
    while True:
        try:
            for message in _messages(client, last_id):
                if not connected or pause:
                    say(f"following {client.url}", quiet=quiet or connected)
                    pause, connected = 0.0, True
                last_id = message.last_id or last_id
                _take(message, wanted, as_json=as_json)
            reason = "the collector ended the stream"
        except ClientError as error:
            if not connected:
                raise
            reason = str(error)
        except (OSError, ValueError) as error:
            reason = str(error)
        pause = min(_LONGEST_PAUSE_SECONDS, pause * 2 or 1.0)
        say(f"{reason}; trying again in {pause:.0f} s", quiet=quiet)
        time.sleep(pause)


def _messages(client: Client, last_id: str) -> Iterator[Message]:
    from urllib3.exceptions import HTTPError

    from .sse import Message, messages

    response = client.stream("/v1/stream", {"Last-Event-ID": last_id}, silence_seconds=_SILENCE_SECONDS)
    with response:
        yield Message("connected", "{}", None)
        try:
            yield from messages(response.stream(65_536))
        except HTTPError as error:
            raise OSError(f"the connection broke ({type(error).__name__})") from None


def _take(message: Message, wanted: _Filter, *, as_json: bool) -> None:
    try:
        data = json.loads(message.data)
    except ValueError:
        return
    if message.name == "event.new" and wanted.fits(data):
        _show(data, as_json)
    elif as_json:
        return
    elif message.name == "events.skipped":
        say(f"… {data.get('skipped')} events that are not shown one by one")
    elif (
        message.name == "agent.status_changed"
        and wanted.shows_changes
        and wanted.fits(data | {"severity": "info"})
    ):
        was, now = data.get("previous_status"), data.get("new_status")
        output().print(
            cell(f"{_clock(data)} {data.get('agent_id')} is {now} (was {was})", "cyan"), soft_wrap=True
        )


def _show(event: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(event))
        return
    from rich.text import Text

    line = Text()
    line.append(f"{_clock(event)} ", style="dim")
    line.append(
        one_line(str(event.get("narrative", ""))), style=_STYLES.get(str(event.get("severity")), "none")
    )
    if event.get("task_id"):
        line.append(f"  [{one_line(str(event['task_id']))}]", style="dim")
    output().print(line, soft_wrap=True)


def _clock(data: dict[str, Any]) -> str:
    """The local time of day."""
    try:
        moment = datetime.fromisoformat(str(data.get("timestamp"))).astimezone()
    except (ValueError, OverflowError):
        moment = datetime.now(UTC).astimezone()
    return f"{moment:%H:%M:%S}"
