"""Keys: who may send, who may ask, and what is open on a machine of one's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hiveboard.auth import Gate
from hiveboard.settings import Settings, SettingsError, is_loopback

from .conftest import LIVE, READ, TEST, Collector, event, running

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


def test_keys_are_kept_as_hashes() -> None:
    gate = Gate(Settings(keys=(LIVE,)))
    assert LIVE not in repr(vars(gate))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "example.org"])
def test_a_reachable_address_needs_a_key(host: str) -> None:
    with pytest.raises(SettingsError, match="--key"):
        Settings(host=host)
    assert Settings(host=host, keys=(LIVE,)).host == host
    assert not is_loopback(host)


def test_a_key_must_look_like_one() -> None:
    with pytest.raises(SettingsError):
        Settings(keys=("secret",))


def test_tenants_see_nothing_of_each_other(tmp_path: Path) -> None:
    """Two namespaces with the same ids; every query path as the other sees its own only."""
    with running(tmp_path / "s.db", keys=(LIVE, TEST)) as collector:
        canary, other = "CANARY-live", "CANARY-test"
        for key, mark in ((LIVE, canary), (TEST, other)):
            same = {"task_id": "t", "task_run_id": "r", "project_id": "p"}
            made = [
                event("agent_registered", payload={"summary": mark}),
                event("task_started", **same, payload={"summary": mark, "user_id": mark}),
                event(
                    "custom",
                    **same,
                    payload={
                        "kind": "llm_call",
                        "summary": mark,
                        "data": {"name": mark, "model": mark, "cost": 1},
                    },
                ),
                event("custom", payload={"kind": "issue", "summary": mark, "data": {"severity": "low"}}),
                event(
                    "custom",
                    payload={"kind": "queue_snapshot", "data": {"depth": 1, "items": [{"id": mark}]}},
                ),
                event("approval_requested", **same, payload={"summary": mark, "data": {"approval_id": "x"}}),
            ]
            for number, one in enumerate(made):
                one["event_id"] = f"same-{number}"
                one["timestamp"] = _now()
            assert collector.store(made, key=key)["duplicates"] == 0
        document = collector.get("/openapi.json").json
        named = {"/v1/agents/detail": {"agent_id": "agent-1"}, "/v1/tasks/timeline": {"task_id": "t"}}
        for path in document["paths"]:
            if "get" not in document["paths"][path] or path in (
                "/v1/stream",
                "/health",
                "/v1/health",
                "/openapi.json",
            ):
                continue
            real = path.replace("{agent_id}", "agent-1").replace("{task_id}", "t")
            for key, hidden in ((LIVE, other), (TEST, canary)):
                answer = collector.get(real, key=key, **named.get(path, {}))
                assert answer.status == 200, real
                assert hidden.encode() not in answer.raw, (real, key)


def _now() -> str:
    from hiveboard.instant import format_instant, now_us

    return format_instant(now_us() // 1000 * 1000)
