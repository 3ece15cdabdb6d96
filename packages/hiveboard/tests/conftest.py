"""A real collector on a free port, and builders of batches, for every test of the package."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import urllib3
import uvicorn
from hiveboard.app import create_app, make_services
from hiveboard.boundary import SafetyBoundary
from hiveboard.instant import format_instant, now_us
from hiveboard.routes.table import Services
from hiveboard.server import bind, configure, url_of
from hiveboard.settings import MEMORY, Limits, Settings

# Tests that every store runs are no test modules: their assertions explain themselves when that is asked for.
pytest.register_assert_rewrite(
    *(f"{__package__}.{path.stem}" for path in Path(__file__).parent.glob("contract_*.py"))
)

#: Address of the store that tests of the collector use when they do not care which: a file unless told otherwise.
STORE = os.environ.get("HIVEBOARD_TEST_STORE")
#: Tests of what happens before anything is stored, or after: for them the store in memory, which is quicker.
ABOVE_THE_STORE = {
    "test_compression", "test_connection", "test_hardening_wire", "test_hostile_input", "test_ids", "test_openapi",
    "test_small_requests", "test_stream", "test_websocket",
}  # fmt: skip
#: How many times the examples of a normal run property tests try: `make fuzz`.
EFFORT = int(os.environ.get("HIVEBOARD_FUZZ", "1"))

LIVE, TEST, READ = "hb_live_one", "hb_test_one", "hb_read_one"


class Answer:
    """Status, headers and JSON of an answer."""

    def __init__(self, response: urllib3.BaseHTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.raw = response.data

    @property
    def json(self) -> Any:
        return json.loads(self.raw)


class Collector:
    """A collector that runs in a thread of this process."""

    def __init__(self, settings: Settings, clock: Callable[[], int], dashboard: Path | None) -> None:
        self.services: Services = make_services(settings, clock)
        arguments = () if dashboard is None else (dashboard,)
        self.app: SafetyBoundary = create_app(self.services, *arguments)
        self.listener = bind(settings)
        self.url = url_of(self.listener)
        self.server = uvicorn.Server(configure(self.app))
        self.thread = threading.Thread(target=self.server.run, args=([self.listener],))
        self.pool = urllib3.PoolManager(retries=False, timeout=20, maxsize=8)

    def start(self) -> None:
        self.thread.start()
        while not self.server.started:
            assert self.thread.is_alive(), "the collector did not start"
            time.sleep(0.005)

    def stop(self) -> None:
        self.server.should_exit = True
        self.pool.clear()
        self.thread.join(15)
        self.listener.close()
        assert not self.thread.is_alive()

    def request(
        self, method: str, path: str, body: bytes | None = None, key: str | None = LIVE, **headers: str
    ) -> Answer:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if key is not None:
            sent["Authorization"] = f"Bearer {key}"
        return Answer(self.pool.request(method, self.url + path, body=body, headers=sent))

    def get(self, path: str, key: str | None = LIVE, **params: Any) -> Answer:
        return self.request("GET", path + ("?" + urlencode(params) if params else ""), key=key)

    def send(self, events: list[dict[str, Any]], key: str = LIVE, **envelope: Any) -> Answer:
        batch = {"envelope": {"agent_id": "agent-1", **envelope}, "events": events}
        return self.request("POST", "/v1/ingest", json.dumps(batch).encode(), key=key)

    def store(self, events: list[dict[str, Any]], key: str = LIVE, **envelope: Any) -> dict[str, Any]:
        answer = self.send(events, key, **envelope)
        assert answer.status == 200, answer.raw
        result: dict[str, Any] = answer.json
        return result


_numbers = itertools.count(1)


def event(event_type: str = "custom", at: int = 0, **fields: Any) -> dict[str, Any]:
    """An event ``at`` milliseconds after a fixed moment; ids are unique within the run."""
    number = next(_numbers)
    made = {
        "event_id": f"00000000-0000-7000-8000-{number:012d}",
        "timestamp": format_instant(1_770_000_000_000_000 + at * 1000),
        "event_type": event_type,
    }
    return made | fields


def kind(name: str, at: int = 0, summary: str = "s", **fields: Any) -> dict[str, Any]:
    """A custom event; ``data`` is its data."""
    data = fields.pop("data", {})
    return event("custom", at, payload={"kind": name, "summary": summary, "data": data}, **fields)


def recent(event_type: str = "custom", **fields: Any) -> dict[str, Any]:
    """An event of this moment."""
    return event(event_type, **fields) | {"timestamp": format_instant(now_us() // 1000 * 1000)}


@contextlib.contextmanager
def running(
    store: Path | str,
    *,
    keys: tuple[str, ...] = (),
    limits: Limits | None = None,
    clock: Callable[[], int] = now_us,
    dashboard: Path | None = None,
    prices: Path | None = None,
) -> Iterator[Collector]:
    """A collector for the length of a block."""
    settings = Settings(port=0, store=store, keys=keys, limits=limits or Limits(), prices=prices)
    collector = Collector(settings, clock, dashboard)
    collector.start()
    try:
        yield collector
        assert collector.app.reached == 0, "something reached the safety boundary"
    finally:
        collector.stop()


@pytest.fixture
def collector(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Collector]:
    """An open collector with an empty store."""
    above = request.path.stem in ABOVE_THE_STORE
    with running(STORE or (MEMORY if above else tmp_path / "store.db")) as made:
        yield made
