"""Endpoints for SDKs to talk to: the counting sink, one where nobody listens, one that takes and never answers."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.environments import ROOT, clean_variables

__all__ = ["Sink", "black_hole", "counting_sink", "dead_end"]

_open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
_TIMEOUT_SECONDS = 20


class Sink:
    """The counting sink; ``counts`` has requests, wire_bytes, raw_bytes and events."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def counts(self) -> dict[str, int]:
        with _open(f"{self.url}/counts", timeout=_TIMEOUT_SECONDS) as answer:
            return dict(json.load(answer))

    def clear(self) -> None:
        _open(urllib.request.Request(f"{self.url}/counts", method="DELETE"), timeout=_TIMEOUT_SECONDS).close()


@contextmanager
def counting_sink() -> Iterator[Sink]:
    """A sink in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.sink"],
        cwd=ROOT,
        env=clean_variables(),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield Sink(int(process.stdout.readline()))
    finally:
        process.kill()
        process.wait()


@contextmanager
def dead_end() -> Iterator[str]:
    """An address that refuses connections: bound, so that nobody else gets the port, and not listening."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


@contextmanager
def black_hole() -> Iterator[str]:
    """An address that accepts connections (the kernel does) and never reads or answers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(128)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
