"""More connections than the collector holds: the silent make room, the busy are left alone, nobody gets a bare 503."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hiveboard.connection import Connection

from .conftest import Collector, recent, running
from .test_connection import answer_of, open_to, until_closed

_HEALTH = b"GET /v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
_FOLLOW = b"GET /v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
def crowded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """A collector that holds four connections."""
    monkeypatch.setattr(Connection, "max_connections", 4)
    with running(tmp_path / "store.db") as made:
        yield made


def ask(client: socket.socket, request: bytes = _HEALTH) -> bytes:
    """What is answered; of a stream that never ends, its first piece."""
    client.sendall(request)
    seen = client.recv(65536)
    while request == _HEALTH and seen and not seen.endswith(b"}"):
        seen += client.recv(65536)
    return seen


def test_those_silent_longest_make_room(crowded: Collector) -> None:
    with contextlib.ExitStack() as stack:
        first, *others = [stack.enter_context(open_to(crowded)) for _ in range(4)]
        for client in (*others, first):
            assert ask(client).startswith(b"HTTP/1.1 200")
        assert ask(stack.enter_context(open_to(crowded))).startswith(b"HTTP/1.1 200")
        assert until_closed(others[0]) == b""
        for client in (first, *others[1:]):
            assert ask(client).startswith(b"HTTP/1.1 200"), "it spoke later, so it stays"


def test_any_number_of_silent_connections_keeps_nobody_out(crowded: Collector) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(open_to(crowded))
        assert crowded.get("/v1/health").status == 200
        assert crowded.store([recent("heartbeat")])["accepted"] == 1


def test_half_a_head_is_no_more_than_silence(crowded: Collector) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(open_to(crowded)).sendall(b"GET /v1/health HTTP/1.1\r\nX-Slow: ")
        assert crowded.get("/v1/health").status == 200


def test_where_all_are_busy_the_next_is_told_when_to_come_back(crowded: Collector) -> None:
    with contextlib.ExitStack() as stack:
        busy = [stack.enter_context(open_to(crowded)) for _ in range(4)]
        for client in busy:
            assert ask(client, _FOLLOW).startswith(b"HTTP/1.1 200")
        for _ in range(3):
            late = stack.enter_context(open_to(crowded))
            late.sendall(_HEALTH)
            raw = until_closed(late)
            assert b"\r\nretry-after: 2\r\n" in raw.lower()
            status, envelope = answer_of(raw)
            assert (status, envelope["error"], envelope["status"]) == (429, "rate_limit_exceeded", 429)
            assert envelope["details"] == {"retry_after_seconds": 2}
        busy[0].close()
        stack.enter_context(open_to(crowded))
        deadline = iter(range(2_000))
        while crowded.get("/v1/health").status != 200:
            assert next(deadline) < 1_999, "there is room again"
