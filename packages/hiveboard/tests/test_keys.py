"""Keys that are made while the collector runs: shown once, limited in what they may, ended within a second everywhere."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3
from hiveboard.auth.bucket import Bucket, FailedAttempts
from hiveboard.auth.caller import is_tenant_name, namespace_of
from hiveboard.auth.keyring import KEYS_PER_TENANT
from hiveboard.cli import app
from hiveboard.instant import now_us
from hiveboard.server import make_server
from hiveboard.settings import Limits, Settings
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from .conftest import LIVE, TEST, Answer, Collector, event, running

RUNNER = CliRunner()
EMPTY = json.dumps({"envelope": {"agent_id": "a"}, "events": []}).encode()
#: What must be true within a second must be true in this many, with room for a busy machine.
SOON = 5.0


@pytest.fixture
def keyed(tmp_path: Path) -> Iterator[Collector]:
    with running(tmp_path / "s.db", keys=(LIVE, TEST)) as collector:
        yield collector


def make(collector: Collector, by: str | None = LIVE, **wanted: Any) -> dict[str, Any]:
    answer = collector.request("POST", "/v1/keys", json.dumps(wanted).encode(), key=by)
    assert answer.status == 201, answer.raw
    made: dict[str, Any] = answer.json
    return made


def send(collector: Collector, key: str) -> Answer:
    return collector.request("POST", "/v1/ingest", EMPTY, key=key)


def until(true: Callable[[], bool]) -> float:
    """Seconds until something is true."""
    started = time.monotonic()
    while not true():
        assert time.monotonic() - started < SOON, "it never came true"
        time.sleep(0.02)
    return time.monotonic() - started


def cli(*arguments: str, store: Path) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, as a person would run it beside the collector."""
    command = [
        sys.executable,
        "-c",
        "from hiveboard.cli import main; main()",
        *arguments,
        "--store",
        str(store),
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_key_is_shown_once_and_kept_as_a_hash(keyed: Collector, tmp_path: Path) -> None:
    made = make(keyed, name="ci")
    key = made["raw_key"]
    assert key.startswith("hb_live_")
    assert len(key) == len("hb_live_") + 32
    assert key.isascii()
    assert made["key_prefix"] == key[: len("hb_live_") + 4]
    listed = keyed.get("/v1/keys")
    assert key.encode() not in listed.raw
    assert [row["key_id"] for row in listed.json["data"]] == [made["key_id"]]
    assert listed.json["data"][0] | {"raw_key": key} == made
    keyed.store([event("heartbeat")], key=key)
    secret = key[len("hb_live_") :].encode()
    files = [file.read_bytes() for file in tmp_path.iterdir()]
    assert not any(secret in content for content in files)
    assert any(hashlib.sha256(key.encode()).hexdigest().encode() in content for content in files)


def test_keys_differ(keyed: Collector) -> None:
    assert len({make(keyed)["raw_key"] for _ in range(20)}) == 20


def test_who_may_only_send_hears_what_became_of_a_request(keyed: Collector) -> None:
    key = make(keyed, scopes=["ingest"])["raw_key"]
    other = make(keyed, key_type="test")["raw_key"]
    asked = event("approval_requested", payload={"summary": "?", "data": {"approval_id": "a1"}})
    keyed.store([asked], key=key)
    assert keyed.get("/v1/approvals/a1", key=key, wait=1).json["status"] == "pending"
    assert keyed.request("POST", "/v1/approvals/a1", b'{"decision": "approved"}').status == 200
    assert keyed.get("/v1/approvals/a1", key=key).json["decision"] == "approved"
    assert keyed.get("/v1/approvals", key=key).status == 403
    assert keyed.get("/v1/approvals/a1", key=other).status == 404


@pytest.mark.parametrize(
    ("wanted", "ingest", "query", "admin"),
    [
        ({}, 200, 200, 403),
        ({"scopes": ["ingest"]}, 200, 403, 403),
        ({"scopes": ["read"]}, 403, 200, 403),
        ({"scopes": ["admin"]}, 200, 200, 200),
        ({"key_type": "read"}, 403, 200, 403),
        ({"key_type": "test"}, 200, 200, 403),
        ({"key_type": "test", "scopes": ["admin"]}, 200, 200, 200),
    ],
)
def test_scopes(keyed: Collector, wanted: dict[str, Any], ingest: int, query: int, admin: int) -> None:
    key = make(keyed, **wanted)["raw_key"]
    assert send(keyed, key).status == ingest
    assert keyed.get("/v1/agents", key=key).status == query
    assert keyed.get("/v1/keys", key=key).status == admin
    assert keyed.get("/v1/api-keys", key=key).status == admin


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"key_type": "banana"}, "key_type"),
        ({"key_type": "read", "scopes": ["ingest"]}, "scopes"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["root"]}, "scopes"),
        ({"name": "x" * 129}, "name"),
        ({"name": 7}, "name"),
        ({"expires_at": "soon"}, "expires_at"),
        ({"expires_at": "2001-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_in_days": 0}, "expires_in_days"),
        ({"expires_in_days": 10**400}, "expires_in_days"),
    ],
)
def test_what_a_key_cannot_be_is_said(keyed: Collector, wanted: dict[str, Any], field: str) -> None:
    answer = keyed.request("POST", "/v1/keys", json.dumps(wanted).encode())
    assert answer.status == 400
    assert field in answer.json["message"]
    assert keyed.get("/v1/keys").json["data"] == []


