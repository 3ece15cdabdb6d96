"""The end of an audit: how much, of which kinds, what was dropped and redacted, and which keys hold text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from hiveloop._runtime import Session
from hiveloop.middleware import CONTENT_KEYS, Redact

from .terminal import plain

__all__ = ["Totals", "marks_of", "note_of"]

_MOST_ROWS = 40
#: What the SDK itself puts in place of what it leaves out.
_CUT = re.compile(r"…\[\+\d+ chars\]$")


def marks_of(sessions: Iterable[Session]) -> tuple[str, ...]:
    """What ``Redact`` puts in place of what it finds, in these sessions."""
    found = [
        step.replace
        for session in sessions
        for step in session.pipeline.middleware
        if isinstance(step, Redact) and step.replace
    ]
    return tuple(dict.fromkeys(found))


def note_of(text: str, marks: tuple[str, ...]) -> str | None:
    """What was done to this text, where something was."""
    if any(mark in text for mark in marks):
        return "redacted"
    if text == "payload withheld: a middleware failed":
        return "withheld"
    return "cut" if _CUT.search(text) else None


class Totals:
    """Counts of everything shown."""

    def __init__(self) -> None:
        self.processes = 1
        self._requests = self._events = self._bytes = 0
        self._kinds: Counter[str] = Counter()
        self._agents: dict[str, None] = {}
        #: ``kind: key`` → events with text there, and the longest, in characters.
        self._texts: dict[str, tuple[int, int]] = {}
        self._notes: dict[str, Counter[str]] = {}

    def add(self, body: bytes, marks: tuple[str, ...]) -> None:
        """One request."""
        request = msgspec.json.decode(body)
        self._requests += 1
        self._bytes += len(body)
        self._agents[str(request["envelope"].get("agent_id"))] = None
        for event in request["events"]:
            self._events += 1
            payload = event.get("payload") or {}
            kind = str(payload.get("kind") if event["event_type"] == "custom" else event["event_type"])
            self._kinds[kind] += 1
            for path, text in _texts_in(payload, ""):
                if path != "kind":
                    self._note(f"{kind}: {path}", text, marks)

    def _note(self, place: str, text: str, marks: tuple[str, ...]) -> None:
        count, longest = self._texts.get(place, (0, 0))
        self._texts[place] = count + 1, max(longest, len(text))
        note = note_of(text, marks)
        if note is not None:
            self._notes.setdefault(note, Counter())[place] += 1

    def text(self, sessions: list[Session]) -> str:
        """For people."""
        lines = ["", "hiveloop audit: nothing was sent."]
        if not sessions and not self._events:
            lines.append("  Nothing would have been: the script did not call hiveloop.init().")
            return "\n".join(lines)
        requests = "1 request" if self._requests == 1 else f"{self._requests:,} requests"
        size = f"{self._events:,} in {requests}, {self._bytes:,} bytes before compression"
        processes = f", from {self.processes} processes" if self.processes > 1 else ""
        kinds = ", ".join(f"{kind} {count:,}" for kind, count in self._kinds.most_common())
        lines += [
            f"  events:     {size}{processes}",
            f"  meant for:  {_endpoints(sessions)}",
            f"  agents:     {', '.join(self._agents) or 'none'}",
            f"  kinds:      {kinds or 'none'}",
            f"  dropped:    {_drops(sessions)}",
            f"  middleware: {_middleware(sessions)}",
        ]
        for note, places in sorted(self._notes.items()):
            told = ", ".join(f"{place} ({count:,})" for place, count in places.most_common(_MOST_ROWS))
            lines.append(f"  {note + ':':<11} {told}")
        return plain("\n".join([*lines, *self._text_rows()]))

    def _text_rows(self) -> Iterator[str]:
        if not self._texts:
            yield "  No payload holds text."
            return
        yield "  Keys that hold text (times, longest in characters; * stays here with capture_content=False):"
        rows = sorted(self._texts.items(), key=lambda item: (-item[1][1], item[0]))
        for place, (count, longest) in rows[:_MOST_ROWS]:
            yield f"  {'*' if _is_content(place) else ' '} {place}  {count:,}×, {longest:,}"
        if len(rows) > _MOST_ROWS:
            yield f"    … {len(rows) - _MOST_ROWS} more"


def _texts_in(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Every text below, with its keys; items of a list share one."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts_in(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for item in value:
            yield from _texts_in(item, f"{path}[]")


def _is_content(place: str) -> bool:
    _, _, path = place.partition(": ")
    return any(key.removesuffix("[]") in CONTENT_KEYS for key in path.split("."))


def _endpoints(sessions: list[Session]) -> str:
    told = [session.collector[0] for session in sessions if session.collector is not None]
    return ", ".join(dict.fromkeys(told)) or "unknown"


def _drops(sessions: list[Session]) -> str:
    dropped: Counter[str] = Counter()
    for session in sessions:
        if session.buffer is not None:
            dropped.update(session.buffer.dropped())
    return ", ".join(f"{reason} {count:,}" for reason, count in sorted(dropped.items())) or "none"


def _middleware(sessions: list[Session]) -> str:
    names = [
        getattr(step, "__name__", type(step).__name__)
        for session in sessions
        for step in session.pipeline.middleware
    ]
    return ", ".join(dict.fromkeys(map(str, names))) or "none"
