"""Built-in middleware: ``init(middleware=[Redact(), Sample(0.1), DropContent()])``, applied in order to every event."""

from __future__ import annotations

import re
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

from ._locks import Lock
from ._rebuild import UNCHANGED, rebuilt
from ._sanitize import plain_payload
from .errors import HiveLoopConfigError
from .events import Event, TaskCompleted, TaskFailed

__all__ = ["CONTENT_KEYS", "DropContent", "Redact", "Sample"]

DEFAULT_KEYS = (
    "password",
    "passwd",
    "secret",
    "api_key",
    "apikey",
    "access_token",
    "refresh_token",
    "token",
    "authorization",
    "cookie",
    "private_key",
    "credit_card",
    "ssn",
)

#: Payload keys whose values are what people or models wrote, asked or got back.
CONTENT_KEYS = frozenset(
    {
        "args",
        "arguments",
        "comment",
        "conclusion",
        "content",
        "documents",
        "evidence",
        "input",
        "inputs",
        "key_or_query",
        "output",
        "prompt",
        "prompt_preview",
        "query",
        "reasoning",
        "response",
        "response_body",
        "response_preview",
        "result",
        "result_preview",
        "thought",
    }
)


class Redact:
    """Mask values: those under a key named in ``keys`` (any depth, any case) and whatever matches one of ``patterns``.

    A key is also found inside text that holds ``"key": "value"`` or ``key=value``: prompts and results often do.
    ``patterns`` are regular expressions, searched in every string of the payload, before long ones are cut. Ids of
    tasks, actions and agents are left alone: they link events. ``replace`` is what stands there instead.
    """

    def __init__(
        self,
        keys: Iterable[str] = DEFAULT_KEYS,
        patterns: Iterable[str | re.Pattern[str]] = (),
        replace: str = "[redacted]",
    ) -> None:
        if isinstance(keys, str) or isinstance(patterns, str):
            raise HiveLoopConfigError("Redact: keys and patterns are lists, wrap a single one in [ ]")
        self._keys = frozenset(str(key).lower() for key in keys)
        try:
            self._patterns = tuple(re.compile(pattern) for pattern in patterns)
        except (re.error, TypeError) as error:
            raise HiveLoopConfigError(f"Redact: patterns must be regular expressions: {error}") from None
        #: What stands in place of what was found.
        self.replace = str(replace)
        self._assignment = _assignment(self._keys)

    def __call__(self, event: Event) -> Event:
        event.payload = rebuilt(event.payload, self._visit)
        return event

    def _visit(self, key: str, value: Any) -> Any:
        if key.strip().lower() in self._keys:
            return self.replace
        return self.scrub(value) if isinstance(value, str) else UNCHANGED

    def scrub(self, text: str) -> str:
        """The text with everything masked that a key or a pattern finds in it."""
        for pattern in self._patterns:
            text = pattern.sub(lambda _: self.replace, text)
        if self._assignment is not None and (":" in text or "=" in text):
            text = self._assignment.sub(lambda found: f"{found[1]}{self.replace}", text)
        return text


def _assignment(keys: Iterable[str]) -> re.Pattern[str] | None:
    """Finds ``"key": "value"``, ``'key': value`` and ``key=value`` in text; the first group is all before the value."""
    names = "|".join(re.escape(key) for key in sorted(keys, key=len, reverse=True) if key)
    if not names:
        return None
    quote = r"(?:\\?[\"'])?"
    value = (
        r'"(?:[^"\\]|\\.)*(?:"|$)'  # a string, or what a cut left of it
        r'|\\"(?:[^"\\]|\\[^"])*(?:\\"|$)'  # the same inside a string
        r"|'[^']*(?:'|$)"
        r"|(?:(?:bearer|basic|token)\s+)?[^\s,;&\"'}\])]+"
    )
    return re.compile(rf"(?<![\w-])({quote}(?:{names}){quote}\s*[:=]\s*)(?:{value})", re.IGNORECASE)


class DropContent:
    """Remove what people and models said: prompts, responses, arguments, results, documents. Numbers and names stay."""

    def __init__(self, keys: Iterable[str] = CONTENT_KEYS) -> None:
        self._keys = frozenset(keys)

    def __call__(self, event: Event) -> Event:
        event.payload = rebuilt(event.payload, self._visit)
        return event

    def _visit(self, key: str, value: Any) -> Any:
        return None if key in self._keys else UNCHANGED


class Sample:
    """Keep a share of the tasks, whole: ``rate`` from 0 to 1, decided by task id, so that all processes agree.

    With ``keep_failures`` the events of the other tasks are held back, in bounded memory, and sent after all when the
    task fails. Events outside tasks are always sent. What is not sent in the end is counted as ``sampled``.
    """

    MAX_TASKS = 256
    MAX_EVENTS = 500

    def __init__(self, rate: float, keep_failures: bool = True) -> None:
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate <= 1:
            raise HiveLoopConfigError(f"Sample: rate must be from 0 to 1, got {rate!r:.80}")
        self._rate = rate
        self._keep_failures = keep_failures
        self._held: OrderedDict[tuple[str, str | None], list[Event]] = OrderedDict()
        self._lock = Lock()
        self._count_drop: Callable[[str, int], None] = lambda reason, events: None

    def count_drops_with(self, count_drop: Callable[[str, int], None]) -> None:
        """Called by the pipeline: what is held back is not dropped yet, so this counts for itself."""
        self._count_drop = count_drop

    def __call__(self, event: Event) -> Event | list[Event] | None:
        if event.task_id is None or self._is_kept(event.task_id):
            return event
        if not self._keep_failures:
            self._count_drop("sampled", 1)
            return None
        key = (event.task_id, event.task_run_id)
        with self._lock:
            if isinstance(event, TaskFailed):
                return [*self._held.pop(key, []), event]
            if isinstance(event, TaskCompleted):
                self._count_drop("sampled", len(self._held.pop(key, [])) + 1)
                return None
            self._hold(key, event)
        return None

    def _is_kept(self, task_id: str) -> bool:
        return zlib.crc32(task_id.encode("utf-8", "replace")) < self._rate * 2**32

    def _hold(self, key: tuple[str, str | None], event: Event) -> None:
        held = self._held.setdefault(key, [])
        if len(held) < self.MAX_EVENTS:
            # What the event refers to may change before it is sent, so it is snapshotted here.
            event.payload = plain_payload(event.payload)
            held.append(event)
        else:
            self._count_drop("sampled", 1)
        if len(self._held) > self.MAX_TASKS:
            self._count_drop("sampled", len(self._held.popitem(last=False)[1]))