def test_published_clients_find_what_they_know(keyed: Collector) -> None:
    body = json.dumps({"label": "mine", "key_type": "read"}).encode()
    answer = keyed.request("POST", "/v1/api-keys", body)
    made = answer.json
    assert answer.status == 201
    assert (made["label"], made["name"], made["key_type"], made["is_active"]) == (
        "mine",
        "mine",
        "read",
        True,
    )
    ended = keyed.request("DELETE", f"/v1/api-keys/{made['key_id']}")
    assert (ended.status, ended.json["status"]) == (200, "revoked")
    assert keyed.get("/v1/agents", key=made["raw_key"]).status == 401


@pytest.mark.parametrize(("method", "suffix"), [("DELETE", ""), ("POST", "/revoke")])
def test_a_revoked_key_opens_nothing_at_once(keyed: Collector, method: str, suffix: str) -> None:
    made = make(keyed)
    assert send(keyed, made["raw_key"]).status == 200
    assert keyed.request(method, f"/v1/keys/{made['key_id']}{suffix}").status == 200
    assert send(keyed, made["raw_key"]).status == 401
    row = keyed.get("/v1/keys").json["data"][0]
    assert (row["is_active"], row["revoked_at"] is None) == (False, False)
    again = keyed.request(method, f"/v1/keys/{made['key_id']}{suffix}")
    assert (again.status, again.json["revoked_at"]) == (200, row["revoked_at"])


@pytest.mark.parametrize("key_id", ["0" * 16, "x", "g" * 16, "%2e%2e", "0" * 300, "*", "%00"])
def test_an_unknown_key_cannot_be_revoked(keyed: Collector, key_id: str) -> None:
    make(keyed)
    assert keyed.request("DELETE", f"/v1/keys/{key_id}").status == 404


def test_keys_expire(tmp_path: Path) -> None:
    moment = [now_us()]
    with running(tmp_path / "s.db", keys=(LIVE,), clock=lambda: moment[0]) as collector:
        made = make(collector, expires_in_days=1)
        assert send(collector, made["raw_key"]).status == 200
        moment[0] += 24 * 3600 * 1_000_000 - 1
        assert send(collector, made["raw_key"]).status == 200
        moment[0] += 1
        assert send(collector, made["raw_key"]).status == 401
        assert collector.get("/v1/keys").json["data"][0]["is_active"] is False


