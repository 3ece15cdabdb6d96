"""What hostile requests get: an envelope, no more work than it is worth, and nothing about the machine."""

from __future__ import annotations

import gzip
import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hiveboard.headers import SECURITY_HEADERS
from hiveboard.scrubbing import install, scrub
from hiveboard.settings import Limits, Settings, SettingsError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import LIVE, READ, Answer, Collector, event, running
from .worlds import DOCUMENT, Operation, operations

ENVELOPE = {"error", "message", "status", "details"}
WITH_BODY = [one for one in operations("POST", "PUT", "PATCH") if one.body is not None]


def called(operation: Operation) -> str:
    return f"{operation.method} {operation.path}"


def address_of(operation: Operation) -> str:
    path = operation.path
    for name in operation.names:
        path = path.replace("{" + name + "}", "none")
    return path


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    limits = Limits(failed_keys_burst=100_000)
    with running(
        tmp_path_factory.mktemp("hardening") / "s.db", keys=(LIVE, READ), limits=limits
    ) as collector:
        collector.store([event("task_started", task_id="t", task_run_id="r")])
        yield collector


def assert_refusal(answer: Answer) -> None:
    assert 400 <= answer.status < 500, answer.raw[:300]
    assert set(answer.json) == ENVELOPE
    assert answer.json["status"] == answer.status


def assert_guarded(answer: Answer) -> None:
    for name in SECURITY_HEADERS:
        assert name in answer.headers, name
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert "server" not in {name.lower() for name in answer.headers}


BODIES: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"{",
    "bottomless lists": b"[" * 200_000,
    "bottomless objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "bottomless in a field": b'{"name":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a list": b"[]",
    "null": b"null",
    "a number of 5,000 digits": b"1" * 5_000,
    "fields of 5,000 digits": b'{"limit": ' + b"9" * 5_000 + b', "seconds": ' + b"9" * 5_000 + b"}",
    "infinities": b'{"seconds": 1e999, "input_per_m": NaN, "name": -Infinity}',
    "invalid UTF-8": b'{"name": "\xff\xfe"}',
    "overlong UTF-8": b'{"name": "\xc0\xaf"}',
    "a lone surrogate": rb'{"name": "\ud800", "key": "\udfff"}',
    "NUL": rb'{"name": "a\u0000b", "key": "hb_live_\u0000"}',
    "UTF-16": '{"name": "a"}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "a hundred thousand keys": json.dumps({f"k{n}": n for n in range(80_000)}).encode(),
    "a key of a million letters": b'{"' + b"k" * 1_000_000 + b'": 1}',
    "the same key again": b'{"name": "a", "name": "b", "name": 7}',
    "beyond the cap": b" " * 1_100_000,
}


@pytest.mark.parametrize("operation", WITH_BODY, ids=called)
def test_every_endpoint_that_reads_a_body_refuses_what_it_cannot_use(
    shared: Collector, operation: Operation
) -> None:
    for name, body in BODIES.items():
        started = time.monotonic()
        answer = shared.request(operation.method, address_of(operation), body)
        assert time.monotonic() - started < 5, name
        assert answer.status < 500, (name, answer.raw[:300])
        if answer.status >= 400:
            assert_refusal(answer)
        assert_guarded(answer)
    assert shared.app.reached == 0


BOMB = gzip.compress(b" " * 50_000_000, 9)
BOMBS = {
    "gzip": BOMB,
    "gzip, gzip": gzip.compress(BOMB, 9),
    "gzip, gzip, gzip": gzip.compress(gzip.compress(BOMB, 9), 9),
    "gzip, identity, gzip": gzip.compress(BOMB, 9),
    "GZIP": BOMB,
    "gzip,,gzip": gzip.compress(BOMB, 9),
    "x-gzip": BOMB,
    "deflate": BOMB,
    "br": BOMB,
    "gzip, br": BOMB,
    "chunked": BOMB,
}


@pytest.mark.parametrize("operation", WITH_BODY, ids=called)
def test_no_endpoint_inflates_a_bomb(shared: Collector, operation: Operation) -> None:
    for encoding, bomb in BOMBS.items():
        answer = shared.request(operation.method, address_of(operation), bomb, Content_Encoding=encoding)
        assert_refusal(answer)
        assert answer.status in (400, 404, 413, 415), encoding


def test_a_million_empty_gzip_members_cost_nothing(shared: Collector) -> None:
    started = time.monotonic()
    answer = shared.request("POST", "/v1/ingest", gzip.compress(b"") * 50_000, Content_Encoding="gzip")
    assert_refusal(answer)
    assert time.monotonic() - started < 1
    doubled = gzip.compress(gzip.compress(b"") * 500_000, 9)
    assert_refusal(shared.request("POST", "/v1/ingest", doubled, Content_Encoding="gzip, gzip"))


@pytest.mark.parametrize("operation", operations("GET", "POST", "PUT", "PATCH", "DELETE"), ids=called)
def test_every_endpoint_asks_for_a_key_unless_it_says_that_it_does_not(
    shared: Collector, operation: Operation
) -> None:
    security = operation.schema.get("security", DOCUMENT["security"])
    public = security == [{}]
    assert public is (
        operation.path in ("/health", "/v1/health", "/openapi.json", "/v1/session")
        and operation != Operation("DELETE", "/v1/session")
    )
    if public:
        return
    for headers in ({}, {"Authorization": "Bearer hb_live_wrong"}, {"Authorization": "Basic aGk6aGk="}):
        answer = shared.request(operation.method, address_of(operation), b"{}", key=None, **headers)
        assert answer.status == 401, answer.raw
        assert_refusal(answer)
        assert_guarded(answer)


