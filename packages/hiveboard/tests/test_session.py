"""Browser sessions: a cookie no script can read, a token no other page knows, an end that is one."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hiveboard.auth.session import SESSION_SECONDS, cookie_name, csrf_token
from hiveboard.instant import now_us
from hiveboard.settings import Limits
from starlette.requests import Request

from .conftest import LIVE, READ, TEST, Answer, Collector, event, running
from .test_keys import EMPTY, make, until


@pytest.fixture
def keyed(tmp_path: Path) -> Iterator[Collector]:
    with running(tmp_path / "s.db", keys=(LIVE, TEST, READ)) as collector:
        yield collector


class Browser:
    """Keeps the cookie and the token of one session, as a page of the dashboard does."""

    def __init__(self, collector: Collector, key: str) -> None:
        self._collector = collector
        self.answer = sign_in(collector, key)
        assert self.answer.status == 200, self.answer.raw
        self.set_cookie = self.answer.headers["Set-Cookie"]
        self.cookie = self.set_cookie.partition(";")[0]
        self.token = self.cookie.partition("=")[2]
        self.csrf: str = self.answer.json["csrf_token"]

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        return self._collector.request(method, path, body, key=None, Cookie=self.cookie, **headers)

    def write(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        return self.ask(method, path, body, X_CSRF_Token=self.csrf, **headers)


def sign_in(collector: Collector, key: str, **headers: str) -> Answer:
    return collector.request("POST", "/v1/session", json.dumps({"key": key}).encode(), key=None, **headers)


def test_a_key_becomes_a_cookie_that_reads_and_writes(keyed: Collector) -> None:
    browser = Browser(keyed, LIVE)
    for part in ("HttpOnly", "SameSite=strict", "Path=/", f"Max-Age={SESSION_SECONDS}"):
        assert part in browser.set_cookie
    assert "Secure" not in browser.set_cookie
    assert LIVE not in browser.set_cookie + browser.answer.raw.decode()
    assert browser.ask("GET", "/v1/agents").status == 200
    assert browser.write("POST", "/v1/ingest", EMPTY).status == 200
    shown = browser.ask("GET", "/v1/session").json
    assert (shown["signed_in"], shown["csrf_token"]) == (True, browser.csrf)


@pytest.mark.parametrize("how", [{"X_Forwarded_Proto": "https"}, {"X_Forwarded_Proto": "https, http"}])
def test_the_cookie_is_secure_under_https(keyed: Collector, how: dict[str, str]) -> None:
    assert "Secure" in sign_in(keyed, LIVE, **how).headers["Set-Cookie"]


def test_a_session_may_what_its_key_may(keyed: Collector) -> None:
    reader, tester = Browser(keyed, READ), Browser(keyed, TEST)
    assert reader.write("POST", "/v1/ingest", EMPTY).status == 403
    assert reader.write("POST", "/v1/keys", b"{}").status == 403
    keyed.store([event("heartbeat")], key=TEST, agent_id="tester")
    assert len(tester.ask("GET", "/v1/agents").json["data"]) == 1
    assert reader.ask("GET", "/v1/agents").json["data"] == []
    assert tester.answer.json["is_test"] is True


@pytest.mark.parametrize("csrf", [None, "", "wrong", "0" * 64])
def test_a_write_needs_the_token(keyed: Collector, csrf: str | None) -> None:
    browser = Browser(keyed, LIVE)
    headers = {} if csrf is None else {"X_CSRF_Token": csrf}
    for method, path in (("POST", "/v1/ingest"), ("POST", "/v1/keys"), ("DELETE", "/v1/session")):
        refused = browser.ask(method, path, b"{}", **headers)
        assert (refused.status, refused.json["error"]) == (403, "csrf_token_missing")
    other = Browser(keyed, LIVE)
    assert browser.ask("POST", "/v1/ingest", EMPTY, X_CSRF_Token=other.csrf).status == 403


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:1", "", "http://[", "garbage"]
)
def test_another_page_cannot_use_the_session(keyed: Collector, origin: str) -> None:
    browser = Browser(keyed, LIVE)
    refused = browser.write("POST", "/v1/ingest", EMPTY, Origin=origin)
    assert (refused.status, refused.json["error"]) == (403, "foreign_origin")
    assert browser.ask("GET", "/v1/stream", Origin=origin).status == 403
    assert sign_in(keyed, LIVE, Origin=origin).status == 403
    assert browser.write("POST", "/v1/ingest", EMPTY, Origin=keyed.url).status == 200


def test_a_key_in_a_header_asks_for_no_token(keyed: Collector) -> None:
    assert keyed.request("POST", "/v1/ingest", EMPTY, Origin="https://app.example").status == 200
    browser = Browser(keyed, READ)
    both = keyed.request("POST", "/v1/ingest", EMPTY, key=LIVE, Cookie=browser.cookie)
    assert both.status == 200, "the key is what counts"


def test_signing_out_ends_it_for_every_copy_of_the_cookie(keyed: Collector) -> None:
    browser, other = Browser(keyed, LIVE), Browser(keyed, LIVE)
    gone = browser.write("DELETE", "/v1/session")
    assert (gone.status, gone.json["signed_in"]) == (200, False)
    assert re.search(r'=("")?;.*Max-Age=0', gone.headers["Set-Cookie"])
    assert browser.ask("GET", "/v1/agents").status == 401
    assert browser.ask("GET", "/v1/session").json == {
        **browser.ask("GET", "/v1/session").json,
        "signed_in": False,
    }
    assert other.ask("GET", "/v1/agents").status == 200


def test_a_session_ends_with_its_key(keyed: Collector) -> None:
    made = make(keyed)
    browser = Browser(keyed, made["raw_key"])
    assert browser.ask("GET", "/v1/agents").status == 200
    keyed.request("DELETE", f"/v1/keys/{made['key_id']}")
    assert browser.ask("GET", "/v1/agents").status == 401


def test_a_session_is_seen_and_ended_by_other_processes(tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    with running(store, keys=(LIVE,)) as first, running(store, keys=(LIVE,)) as second:
        # One address, as behind a proxy that shares the load: the cookie's name holds its port.
        answer = sign_in(first, LIVE, Host="board.example")
        cookie = answer.headers["Set-Cookie"].partition(";")[0]

        def ask(collector: Collector, method: str = "GET", path: str = "/v1/agents", **more: str) -> int:
            asked = collector.request(method, path, key=None, Host="board.example", Cookie=cookie, **more)
            return asked.status

        assert (ask(first), ask(second)) == (200, 200)
        assert ask(second, "DELETE", "/v1/session", X_CSRF_Token=answer.json["csrf_token"]) == 200
        assert until(lambda: ask(first) == 401) < 1.0


def test_a_session_outlives_the_process_but_not_its_key(tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    host = {"Host": "board.example"}
    with running(store, keys=(LIVE,)) as collector:
        cookie = sign_in(collector, LIVE, **host).headers["Set-Cookie"].partition(";")[0]
    with running(store, keys=(LIVE,)) as collector:
        assert collector.request("GET", "/v1/agents", key=None, Cookie=cookie, **host).status == 200
    with running(store, keys=(TEST,)) as collector:
        assert collector.request("GET", "/v1/agents", key=None, Cookie=cookie, **host).status == 401


def test_a_session_is_over_after_its_time(tmp_path: Path) -> None:
    moment = [now_us()]
    with running(tmp_path / "s.db", keys=(LIVE,), clock=lambda: moment[0]) as collector:
        brief = make(collector, expires_in_days=1)["raw_key"]
        browser, short = Browser(collector, LIVE), Browser(collector, brief)
        assert "Max-Age=86400" in short.set_cookie
        moment[0] += 24 * 3600 * 1_000_000
        assert short.ask("GET", "/v1/agents").status == 401
        assert browser.ask("GET", "/v1/agents").status == 200
        moment[0] += SESSION_SECONDS * 1_000_000
        assert browser.ask("GET", "/v1/agents").status == 401


def test_only_hashes_of_sessions_are_kept(keyed: Collector, tmp_path: Path) -> None:
    browser = Browser(keyed, LIVE)
    files = [file.read_bytes() for file in tmp_path.iterdir()]
    assert not any(browser.token.encode() in content or browser.csrf.encode() in content for content in files)
    digest = hashlib.sha256(browser.token.encode()).hexdigest()
    assert any(digest.encode() in content for content in files)
    assert csrf_token(browser.token) == browser.csrf


def test_signing_in_again_and_again_keeps_little(keyed: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hiveboard.auth.session._MOST_PER_KEY", 3)
    browsers = [Browser(keyed, LIVE) for _ in range(5)]
    keyed.services.gate._grants.expire()
    assert [one.ask("GET", "/v1/agents").status for one in browsers] == [401, 401, 200, 200, 200]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{}", 400),
        (b"[]", 400),
        (b'{"key": 7}', 400),
        (b'{"key": "hb_live_wrong"}', 401),
        (b'{"key": ""}', 401),
        (b'{"key": "\\ud800"}', 400),
        (b'{"key": "hb_live_\\u0000"}', 401),
        (b'{"key": "' + b"x" * 300 + b'"}', 400),
        (b"[" * 100_000, 400),
    ],
)
def test_what_opens_no_session(keyed: Collector, body: bytes, status: int) -> None:
    answer = keyed.request("POST", "/v1/session", body, key=None)
    assert answer.status == status, answer.raw
    assert "Set-Cookie" not in answer.headers


def test_a_key_that_may_not_read_opens_no_session(keyed: Collector) -> None:
    key = make(keyed, scopes=["ingest"])["raw_key"]
    assert sign_in(keyed, key).status == 403


def test_guessing_by_signing_in_is_limited_too(tmp_path: Path) -> None:
    limits = Limits(failed_keys_burst=3, failed_keys_per_minute=1)
    with running(tmp_path / "s.db", keys=(LIVE,), limits=limits) as collector:
        assert [sign_in(collector, f"hb_live_{n}").status for n in range(5)] == [401] * 3 + [429] * 2


@pytest.mark.parametrize(
    "cookie", ["x", "", "=", "a=b; c", "hiveboard_session_{port}=nope", "hiveboard_session_{port}="]
)
def test_cookies_that_are_none(keyed: Collector, cookie: str) -> None:
    port = keyed.url.rpartition(":")[2]
    answer = keyed.request("GET", "/v1/agents", key=None, Cookie=cookie.replace("{port}", port))
    assert answer.status == 401


def test_without_a_session_nothing_is_asked(keyed: Collector) -> None:
    answer = keyed.request("GET", "/v1/session", key=None)
    assert (answer.status, answer.json["signed_in"], answer.json["auth"]) == (200, False, "keys")
    assert keyed.get("/v1/session", key="hb_live_wrong").status == 401
    assert keyed.get("/v1/session").json["signed_in"] is True


def test_collectors_on_one_machine_keep_their_cookies_apart() -> None:
    def name(host: str) -> str:
        return cookie_name(Request({"type": "http", "headers": [(b"host", host.encode())]}))

    assert name("localhost:8000") != name("localhost:8001")
    assert name("board.example") == "hiveboard_session"
    assert name("[::1]:8000") == name("localhost:8000")
    assert name("x:8;a=b") == "hiveboard_session"


@pytest.mark.parametrize("foreign", [{"Origin": "https://evil.example"}, {"Host": "evil.example"}])
def test_an_open_collector_obeys_its_own_page_only(collector: Collector, foreign: dict[str, str]) -> None:
    """Without any key: no question asked, yet nothing another web page sends is done."""
    token = collector.request("GET", "/v1/session", key=None).json
    assert (token["auth"], token["signed_in"]) == ("open", True)
    headers = {"X_CSRF_Token": token["csrf_token"]}
    own = collector.request("POST", "/v1/ingest", EMPTY, key=None, Origin=collector.url, **headers)
    assert own.status == 200
    assert collector.request("POST", "/v1/ingest", EMPTY, key=None, Origin=collector.url).status == 401
    for more in (headers, {"Authorization": "Bearer hb_live_x"}):
        answer = collector.request("POST", "/v1/ingest", EMPTY, key=None, **more, **foreign)
        assert answer.status in (403, 421)
    assert sign_in(collector, "hb_live_x").json["auth"] == "open"
    assert sign_in(collector, "hb_live_x", **foreign).status in (403, 421)


def test_no_page_may_ask_beforehand(keyed: Collector, collector: Collector) -> None:
    """What a browser asks before it sends a header of its own to another origin is answered with no permission."""
    for one in (keyed, collector):
        answer = one.request(
            "OPTIONS",
            "/v1/ingest",
            key=None,
            Origin="https://evil.example",
            Access_Control_Request_Method="POST",
            Access_Control_Request_Headers="authorization,x-csrf-token",
        )
        assert answer.status == 405
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize("visitor", ["203.0.113.7", "2001:db8::1", "127.0.0.1, 203.0.113.7", "unknown"])
def test_an_open_collector_does_not_answer_visitors_of_a_proxy(collector: Collector, visitor: str) -> None:
    assert collector.request("GET", "/v1/agents", key=None, X_Forwarded_For=visitor).status == 421
    assert collector.request("GET", "/v1/agents", key=None, X_Forwarded_For="127.0.0.1").status == 200
