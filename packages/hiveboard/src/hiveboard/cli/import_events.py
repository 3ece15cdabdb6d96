"""``hiveboard import``: events from JSON lines into a collector, through its normal write path."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import msgspec
import typer
from hiveloop.events import LIMITS
from msgspec import Raw, Struct

from .options import Key, Quiet, Url
from .progress import progress_bar
from .terminal import fail, say

if TYPE_CHECKING:
    from .client import Client

__all__ = ["import_events"]

_WINDOW_EVENTS = 5_000
_MAX_BYTES = LIMITS["batch_bytes"] - 16_384
_MAX_LINE = 4 * 1024 * 1024
_TELL = 20
_TRIES = 60
#: What the envelope says for all events of a batch; the rest of a line belongs to its event.
_ENVELOPE = ("agent_version", "framework", "runtime", "sdk_version", "environment", "group", "process")
_encode = msgspec.json.Encoder().encode


class _Line(Struct, kw_only=True, omit_defaults=True):
    """One line: types are judged by the collector, and the payload stays as it is written, byte for byte."""

    record: Any = None
    event_id: Any = None
    timestamp: Any = None
    event_type: Any = None
    agent_id: Any = None
    agent_type: Any = None
    project_id: Any = None
    task_id: Any = None
    task_type: Any = None
    task_run_id: Any = None
    correlation_id: Any = None
    action_id: Any = None
    parent_action_id: Any = None
    parent_event_id: Any = None
    severity: Any = None
    status: Any = None
    duration_ms: Any = None
    agent_version: Any = None
    framework: Any = None
    runtime: Any = None
    sdk_version: Any = None
    environment: Any = None
    group: Any = None
    process: Any = None
    payload: Raw = Raw(b"null")


_decode = msgspec.json.Decoder(_Line).decode


class _Counts(Struct):
    """What became of the lines."""

    stored: int = 0
    duplicates: int = 0
    refused: int = 0
    unreadable: int = 0
    runs: int = 0


class _Refused(Struct):
    event_id: str | None = None
    message: str = ""


class _Verdict(Struct):
    accepted: int = 0
    duplicates: int = 0
    errors: list[_Refused] = []


Place = tuple[str | None, ...]


class _Sorter:
    """Gathers events into batches of one sender, each agent's in their order."""

    def __init__(self) -> None:
        self._batches: dict[Place, list[bytes]] = {}
        self._place_of: dict[str, Place] = {}
        self._count = 0

    def is_due(self, agent_id: str, place: Place) -> bool:
        """Whether what is gathered must go before an event of this agent: its window is full, or the agent changed."""
        return self._count >= _WINDOW_EVENTS or self._place_of.get(agent_id, place) != place

    def add(self, agent_id: str, place: Place, event: bytes) -> None:
        self._place_of[agent_id] = place
        self._batches.setdefault(place, []).append(event)
        self._count += 1

    def take(self) -> Iterator[tuple[Place, list[bytes]]]:
        """Everything gathered, in requests that a collector takes."""
        batches, self._batches, self._place_of, self._count = self._batches, {}, {}, 0
        for place, events in batches.items():
            batch, size = list[bytes](), 0
            for event in events:
                if batch and (len(batch) >= LIMITS["batch_events"] or size + len(event) > _MAX_BYTES):
                    yield place, batch
                    batch, size = [], 0
                batch.append(event)
                size += len(event) + 1
            yield place, batch


