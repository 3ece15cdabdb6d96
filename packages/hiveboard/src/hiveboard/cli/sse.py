"""Reading server-sent events: messages out of bytes that come in pieces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

__all__ = ["Message", "messages"]

_MAX_MESSAGE = 4 * 1024 * 1024


class Message(NamedTuple):
    """One message: its name, its data, and the id to resume after (None: there was none yet)."""

    name: str
    data: str
    last_id: str | None


def messages(chunks: Iterable[bytes]) -> Iterator[Message]:
    """The messages of a stream. One without an end that grows beyond 4 MB raises ValueError."""
    name, data, last_id = "message", list[str](), None
    for line in _lines(chunks):
        if not line:
            if data:
                yield Message(name, "\n".join(data), last_id)
            name, data = "message", []
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)
        elif field == "id":
            last_id = value


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line.removesuffix(b"\r").decode("utf-8", "replace")
        if len(rest) > _MAX_MESSAGE:
            raise ValueError("a message without an end")
