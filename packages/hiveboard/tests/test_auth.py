"""Keys: who may send, who may ask, and what is open on a machine of one's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hiveboard.server import make_server
from hiveboard.settings import Limits, Settings, SettingsError, is_loopback

from .conftest import LIVE, READ, TEST, Collector, running

EMPTY = json.dumps({"envelope": {"agent_id": "a"}, "events": []}).encode()


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    with running(tmp_path_factory.mktemp("keys") / "s.db", keys=(LIVE, TEST, READ)) as collector:
        yield collector


@pytest.mark.parametrize(
    ("key", "ingest", "query"),
    [
        (LIVE, 200, 200),
        (TEST, 200, 200),
        (READ, 403, 200),
        ("hb_live_other", 401, 401),
        ("jwt", 401, 401),
        (None, 401, 401),
    ],
)
def test_scopes(keyed: Collector, key: str | None, ingest: int, query: int) -> None:
    sent, asked = keyed.request("POST", "/v1/ingest", EMPTY, key=key), keyed.get("/v1/agents", key=key)
    assert (sent.status, asked.status) == (ingest, query)
    for answer in (sent, asked):
        if answer.status != 200:
            assert answer.json["status"] == answer.status
        if answer.status == 401:
            assert "Bearer" in answer.headers["WWW-Authenticate"]


def test_public_paths_need_no_key(keyed: Collector) -> None:
    for path in ("/health", "/v1/health", "/openapi.json", "/"):
        assert keyed.get(path, key=None).status == 200
    assert keyed.get("/health").json["auth"] == "keys"


@pytest.mark.parametrize(
    "header", ["", "hb_live_one", "Basic hb_live_one", "Bearer", "Bearer ", "bearer hb_live_oneX"]
)
def test_malformed_headers(keyed: Collector, header: str) -> None:
    assert keyed.request("GET", "/v1/agents", key=None, Authorization=header).status == 401


def test_open_collector(collector: Collector) -> None:
    assert collector.get("/v1/agents", key=None).status == 200
    assert collector.request("POST", "/v1/ingest", EMPTY, key=None).status == 401
    assert collector.request("POST", "/v1/ingest", EMPTY, key="hb_live_anything").status == 200
    assert collector.request("POST", "/v1/ingest", EMPTY, key="hb_read_anything").status == 403
    assert collector.request("POST", "/v1/ingest", EMPTY, key="nonsense").status == 401


def test_a_foreign_host_name_cannot_read_an_open_collector(collector: Collector) -> None:
    assert collector.request("GET", "/v1/agents", key=None, Host="evil.example").status == 421
    assert collector.request("GET", "/v1/agents", Host="evil.example:8000").status == 421
    for host in ("localhost:1", "127.0.0.1", "[::1]:80", "app.localhost"):
        assert collector.request("GET", "/v1/agents", Host=host).status == 200


def test_every_answer_has_the_error_envelope_or_is_a_success(collector: Collector) -> None:
    for method, path, status in [
        ("GET", "/v1/nothing", 404),
        ("GET", "/v1", 404),
        ("DELETE", "/v1/ingest", 405),
        ("GET", "/v1/ingest", 405),
        ("POST", "/v1/agents", 405),
        ("PUT", "/", 405),
        ("GET", "/v1/agents/none", 404),
        ("GET", "/v1/tasks/none/timeline", 404),
        ("GET", "/assets/none.js", 404),
    ]:
        answer = collector.request(method, path)
        assert answer.status == status, (method, path)
        assert set(answer.json) == {"error", "message", "status", "details"}
        assert "Allow" in answer.headers or status != 405


def test_keys_are_kept_as_hashes(keyed: Collector) -> None:
    keyed.get("/v1/agents")
    gate = keyed.services.gate
    assert keyed.get("/v1/agents").status == 200
    seen = list(_everything_in(gate))
    assert len(seen) > 10
    assert not [one for one in seen if isinstance(one, str | bytes) and LIVE[len("hb_live_") :] in str(one)]


def _everything_in(thing: Any, depth: int = 0) -> Iterator[Any]:
    """Every value that can be reached from an object of the package."""
    yield thing
    if depth > 8:
        return
    inner: list[Any] = []
    if isinstance(thing, dict):
        inner = [*thing.keys(), *thing.values()]
    elif isinstance(thing, list | tuple | set | frozenset):
        inner = list(thing)
    elif type(thing).__module__.startswith("hiveboard.auth"):
        names = [*getattr(thing, "__slots__", ()), *getattr(thing, "__struct_fields__", ())]
        inner = [*getattr(thing, "__dict__", {}).values(), *(getattr(thing, name) for name in names)]
    for one in inner:
        yield from _everything_in(one, depth + 1)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "example.org"])
def test_a_reachable_address_needs_a_key(tmp_path: Path, host: str) -> None:
    store = tmp_path / "s.db"
    with pytest.raises(SettingsError, match="--key"):
        make_server(Settings(host=host, store=store))
    assert not store.exists(), "what cannot start leaves nothing behind"
    with running(store):
        pass
    with pytest.raises(SettingsError, match="keys create"):
        make_server(Settings(host=host, store=store))
    assert not Settings(host=host, store=store, keys=(LIVE,)).needs_stored_key
    assert not is_loopback(host)


def test_a_key_must_look_like_one() -> None:
    with pytest.raises(SettingsError):
        Settings(keys=("secret",))


@pytest.mark.parametrize("rate", [float("nan"), float("inf"), -1.0])
def test_a_rate_limit_must_be_a_number(rate: float) -> None:
    with pytest.raises(SettingsError, match="rate limit"):
        Settings(limits=Limits(key_requests_per_second=rate))
