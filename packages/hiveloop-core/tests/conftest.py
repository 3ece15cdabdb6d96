"""Every test starts and ends without a running client; those of the transport get a collector to torture it with."""

from __future__ import annotations

from collections.abc import Iterator

import hiveloop
import pytest
from hiveloop import _arguments, _custom, _http, _safety, _sender

from .fault_sink import FaultSink
from .faults import healthy


@pytest.fixture(autouse=True)
def _clean_slate() -> Iterator[None]:
    hiveloop.reset()
    _safety.swallowed.clear()
    _arguments._said.clear()
    _custom._said.clear()
    yield
    hiveloop.reset()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Patience of the transport in fractions of a second."""
    monkeypatch.setattr(_sender, "FIRST_BACKOFF_SECONDS", 0.02)
    monkeypatch.setattr(_sender, "MAX_BACKOFF_SECONDS", 0.1)
    monkeypatch.setattr(_sender, "MAX_REFUSED_BACKOFF_SECONDS", 0.1)
    monkeypatch.setattr(_sender, "HURRY_SECONDS", 0.02)
    monkeypatch.setattr(_sender, "GIVE_UP_SECONDS", 0.3)
    monkeypatch.setattr(_http, "READ_TIMEOUT_SECONDS", 1.0)


@pytest.fixture
def sink(quick: None) -> Iterator[FaultSink]:
    """A collector that can be told to fail. Whatever it was told: nothing malformed may ever reach it."""
    with FaultSink() as collector:
        yield collector
        collector.become(healthy)
        collector.open_port()
        hiveloop.reset()
        assert collector.violations == []
