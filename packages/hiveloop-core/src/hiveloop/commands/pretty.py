"""One request of an audit for people: indented, what was redacted or cut marked."""

from __future__ import annotations

from typing import Any

import msgspec

from .terminal import Paint, plain
from .totals import note_of

__all__ = ["Pretty"]


class Pretty:
    """Turns requests into text. Nothing is left out; what is added stands behind an arrow."""

    def __init__(self, paint: Paint) -> None:
        self._paint = paint
        self._requests = 0

    def request(self, body: bytes, marks: tuple[str, ...]) -> str:
        """A head, the envelope, each event."""
        request = msgspec.json.decode(body)
        self._requests += 1
        events = request["events"]
        head = f"── request {self._requests}: {len(events):,} events, {len(body):,} bytes"
        lines = [
            self._paint(head, "bold"),
            self._paint("envelope", "dim"),
            *self._tree(request["envelope"], marks),
        ]
        for number, event in enumerate(events, 1):
            lines += [self._paint(f"event {number} of {len(events)}", "dim"), *self._tree(event, marks)]
        return "\n".join([*lines, "", ""])

    def _tree(self, value: Any, marks: tuple[str, ...]) -> list[str]:
        text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
        return [self._line(plain(line), marks) for line in text.split("\n")]

    def _line(self, line: str, marks: tuple[str, ...]) -> str:
        _, _, value = line.strip().rstrip(",").rpartition('": "')
        note = note_of(value.removesuffix('"'), marks)
        return line if note is None else self._paint(f"{line}  ← {note}", "yellow")
