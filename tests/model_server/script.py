"""What a scripted model says: scripts, their turns, and the faults that may come before an answer."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Stop = Literal["end", "length", "refusal"]


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Tokens of one answer. ``tokens_in`` includes cached ones, ``tokens_out`` includes reasoning."""

    tokens_in: int
    tokens_out: int
    cache_read: int = 0
    cache_creation: int = 0
    reasoning: int = 0

    @property
    def uncached(self) -> int:
        return self.tokens_in - self.cache_read - self.cache_creation


@dataclass(frozen=True)
class Call:
    """One tool call the model asks for."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """An HTTP error instead of an answer, worded as the provider words it.

    ``times`` is how often it comes before the turn's answer; ``None`` means always.
    """

    status: int
    message: str
    kind: str | None = None
    retry_after_seconds: float | None = None
    times: int | None = None


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One answer: text, tool calls or both, and what it cost.

    ``usage=None`` leaves the usage out of a stream, as some gateways do.
    ``breaks_off`` ends a stream in the middle without its closing events.
    """

    text: str = ""
    calls: tuple[Call, ...] = ()
    usage: Usage | None = None
    stop: Stop = "end"
    fault: Fault | None = None
    breaks_off: bool = False


@dataclass(frozen=True, kw_only=True)
class Script:
    """The answers to one conversation, found by model and by a piece of its first user message.

    The turn is the number of answers the conversation already holds, so that a script is stateless:
    repeating a request repeats the answer, whatever else the server is asked meanwhile.
    """

    model: str
    about: str
    turns: tuple[Turn, ...]
    #: The dated name the provider answers with.
    answered_by: str | None = None

    def identifier(self, prefix: str, turn: int, part: str = "", length: int = 24) -> str:
        """An id in the provider's style that is the same in every recording."""
        digest = hashlib.sha256(f"{self.model}|{self.about}|{turn}|{part}".encode()).hexdigest()
        return f"{prefix}{digest[:length]}"
