"""What a faulty collector does with a request: one function a fault."""

from __future__ import annotations

import datetime
import json
import time
from collections.abc import Callable
from email.utils import format_datetime
from typing import Any, NamedTuple

MAX_EVENTS = 500
MAX_BYTES = 1_048_576

#: What a reply does to its connection.
ANSWER, HANG, RESET, CUT = "answer", "hang", "reset", "cut"


class Request(NamedTuple):
    """One request as it came; ``events`` are those of its body, inflated."""

    at: float
    method: str
    path: str
    headers: dict[str, str]
    size: int
    envelope: dict[str, Any]
    events: list[dict[str, Any]]


class Reply(NamedTuple):
    """``rejects`` are ids not to store although the status says 2xx."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    fate: str = ANSWER
    stores: bool = False
    rejects: frozenset[str] = frozenset()


#: What the collector does with a request.
Behaviour = Callable[[Request], Reply]


def _stored(request: Request, rejects: frozenset[str] = frozenset(), *, named: bool = True) -> Reply:
    errors = [
        {"event_id": event_id, "error": "invalid_field", "message": "not liked"}
        for event_id in sorted(rejects)
    ]
    body = {
        "accepted": len(request.events) - len(rejects),
        "rejected": len(rejects),
        "duplicates": 0,
        "errors": errors if named else [],
        "warnings": [],
    }
    return Reply(207 if rejects else 200, json.dumps(body).encode(), stores=True, rejects=rejects)


def _error(status: int, code: str, headers: tuple[tuple[str, str], ...] = (), **details: Any) -> Reply:
    body = {"error": code, "message": f"{code} on purpose", "status": status, "details": details}
    return Reply(status, json.dumps(body).encode(), headers)


def healthy(request: Request) -> Reply:
    """Everything is stored."""
    return _stored(request)


def black_hole(request: Request) -> Reply:
    """Reads and never answers, until it is told to do something else."""
    return Reply(0, fate=HANG)


def answering(status: int) -> Behaviour:
    """Always this error."""
    return lambda request: _error(status, "on_purpose")


def busy(retry_after: str | None = None, **details: Any) -> Behaviour:
    """429, naming the time in the header, in the body, or not at all."""
    headers = () if retry_after is None else (("Retry-After", retry_after),)
    return lambda request: _error(429, "rate_limited", headers, **details)


def http_date(seconds_from_now: float) -> str:
    """An HTTP date (whole seconds)."""
    moment = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds_from_now)
    return format_datetime(moment, usegmt=True)


def limited(max_events: int = MAX_EVENTS, max_bytes: int = MAX_BYTES) -> Behaviour:
    """413 above these."""

    def behave(request: Request) -> Reply:
        if len(request.events) > max_events or request.size > max_bytes:
            return _error(413, "too_large", max_events=max_events, max_bytes=max_bytes)
        return _stored(request)

    return behave


def _is_marked(event: dict[str, Any], mark: str) -> bool:
    return mark in json.dumps(event)


def poisoned(mark: str, status: int = 400) -> Behaviour:
    """The whole batch is refused while it holds an event with this mark."""

    def behave(request: Request) -> Reply:
        if any(_is_marked(event, mark) for event in request.events):
            return _error(status, "bad_request")
        return _stored(request)

    return behave


def partial(mark: str, *, named: bool = True) -> Behaviour:
    """207: marked events are rejected one by one, the others stored. Unnamed: the answer does not say which."""

    def behave(request: Request) -> Reply:
        marked = frozenset(str(event["event_id"]) for event in request.events if _is_marked(event, mark))
        return _stored(request, marked, named=named)

    return behave


def reset(*, stores: bool) -> Behaviour:
    """The connection breaks before or after the batch was stored; nothing is answered."""
    return lambda request: Reply(0, fate=RESET, stores=stores)


def truncated(request: Request) -> Reply:
    """Stored, but the answer breaks off half way."""
    return _stored(request)._replace(fate=CUT)


def garbage(request: Request) -> Reply:
    """Not stored, and 200 with a page instead of an answer: a login portal."""
    return Reply(200, b"<html><body>Please sign in</body></html>", (("Content-Type", "text/html"),))


def miscounting(request: Request) -> Reply:
    """200 in the right shape for fewer events than were sent, and none stored."""
    return Reply(200, b'{"accepted": 0, "rejected": 0, "errors": []}')


def redirecting(status: int, location: str) -> Behaviour:
    """3xx to somewhere else."""
    return lambda request: Reply(status, b"", (("Location", location),))


def slow(seconds: float) -> Behaviour:
    """Stored, and answered late."""

    def behave(request: Request) -> Reply:
        time.sleep(seconds)
        return _stored(request)

    return behave


_GZIP = (("X-HiveBoard-Accept-Encoding", "gzip"),)


def advertising(encodings: str) -> Behaviour:
    """Takes compressed bodies and says so."""
    headers = (("X-HiveBoard-Accept-Encoding", encodings),)
    return lambda request: _stored(request)._replace(headers=headers)


def refusing_gzip(status: int) -> Behaviour:
    """Says that it takes gzip, and then answers this to it."""

    def behave(request: Request) -> Reply:
        if "content-encoding" in request.headers:
            return _error(status, "unsupported", _GZIP)
        return _stored(request)._replace(headers=_GZIP)

    return behave


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """One after the other, request by request; the last one stays."""
    left = list(behaviours)
    return lambda request: (left.pop(0) if len(left) > 1 else left[0])(request)
