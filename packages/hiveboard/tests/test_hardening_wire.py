"""Hostile bytes on a socket: requests smuggled in others, paths that climb, clients that dawdle."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hiveboard.connection import Connection
from hiveboard.headers import SECURITY_HEADERS
from hiveboard.settings import Limits

from .conftest import LIVE, Collector, event, running
from .test_connection import open_to, until_closed
from .test_keys import until

KEY = f"Authorization: Bearer {LIVE}\r\n".encode()
_SMUGGLED = b"GET /v1/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"


def said(collector: Collector, raw: bytes) -> bytes:
    """What is answered until the connection is closed, or nothing more comes."""
    seen = b""
    with open_to(collector) as client:
        client.sendall(raw)
        client.settimeout(0.4 if b"\r\n\r\n" in raw and b"Connection: close" not in raw else 10)
        with contextlib.suppress(TimeoutError, ConnectionResetError):
            while chunk := client.recv(65536):
                seen += chunk
    return seen


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    with running(tmp_path_factory.mktemp("wire") / "s.db") as collector:
        yield collector


SMUGGLING = {
    "two lengths": b"Content-Length: 0\r\nContent-Length: 49\r\n",
    "the same length twice": b"Content-Length: 49\r\nContent-Length: 49\r\n",
    "a list of lengths": b"Content-Length: 0, 49\r\n",
    "length and chunks": b"Content-Length: 49\r\nTransfer-Encoding: chunked\r\n",
    "chunks and length": b"Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
    "a signed length": b"Content-Length: +0\r\n",
    "a negative length": b"Content-Length: -1\r\n",
    "a hexadecimal length": b"Content-Length: 0x31\r\n",
    "an endless length": b"Content-Length: " + b"9" * 40 + b"\r\n",
    "a space before the colon": b"Content-Length : 0\r\n",
    "chunks, spelled otherwise": b"Transfer-Encoding: xchunked\r\n",
    "chunks twice": b"Transfer-Encoding: chunked, identity\r\n",
    "a folded header": b"X: a\r\n Content-Length: 0\r\nTransfer-Encoding:\r\n chunked\r\n",
    "a bare line feed": b"X: a\nTransfer-Encoding: chunked\r\n",
    "a NUL": b"X: a\x00b\r\nContent-Length: 0\r\n",
    "a carriage return in a value": b"X: a\rContent-Length: 0\r\n",
}


@pytest.mark.parametrize("name", SMUGGLING)
def test_no_request_is_hidden_in_another(shared: Collector, name: str) -> None:
    """However the length is garbled: what follows is not answered as a request, or the whole is refused."""
    head = b"POST /v1/ingest HTTP/1.1\r\nHost: localhost\r\n" + KEY + SMUGGLING[name] + b"\r\n"
    seen = said(shared, head + _SMUGGLED)
    statuses = [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+)", seen)]
    assert len(statuses) <= 1, seen
    assert all(400 <= status < 500 for status in statuses), seen
    assert b"there is nothing at this address" not in seen, "the hidden request was answered"
    assert shared.get("/health").status == 200


def test_a_refusal_of_what_is_no_http_is_guarded_too(shared: Collector) -> None:
    head, _, body = said(shared, b"\x16\x03\x01\x02\x00\x01").partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400")
    for name, value in SECURITY_HEADERS.items():
        assert f"{name}: {value}".lower().encode() in head.lower()
    assert json.loads(body)["error"] == "invalid_http"


CLIMBING = [
    "/../../../../etc/passwd",
    "/assets/../../app.py",
    "/assets/..%2f..%2fapp.py",
    "/assets/%2e%2e/%2e%2e/app.py",
    "/assets/..%5c..%5capp.py",
    "/assets/..\\..\\app.py",
    "/assets/%252e%252e/%252e%252e/app.py",
    "//etc/passwd",
    "/etc/passwd",
    "/%2fetc%2fpasswd",
    "/assets/%00app.py",
    "/assets/index.js%00.html",
    "/.git/config",
    "/app.py",
    "/hiveboard.db",
    "/s.db",
    "/s.db-wal",
    "/index.html/..",
    "/assets//index.html",
    "http://localhost/etc/passwd",
    "file:///etc/passwd",
    "*",
    "/assets/",
    "/assets",
]


@pytest.mark.parametrize("path", CLIMBING)
def test_no_path_climbs_out_of_the_pages(shared: Collector, path: str) -> None:
    seen = said(shared, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    head, _, body = seen.partition(b"\r\n\r\n")
    status = int(head.split()[1])
    assert status in (200, 400, 404, 405), head
    assert b"root:" not in body
    assert b"SQLite format" not in body
    assert b"import " not in body[:200]
    if status == 200:
        assert b"text/html" in head, "only the page itself, whose addresses these may be"
        assert b"<title>HiveBoard" in body
    for name in SECURITY_HEADERS:
        assert name.lower().encode() in head.lower()


@pytest.mark.parametrize("version", ["HTTP/0.9", "HTTP/1.2", "HTTP/2.0", "HTTP/9.9", "HTTX/1.1", "http/1.1"])
def test_versions_of_http_that_are_none(shared: Collector, version: str) -> None:
    seen = said(shared, f"GET /health {version}\r\nHost: localhost\r\n\r\n".encode())
    assert seen == b"" or re.match(rb"HTTP/1\.[01] [24]", seen), seen


def test_a_request_of_http_1_0_is_answered_and_closed(shared: Collector) -> None:
    assert said(shared, b"GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n").startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "head",
    [
        b"Host: localhost\r\nHost: evil.example\r\n",
        b"Host: localhost@evil.example\r\n",
        b"Host: localhost.evil.example\r\n",
        b"Host: 127.0.0.1.evil.example\r\n",
        b"Host: [::1]evil.example\r\n",
        b"Host: evil.example:127.0.0.1\r\n",
        b"Host: \xff\r\n",
    ],
)
def test_no_name_is_taken_for_this_machine(shared: Collector, head: bytes) -> None:
    seen = said(shared, b"GET /v1/agents HTTP/1.1\r\n" + head + b"Connection: close\r\n\r\n")
    status = int(seen.split()[1])
    assert status in (400, 421), seen[:200]


def test_a_body_that_does_not_come_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Connection, "linger_seconds", 0.2)
    with running(tmp_path / "s.db", limits=Limits(body_timeout_seconds=0.2)) as collector:
        head = b"POST /v1/ingest HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n" + KEY + b"\r\n{"
        with open_to(collector) as client:
            client.sendall(head)
            seen = until_closed(client)
        assert seen.startswith(b"HTTP/1.1 408"), seen
        session = head.replace(b"/v1/ingest", b"/v1/session").replace(KEY, b"")
        with open_to(collector) as client:
            client.sendall(session)
            assert until_closed(client).startswith(b"HTTP/1.1 408")


def test_a_connection_that_says_nothing_more_is_closed(tmp_path: Path) -> None:
    with running(tmp_path / "s.db") as collector:
        collector.server.config.timeout_keep_alive = 0.2
        with open_to(collector) as client:
            client.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            seen = until_closed(client)
        assert seen.startswith(b"HTTP/1.1 200")


def test_a_client_that_does_not_read_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many answers asked for in one go and never read: the connection ends, others are served."""
    monkeypatch.setattr(Connection, "unread_seconds", 0.3)
    with running(tmp_path / "s.db") as collector:
        big = "x" * 30_000
        collector.store(
            [event("task_started", task_id=f"t{n}", payload={"summary": "s", "note": big}) for n in range(30)]
        )
        with open_to(collector) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.sendall(b"GET /v1/events?limit=200 HTTP/1.1\r\nHost: localhost\r\n\r\n" * 200)
            assert collector.get("/health").status == 200
            until(lambda: not _connected(collector, client))
        assert collector.get("/health").status == 200


def _connected(collector: Collector, client: socket.socket) -> bool:
    port = client.getsockname()[1]
    connections = list(collector.server.server_state.connections)
    return any((getattr(one, "client", None) or ("", 0))[1] == port for one in connections)


def test_who_sends_on_after_the_answer_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused for want of a key, and then a body without an end."""
    monkeypatch.setattr(Connection, "linger_seconds", 0.3)
    with running(tmp_path / "s.db", keys=(LIVE,)) as collector, open_to(collector) as client:
        client.sendall(b"POST /v1/ingest HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert client.recv(65536).startswith(b"HTTP/1.1 401")
        with pytest.raises(OSError):  # noqa: PT011 - the kind depends on what the kernel saw first
            for _ in range(1_000):
                client.sendall(b"4\r\nabcd\r\n")
                time.sleep(0.01)
