"""Stopping a real process while somebody follows the live stream: soon, and without a word."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from .conftest import kind, recent

_SERVE = "from hiveboard.cli import main; main()"
_SECONDS = 20


@pytest.fixture
def process(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A collector of its own process, and its address."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HIVEBOARD_")}
    command = [sys.executable, "-c", _SERVE, "serve", "--port", "0", "--store", str(tmp_path / "s.db")]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as made:
        try:
            assert made.stdout is not None
            yield made, made.stdout.readline().strip()
        finally:
            made.kill()


def follow(url: str) -> socket.socket:
    """An open stream of which nothing but its beginning has been read."""
    address = urlsplit(url)
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(20)
    client.connect((address.hostname, address.port))
    client.sendall(b"GET /v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    read_until(client, b": connected")
    return client


def read_until(client: socket.socket, sign: bytes) -> None:
    seen = b""
    while sign not in seen:
        chunk = client.recv(1024)
        assert chunk, seen
        seen += chunk


def flood(url: str) -> None:
    """Far more events than the buffers between the collector and a client hold."""
    for _ in range(12):
        text = {"x": "y" * 2000}
        events = [kind("note", data=text) | {"timestamp": recent()["timestamp"]} for _ in range(400)]
        batch = json.dumps({"envelope": {"agent_id": "a"}, "events": events}).encode()
        request = urllib.request.Request(
            url + "/v1/ingest",
            batch,
            {"Authorization": "Bearer hb_live_x", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            assert answer.status == 200


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("reads", [True, False])
def test_an_open_stream_does_not_hold_the_process_up(
    process: tuple[subprocess.Popen[str], str], asked: signal.Signals, reads: bool
) -> None:
    running, url = process
    with follow(url) as client:
        if not reads:
            flood(url)
            read_until(client, b"event.new")
        running.send_signal(asked)
        if reads:
            # The last chunk is empty: the stream came to its end, nobody cut it off.
            read_until(client, b"0\r\n\r\n")
        _, said = running.communicate(timeout=_SECONDS)
    # A client that does not read would cost the whole grace, and a traceback in the log.
    assert said == ""