def test_the_last_use_is_noted_without_a_write_per_request(tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    with running(store, keys=(LIVE,)) as collector:
        made, idle = make(collector), make(collector)
        for _ in range(20):
            send(collector, made["raw_key"])
        assert _uses(store) == 0
    assert _uses(store) == 1, "what is not written yet is written at the end"
    with running(store, keys=(LIVE,)) as collector:
        used = {row["key_id"]: row["last_used_at"] for row in collector.get("/v1/keys").json["data"]}
    assert used[made["key_id"]] is not None
    assert used[idle["key_id"]] is None


def _uses(store: Path) -> int:
    with sqlite3.connect(store) as connection:
        found = connection.execute("SELECT count(*) FROM documents WHERE kind = 'api_key_use'").fetchone()
    connection.close()
    return int(found[0])


def test_a_test_key_rules_over_test_keys_only(keyed: Collector) -> None:
    live = make(keyed, name="live")
    tester = make(keyed, key_type="test", scopes=["admin"])
    by = tester["raw_key"]
    own = make(keyed, by=by, key_type="test")
    assert {row["key_id"] for row in keyed.get("/v1/keys", key=by).json["data"]} == {
        tester["key_id"],
        own["key_id"],
    }
    for wanted in ({}, {"key_type": "read"}, {"scopes": ["admin"]}):
        assert keyed.request("POST", "/v1/keys", json.dumps(wanted).encode(), key=by).status == 403
    assert keyed.request("DELETE", f"/v1/keys/{live['key_id']}", key=by).status == 404
    assert send(keyed, live["raw_key"]).status == 200


def test_the_last_admin_key_is_not_lost_by_accident(tmp_path: Path) -> None:
    with running(tmp_path / "s.db") as collector:
        first = make(collector, by="hb_live_anything", scopes=["admin"])
        by = first["raw_key"]
        second = make(collector, by=by, scopes=["admin"])
        make(collector, by=by)
        make(collector, by=by, key_type="test", scopes=["admin"])
        assert collector.request("DELETE", f"/v1/keys/{second['key_id']}", key=by).status == 200
        refused = collector.request("DELETE", f"/v1/keys/{first['key_id']}", key=by)
        assert (refused.status, refused.json["error"]) == (409, "last_admin_key")
        assert "hiveboard keys create" in refused.json["message"]
        assert collector.request("DELETE", f"/v1/keys/{first['key_id']}?force=true", key=by).status == 200
        assert collector.get("/v1/agents", key=None).status == 401, "it does not open again"
    with running(tmp_path / "s.db") as collector:
        assert collector.get("/v1/agents", key=None).status == 401
        assert collector.get("/health").json["auth"] == "keys"


def test_the_first_key_closes_an_open_collector(tmp_path: Path) -> None:
    with running(tmp_path / "s.db") as collector:
        assert collector.get("/health").json["auth"] == "open"
        for wanted in ({}, {"key_type": "test", "scopes": ["admin"]}, {"key_type": "read"}):
            body = json.dumps(wanted).encode()
            refused = collector.request("POST", "/v1/keys", body, key="hb_live_anything")
            assert (refused.status, refused.json["error"]) == (409, "first_key_must_be_admin")
        made = make(collector, by="hb_live_anything", scopes=["admin"])
        assert collector.get("/v1/agents", key="hb_live_anything").status == 401
        assert collector.get("/v1/agents", key=made["raw_key"]).status == 200
        # A name for this machine is asked for only where nothing else is.
        assert collector.request("GET", "/v1/agents", key=made["raw_key"], Host="board.example").status == 200


def test_the_command_line_makes_lists_and_revokes_while_a_collector_runs(tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    with running(store) as collector:
        assert collector.get("/v1/agents", key=None).status == 200
        made = cli("keys", "create", "--scope", "admin", "--name", "[red]me[/]", store=store)
        assert made.returncode == 0, made.stderr
        key = made.stdout.splitlines()[0]
        assert key.startswith("hb_live_")
        assert collector.get("/v1/keys", key=key).status == 200
        until(lambda: collector.get("/v1/agents", key=None).status == 401)
        listed = cli("keys", "list", store=store)
        assert key not in listed.stdout
        assert "[red]me[/]" in listed.stdout
        key_id = collector.get("/v1/keys", key=key).json["data"][0]["key_id"]
        assert key_id in listed.stdout
        refused = cli("keys", "revoke", key_id, store=store)
        assert (refused.returncode, "--force" in refused.stderr) == (2, True)
        assert collector.get("/v1/agents", key=key).status == 200
        assert cli("keys", "revoke", key_id, "--force", store=store).returncode == 0
        until(lambda: collector.get("/v1/agents", key=key).status == 401)


def test_a_key_revoked_by_another_process_is_refused_within_a_second(tmp_path: Path) -> None:
    """Two collectors on one file, the first answering all the time: what the second revokes ends in the first."""
    with (
        running(tmp_path / "s.db", keys=(LIVE,)) as first,
        running(tmp_path / "s.db", keys=(LIVE,)) as second,
    ):
        made = make(second)
        assert send(first, made["raw_key"]).status == 200
        second.request("DELETE", f"/v1/keys/{made['key_id']}")
        assert until(lambda: send(first, made["raw_key"]).status == 401) < 1.0


def test_a_live_stream_ends_with_its_key(keyed: Collector) -> None:
    made = make(keyed)
    with keyed.pool.request(
        "GET",
        keyed.url + "/v1/stream",
        headers={"Authorization": f"Bearer {made['raw_key']}"},
        preload_content=False,
    ) as stream:
        assert next(stream.stream(64))
        assert keyed.services.hub.tenants == {"live"}
        keyed.request("DELETE", f"/v1/keys/{made['key_id']}")
        assert b"".join(stream.stream(64)).count(b"event:") == 0
    until(lambda: keyed.services.hub.tenants == set())


def test_asking_for_the_head_of_a_stream_follows_nothing(keyed: Collector) -> None:
    for _ in range(5):
        assert keyed.request("HEAD", "/v1/stream").status == 200
    until(lambda: keyed.services.hub.tenants == set())


def test_a_public_address_starts_with_keys_in_the_store_alone(tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    result = RUNNER.invoke(app, ["keys", "create", "--store", str(store), "--scope", "admin"])
    assert result.exit_code == 0, result.output
    server = make_server(Settings(host="0.0.0.0", port=0, store=store))
    assert not server.is_open


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["create", "--type", "banana"], "--type"),
        (["create", "--scope", "root"], "--scope"),
        (["create", "--type", "read", "--scope", "admin"], "read alone"),
        (["create", "--tenant", "A/b"], "tenant"),
        (["create", "--tenant", "*"], "tenant"),
        (["create", "--name", "x" * 129], "name"),
        (["create", "--store", "postgresql://x"], "SQLite"),
        (["list", "--store", "{tmp}/none.db"], "no store"),
        (["revoke", "0" * 16, "--store", "{tmp}/none.db"], "no store"),
        (["list", "--store", "{tmp}/text.db"], "cannot use"),
    ],
)
def test_the_command_line_says_what_cannot_work(tmp_path: Path, arguments: list[str], said: str) -> None:
    (tmp_path / "text.db").write_text("not a database " * 100)
    arguments = [one.replace("{tmp}", str(tmp_path)) for one in arguments]
    if "--store" not in arguments:
        arguments += ["--store", str(tmp_path / "new.db")]
    result = RUNNER.invoke(app, ["keys", *arguments])
    assert result.exit_code == 2, result.output
    assert said in result.output
    assert not (tmp_path / "new.db").exists()


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("acme", True),
        ("a", True),
        ("a-1", True),
        ("live", True),
        ("x" * 63, True),
        ("x" * 64, False),
        ("", False),
        ("-a", False),
        ("a-", False),
        ("A", False),
        ("a:live", False),
        ("a/b", False),
        ("ä", False),
        ("a\n", False),
    ],
)
def test_names_of_tenants(name: str, good: bool) -> None:
    assert is_tenant_name(name) is good


