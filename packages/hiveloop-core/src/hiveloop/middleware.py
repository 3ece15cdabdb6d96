"""Built-in middleware: ``init(middleware=[Redact(), Sample(0.1), DropContent()])``, applied in order to every event."""

from __future__ import annotations

import re
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from ._locks import Lock
from ._sanitize import is_plain, plain_payload
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

    ``patterns`` are regular expressions, searched in every string of the payload. Ids of tasks, actions and agents
    are left alone: they link events. ``replace`` is what stands there instead.
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
        self._replace = str(replace)

    def __call__(self, event: Event) -> Event:
        event.payload = _rebuild(event.payload, self._visit)
        return event

    def _visit(self, key: str, value: Any) -> Any:
        if key.lower() in self._keys:
            return self._replace
        if isinstance(value, str):
            for pattern in self._patterns:
                value = pattern.sub(lambda _: self._replace, value)
            return value
        return _UNCHANGED


class DropContent:
    """Remove what people and models said: prompts, responses, arguments, results, documents. Numbers and names stay."""

    def __init__(self, keys: Iterable[str] = CONTENT_KEYS) -> None:
        self._keys = frozenset(keys)

    def __call__(self, event: Event) -> Event:
        event.payload = _rebuild(event.payload, self._visit)
        return event

    def _visit(self, key: str, value: Any) -> Any:
        return None if key in self._keys else _UNCHANGED


class _Unchanged:
    """Marker: descend into this value."""


_UNCHANGED = _Unchanged()


def _rebuild(payload: Any, visit: Callable[[str, Any], Any]) -> Any:
    """The payload with ``visit(key, value)`` applied at every key; typed payloads keep their type."""
    if payload is None:
        return None
    return _walk("", payload if is_plain(payload) else plain_payload(payload), visit)


def _walk(key: str, value: Any, visit: Callable[[str, Any], Any]) -> Any:
    changed = visit(key, value)
    if changed is not _UNCHANGED:
        return changed
    if isinstance(value, dict):
        walked = {_key(name, visit): _walk(name, item, visit) for name, item in value.items()}
        return {name: item for name, item in walked.items() if item is not None or value.get(name) is None}
    if isinstance(value, list | tuple):
        return [_walk("", item, visit) for item in value]
    if isinstance(value, msgspec.Struct):
        return type(value)(**{f: _walk(f, getattr(value, f), visit) for f in value.__struct_fields__})
    return value


def _key(name: str, visit: Callable[[str, Any], Any]) -> str:
    """A key is text too: ``{"jane@example.com": 1}`` must not slip through."""
    changed = visit("", name)
    return changed if isinstance(changed, str) else name


class Sample:
    """Keep a share of the tasks, whole: ``rate`` from 0 to 1, decided by task id, so that all processes agree.

    With ``keep_failures`` the events of the other tasks are held back, in bounded memory, and sent after all when the
    task fails. Events outside tasks are always sent.
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

    def __call__(self, event: Event) -> Event | list[Event] | None:
        if event.task_id is None or self._is_kept(event.task_id):
            return event
        if not self._keep_failures:
            return None
        key = (event.task_id, event.task_run_id)
        with self._lock:
            if isinstance(event, TaskFailed):
                return [*self._held.pop(key, []), event]
            if isinstance(event, TaskCompleted):
                self._held.pop(key, None)
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
        if len(self._held) > self.MAX_TASKS:
            self._held.popitem(last=False)