@pytest.mark.parametrize("operation", operations("POST", "PUT", "PATCH", "DELETE"), ids=called)
def test_a_read_key_changes_nothing(shared: Collector, operation: Operation) -> None:
    if operation.path == "/v1/session":
        return
    answer = shared.request(operation.method, address_of(operation), b"{}", key=READ)
    assert answer.status == 403
    assert_refusal(answer)


@pytest.mark.parametrize("path", [*DOCUMENT["paths"], "/", "/v1/none"])
def test_methods_that_are_not_there(shared: Collector, path: str) -> None:
    allowed = {name.upper() for name in DOCUMENT["paths"].get(path, {"get": {}})}
    for method in {*METHODS} - allowed:
        answer = shared.request(method, path.replace("{", "").replace("}", ""), b"")
        assert_refusal(answer)
        assert_guarded(answer)
        if path != "/v1/none":
            assert answer.status == 405
            assert set(answer.headers["Allow"].split(", ")) - {"HEAD"} <= allowed


METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "QUERY")


@pytest.mark.parametrize("operation", operations("GET"), ids=called)
def test_the_head_of_an_answer_has_no_body(shared: Collector, operation: Operation) -> None:
    answer = shared.request("HEAD", address_of(operation))
    assert answer.raw == b""
    assert answer.status < 500
    assert_guarded(answer)


HUGE = ["9" * 400, "-" + "9" * 30, "1e400", "NaN", "0x10", "٣", "1_000", " 1", "1\n", "\x00", "true"]


@pytest.mark.parametrize("value", HUGE)
def test_numbers_that_are_none(shared: Collector, value: str) -> None:
    for path, item in DOCUMENT["paths"].items():
        for param in item.get("get", {}).get("parameters", []):
            if param["in"] == "query" and param["schema"].get("type") == "integer":
                answer = shared.get(path.replace("{", "").replace("}", ""), **{param["name"]: value})
                assert answer.status in (400, 404), (path, param["name"], answer.raw[:200])
    if value.isascii() and value.strip() == value and "\x00" not in value:
        assert shared.request("GET", "/v1/stream", Last_Event_ID=value).status == 400


def test_an_error_tells_nothing_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "hb_live_" + "s" * 32

    async def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError(f"at {tmp_path} with {secret}\nforged line")

    with running(tmp_path / "s.db", keys=(LIVE,)) as collector, caplog.at_level(logging.ERROR):
        monkeypatch.setattr(collector.services.store, "agents", broken)
        answer = collector.request("GET", f"/v1/agents/a%0aforged?token={secret}")
        assert answer.status == 500
        assert set(answer.json) == ENVELOPE
        assert_guarded(answer)
        for part in (str(tmp_path), "Traceback", "RuntimeError", ".py", secret):
            assert part not in answer.raw.decode()
        assert collector.app.reached == 1
        collector.app.reached = 0
    assert "RuntimeError" in caplog.text, "whoever runs it must be able to find out"
    assert "s" * 32 not in caplog.text
    (record,) = [one for one in caplog.records if one.name == "hiveboard"]
    assert "\n" not in record.getMessage()


@pytest.mark.parametrize(
    "said",
    [
        "GET /v1/stream?token=hb_live_abcdefSECRET&x=1",
        "Authorization: Bearer hb_test_SECRET",
        '{"api_key": "hb_read_SECRET"}',
        "hiveboard_session_8000=SECRET; Path=/",
        "token=SECRET",
        "apikey: SECRET",
        "x-csrf_token=SECRET",
        "ws://h/v1/stream?TOKEN=SECRET",
        "key hb_live_SECRET, and hb_live_SECRET2.",
    ],
)
def test_logs_hold_no_keys(said: str) -> None:
    assert "SECRET" not in scrub(said)


@pytest.mark.parametrize(
    "said", ["the store cannot answer: disk full", "12 tokens in, 3 out", "session-1 ended"]
)
def test_what_is_no_secret_stays(said: str) -> None:
    assert scrub(said) == said


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60))
def test_one_message_is_one_line(caplog: pytest.LogCaptureFixture, text: str) -> None:
    install()
    install()
    caplog.clear()
    logging.getLogger("hiveboard").error("said %s", text)
    (record,) = caplog.records
    assert len(record.getMessage().splitlines()) == 1


def test_a_refused_setting_does_not_repeat_the_key() -> None:
    with pytest.raises(SettingsError) as raised:
        Settings(keys=("SECRET-that-is-no-key",))
    assert "SECRET" not in str(raised.value)


def test_refusals_do_not_repeat_the_key(shared: Collector) -> None:
    secret = "hb_live_doesnotexist"
    for answer in (
        shared.get("/v1/agents", key=secret),
        shared.get("/v1/agents", key=None, token=secret),
        shared.request("POST", "/v1/session", json.dumps({"key": secret}).encode(), key=None),
        shared.get("/v1/events", cursor=secret),
    ):
        assert_refusal(answer)
        assert secret not in answer.raw.decode()
    assert shared.get("/v1/agents", key=None, token=LIVE).status == 401, "no key in an address"


def test_many_query_parameters_are_no_trouble(shared: Collector) -> None:
    query = "&".join(f"a{n}=1" for n in range(5_000))
    assert shared.request("GET", "/v1/agents?" + query).status == 200
    assert shared.request("GET", "/v1/agents?limit=1&limit=2").status in (200, 400)