@given(st.sets(st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True), min_size=2, max_size=5))
def test_no_two_tenants_share_a_namespace(names: set[str]) -> None:
    spaces = [namespace_of(name, is_test=test) for name in names | {"default"} for test in (False, True)]
    assert len(set(spaces)) == len(spaces)


def test_a_key_has_an_allowance(tmp_path: Path) -> None:
    limits = Limits(key_requests_per_second=0.2, key_burst_seconds=20)
    with running(tmp_path / "s.db", keys=(LIVE, TEST), limits=limits) as collector:
        statuses = [send(collector, LIVE).status for _ in range(6)]
        assert statuses[:4] == [200] * 4
        refused = send(collector, LIVE)
        assert refused.status == 429
        assert refused.json["error"] == "rate_limit_exceeded"
        told = refused.json["details"]["retry_after_seconds"]
        assert refused.headers["Retry-After"] == str(told)
        assert 1 <= told <= 5
        assert send(collector, TEST).status == 200, "each key has its own"
        assert collector.get("/health").status == 200


def test_no_allowance_is_none(tmp_path: Path) -> None:
    with running(tmp_path / "s.db", keys=(LIVE,), limits=Limits(key_requests_per_second=0)) as collector:
        assert {send(collector, LIVE).status for _ in range(50)} == {200}