def import_events(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="What 'export' wrote; - is standard input.")],
    quiet: Quiet = False,
    url: Url = "http://127.0.0.1:8000",
    key: Key = None,
) -> None:
    """Send the events of an export to a collector. Doing it again changes nothing: events are stored once, by their id.

    Exits with 1 when a line cannot be read or an event is refused; everything else is stored all the same.
    """
    from .client import Client, ClientError

    try:
        client = Client(url, key)
        with _opened(source) as file, progress_bar("importing", quiet=quiet) as advance:
            counts = _import(client, file, None if str(source) == "-" else source.stat().st_size, advance)
    except ClientError as error:
        raise fail(str(error), code=1) from None
    except OSError as error:
        raise fail(f"cannot read {source}: {error.strerror or error}") from None
    more = [
        f"{counts.duplicates:,} were there already",
        f"{counts.refused:,} refused",
        f"{counts.unreadable:,} unreadable lines",
    ]
    kept = [
        text
        for text, number in zip(more, (counts.duplicates, counts.refused, counts.unreadable), strict=True)
        if number
    ]
    kept += [f"{counts.runs:,} runs left out (they follow from the events)"] if counts.runs else []
    say(", ".join([f"imported {counts.stored:,} events", *kept]), quiet=quiet)
    if counts.refused or counts.unreadable:
        raise typer.Exit(1)


def _opened(source: Path) -> BinaryIO:
    return sys.stdin.buffer if str(source) == "-" else source.open("rb")


def _import(client: Client, file: BinaryIO, size: int | None, advance: Callable[[int, int], None]) -> _Counts:
    counts, sorter, done = _Counts(), _Sorter(), 0

    def send() -> None:
        for place, batch in sorter.take():
            _send(client, place, batch, counts)
        advance(done, size or 0)

    for number, line in enumerate(iter(lambda: file.readline(_MAX_LINE), b""), 1):
        done += len(line)
        if not line.strip():
            continue
        read = _read(line, number, counts)
        if read is None:
            continue
        agent_id, place, event = read
        if sorter.is_due(agent_id, place):
            send()
        sorter.add(agent_id, place, event)
    send()
    return counts


def _read(line: bytes, number: int, counts: _Counts) -> tuple[str, Place, bytes] | None:
    """The agent, the sender and the event of a line; None for one that holds no event."""
    try:
        told = _decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        told = _Line()
    if told.record in ("run", "end"):
        counts.runs += told.record == "run"
        return None
    agent_id = told.agent_id
    if not isinstance(agent_id, str) or not agent_id:
        counts.unreadable += 1
        if counts.unreadable <= _TELL:
            say(f"line {number} holds no event: send one JSON object a line, with an agent_id")
        return None
    place = tuple(value if isinstance(value := getattr(told, name), str) else None for name in _ENVELOPE)
    told.record = None
    for name in _ENVELOPE:
        setattr(told, name, None)
    return agent_id, place, _encode(told)


def _send(client: Client, place: Place, batch: list[bytes], counts: _Counts) -> None:
    *origin, process = place
    first: str = msgspec.json.decode(batch[0])["agent_id"]
    envelope: dict[str, Any] = {"agent_id": first, **dict(zip(_ENVELOPE, origin, strict=False))}
    body = b'{"envelope":%b,"events":[%b]}' % (_encode(envelope), b",".join(batch))
    headers = {"Content-Type": "application/json"}
    if process is not None and process.isascii() and process.isprintable():
        headers["X-HiveLoop-Client"] = f"{process}:0"
    for _ in range(_TRIES):
        answer = client.send("POST", "/v1/ingest", body, headers)
        if answer.status not in (429, 503):
            break
        wait = answer.headers.get("retry-after", "1")
        time.sleep(min(30, int(wait)) if wait.isdigit() else 1)
    if answer.status == 413 and len(batch) > 1:
        half = len(batch) // 2
        _send(client, place, batch[:half], counts)
        _send(client, place, batch[half:], counts)
        return
    client.require_success(answer)
    verdict = msgspec.json.decode(answer.body, type=_Verdict)
    counts.stored += verdict.accepted - verdict.duplicates
    counts.duplicates += verdict.duplicates
    for refused in verdict.errors[: max(0, _TELL - counts.refused)]:
        say(f"event {refused.event_id} was refused: {refused.message}")
    counts.refused += len(verdict.errors)
