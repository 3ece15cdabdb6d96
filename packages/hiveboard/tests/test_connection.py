"""What a single connection may do to the collector: heads that are too large, never end, or are no HTTP at all."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hiveboard.connection import Connection

from .conftest import Collector, running

_HEAD = b"GET /v1/health HTTP/1.1\r\nHost: x\r\n"


def open_to(collector: Collector) -> socket.socket:
    address = urlsplit(collector.url)
    return socket.create_connection((address.hostname or "", address.port or 0), timeout=10)


def until_closed(client: socket.socket) -> bytes:
    seen = b""
    try:
        while chunk := client.recv(65536):
            seen += chunk
    except ConnectionResetError:
        pass  # what was sent beyond the refusal is not read
    return seen


def answer_of(raw: bytes) -> tuple[int, dict[str, object]]:
    head, _, body = raw.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


@pytest.fixture
def hasty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """A collector that waits 0.3 s for a head."""
    monkeypatch.setattr(Connection, "head_seconds", 0.3)
    with running(tmp_path / "store.db") as made:
        yield made


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(_HEAD + b"X-Long: " + b"a" * 70_000 + b"\r\n\r\n", id="one long header"),
        pytest.param(_HEAD + b"X-Many: 0123456789\r\n" * 4_000 + b"\r\n", id="many headers"),
        pytest.param(b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", id="a long path"),
        pytest.param(_HEAD + b"X-Endless: " + b"a" * 300_000, id="a header without an end"),
    ],
)
def test_a_head_that_is_too_large_is_refused(collector: Collector, head: bytes) -> None:
    with open_to(collector) as client:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            client.sendall(head)
        status, envelope = answer_of(until_closed(client))
    assert (status, envelope["error"]) == (431, "head_too_large")
    assert collector.get("/v1/health").status == 200


def test_a_large_head_that_fits_is_served(collector: Collector) -> None:
    assert collector.request("GET", "/v1/health", X_Long="a" * 60_000).status == 200


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", id="TLS"),
        pytest.param(b"GET /v1/\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n", id="a path that is not ASCII"),
        pytest.param(b"GET http://[::bad/ HTTP/1.1\r\nHost: x\r\n\r\n", id="a broken absolute address"),
        pytest.param(b"POST /v1/ingest HTTP/1.1\r\nContent-Length: -1\r\n\r\n", id="a negative length"),
        pytest.param(
            b"POST /v1/ingest HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
            id="two lengths",
        ),
        pytest.param(
            b"POST /v1/ingest HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            id="a bad chunk",
        ),
    ],
)
def test_what_is_no_http_gets_an_answer_that_is_no_5xx(collector: Collector, raw: bytes) -> None:
    with open_to(collector) as client:
        client.sendall(raw)
        seen = until_closed(client)
    assert seen.startswith(b"HTTP/1.1 4"), seen
    assert collector.get("/v1/health").status == 200


@pytest.mark.parametrize("said", [b"", b"\r\n", b"GET /v1/health HTTP/1.1\r\nX-Slow: ", _HEAD])
def test_a_head_that_does_not_come_ends_the_connection(hasty: Collector, said: bytes) -> None:
    with open_to(hasty) as client:
        client.sendall(said)
        assert until_closed(client) == b""


def test_a_head_that_trickles_has_no_more_time_than_any_other(hasty: Collector) -> None:
    with open_to(hasty) as client:
        started = time.monotonic()
        with pytest.raises(OSError):  # noqa: PT011 - the kind depends on what the kernel saw first
            while time.monotonic() - started < 10:
                client.sendall(b"a" if time.monotonic() - started > 0.05 else _HEAD[:1])
                time.sleep(0.02)
        assert time.monotonic() - started < 5


def test_a_connection_may_think_between_requests(hasty: Collector) -> None:
    with open_to(hasty) as client:
        for _ in range(3):
            client.sendall(_HEAD + b"\r\n")
            seen = b""
            while not seen.endswith(b"}"):
                seen += client.recv(65536)
            assert seen.startswith(b"HTTP/1.1 200")
            time.sleep(0.5)


def test_requests_that_arrive_together_are_answered_in_order(collector: Collector) -> None:
    with open_to(collector) as client:
        client.sendall((_HEAD + b"\r\n") * 2 + _HEAD + b"Connection: close\r\n\r\n")
        assert until_closed(client).count(b"HTTP/1.1 200") == 3