def test_wrong_keys_are_limited_but_whoever_worked_from_there_goes_on(tmp_path: Path) -> None:
    limits = Limits(failed_keys_burst=5, failed_keys_per_minute=1)
    with running(tmp_path / "s.db", keys=(LIVE, TEST), limits=limits) as collector:
        assert send(collector, LIVE).status == 200
        statuses = [send(collector, f"hb_live_guess{n}").status for n in range(8)]
        assert statuses == [401] * 5 + [429] * 3
        refused = send(collector, TEST)
        assert refused.status == 429, "a right guess is no better than a wrong one"
        assert 1 <= int(refused.headers["Retry-After"]) <= 61
        assert send(collector, LIVE).status == 200


amounts = st.floats(0.01, 1000)


@given(amounts, st.floats(1, 500), st.lists(st.floats(0, 3), max_size=60))
def test_a_bucket_never_gives_more_than_it_may(per_second: float, burst: float, steps: list[float]) -> None:
    now, taken = 100.0, 0
    bucket = Bucket(per_second, burst, now)
    for step in steps:
        now += step
        wait = bucket.take(now)
        taken += wait == 0
        assert taken <= burst + (now - 100.0) * per_second + 1e-6
        if wait:
            assert bucket.take(now + wait * 0.99 - 1e-6) > 0
            assert Bucket.take(bucket, now + wait * 1.01 + 1e-6) == 0
            taken, now = taken + 1, now + wait * 1.01 + 1e-6


def test_addresses_are_counted_one_by_one_and_forgotten() -> None:
    failed = FailedAttempts(per_minute=60, burst=2)
    for _ in range(3):
        failed.note("2001:db8::1", 0.0)
    assert failed.wait("2001:db8::2", 0.0) >= 1, "one network, one attacker"
    assert failed.wait("2001:db8:0:1::1", 0.0) == 0
    assert failed.wait("10.0.0.1", 0.0) == 0
    assert failed.wait("2001:db8::1", 10.0) == 0
    for number in range(30_000):
        failed.note(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 20.0)
    assert len(failed._buckets) <= 10_000


def test_a_tenant_has_only_so_many_keys(keyed: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    assert KEYS_PER_TENANT >= 100
    monkeypatch.setattr("hiveboard.auth.keyring.KEYS_PER_TENANT", 3)
    made = [make(keyed) for _ in range(3)]
    refused = keyed.request("POST", "/v1/keys", b"{}")
    assert (refused.status, refused.json["error"]) == (409, "too_many_keys")
    keyed.request("DELETE", f"/v1/keys/{made[1]['key_id']}")
    newest = make(keyed)
    left = {row["key_id"] for row in keyed.get("/v1/keys").json["data"]}
    assert left == {made[0]["key_id"], made[2]["key_id"], newest["key_id"]}


def test_keys_are_listed_in_pages(keyed: Collector) -> None:
    made = [make(keyed, name=str(number))["key_id"] for number in range(5)]
    seen: list[str] = []
    cursor = ""
    while True:
        page = keyed.get("/v1/keys", limit=2, cursor=cursor).json
        seen += [row["key_id"] for row in page["data"]]
        if not page["pagination"]["has_more"]:
            break
        cursor = page["pagination"]["cursor"]
    assert seen == made[::-1]


def test_serve_prints_a_key_that_works_and_none_once_there_are_some(tmp_path: Path) -> None:
    store = str(tmp_path / "s.db")
    with serving(store) as (url, key):
        assert key.startswith("hb_live_")
        with urllib3.PoolManager() as pool:
            headers = {"Authorization": f"Bearer {key}"}
            assert pool.request("POST", url + "/v1/ingest", body=EMPTY, headers=headers).status == 200
    assert RUNNER.invoke(app, ["keys", "create", "--store", store, "--scope", "admin"]).exit_code == 0
    with serving(store) as (url, key):
        assert key == ""
        with urllib3.PoolManager() as pool:
            assert pool.request("GET", url + "/v1/agents").status == 401


@contextlib.contextmanager
def serving(store: str) -> Iterator[tuple[str, str]]:
    """``hiveboard serve`` as a person runs it: the address and the key it prints."""
    command = [sys.executable, "-u", "-c", "from hiveboard.cli import main; main()", "serve", "--port", "0"]
    process = subprocess.Popen([*command, "--store", store], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        url = process.stdout.readline().strip()
        with urllib3.PoolManager() as pool:
            is_open = pool.request("GET", url + "/health").json()["auth"] == "open"
        yield url, process.stdout.readline().split()[1] if is_open else ""
    finally:
        process.terminate()
        rest = process.communicate(timeout=20)[0]
    assert "hb_" not in rest
