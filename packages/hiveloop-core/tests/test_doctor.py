"""``hiveloop doctor`` in a process of its own, against collectors that are well, odd, silent and gone."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from hiveloop.commands.environment import is_within, masked
from hiveloop.commands.main import main
from hiveloop.commands.terminal import Paint, plain

KEY = "hb_live_0123456789abcdef"
Answer = tuple[int, dict[str, str], Any]


class Sham:
    """A collector that answers what it is told to, and keeps what it heard."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, str | None, bytes]] = []
        self.skew = 0.0
        self.answers: dict[str, Answer] = {
            "/health": (
                200,
                {"X-HiveBoard-Accept-Encoding": "gzip, zstd"},
                {"status": "ok", "version": "1.0.0", "auth": "keys"},
            ),
            "/v1/status": (200, {}, {"may": ["read", "write"]}),
            "/v1/ingest": (200, {}, {"accepted": 1, "rejected": 0, "errors": []}),
        }
        sham = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                sham.heard.append((self.command, self.path, self.headers.get("Authorization"), body))
                status, headers, content = sham.answers.get(self.path, (404, {}, {"message": "no such page"}))
                self.send_response_only(status)
                self.send_header("Date", formatdate(time.time() + sham.skew, usegmt=True))
                for name, value in headers.items():
                    self.send_header(name, value)
                data = content.encode() if isinstance(content, str) else json.dumps(content).encode()
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = _answer

            def log_message(self, *args: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def sham() -> Iterator[Sham]:
    collector = Sham()
    yield collector
    collector.close()


@pytest.fixture
def doctor(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str]]:
    for name in list(os.environ):
        if name.startswith("HIVELOOP_"):
            monkeypatch.delenv(name)

    def run(*arguments: str) -> tuple[int, str]:
        code = main(["doctor", *arguments])
        return code, capsys.readouterr().out

    return run


def test_all_is_well(sham: Sham) -> None:
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG", "SYSTEMROOT") if key in os.environ}
    done = subprocess.run(
        [sys.executable, "-m", "hiveloop", "doctor"],
        env={**kept, "HIVELOOP_ENDPOINT": sham.url, "HIVELOOP_API_KEY": KEY, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout
    assert not [line for line in lines if line.startswith("✗")]
    assert lines[0].startswith("✓ Python 3.")
    assert "msgspec" in lines[0]
    assert "✓ HIVELOOP_API_KEY=hb_live_…cdef" in lines
    assert f"✓ HIVELOOP_ENDPOINT={sham.url}" in lines
    assert "✓ the key hb_live_…cdef has the form of one" in lines
    assert f"✓ a collector answers at {sham.url}" in lines
    assert "✓ its version is 1.0.0, reads gzip, zstd" in lines
    assert any(line.startswith("✓ the clocks differ by") for line in lines)
    assert "✓ the collector accepts the key" in lines
    assert KEY not in done.stdout
    assert "\x1b" not in done.stdout
    # The key is not shown to what may be no collector, and nothing is sent unasked.
    assert [(method, path, bool(key)) for method, path, key, _ in sham.heard] == [
        ("GET", "/health", False),
        ("GET", "/v1/status", True),
    ]


def test_send_sends_one_event(sham: Sham, doctor: Callable[..., tuple[int, str]]) -> None:
    code, said = doctor("--endpoint", sham.url, "--api-key", KEY, "--send")
    assert code == 0, said
    assert "✓ the collector took an event of the agent hiveloop-doctor" in said
    (method, path, key, body) = sham.heard[-1]
    assert (method, path, key) == ("POST", "/v1/ingest", f"Bearer {KEY}")
    assert [event["event_type"] for event in json.loads(body)["events"]] == ["agent_registered"]
    sham.answers["/v1/ingest"] = (403, {}, {"error": "forbidden"})
    code, said = doctor("--endpoint", sham.url, "--api-key", KEY, "--send")
    assert code == 1
    assert "✗ the collector did not take an event: HTTP 403" in said


@pytest.mark.parametrize(
    ("page", "answer", "expected", "code"),
    [
        (
            "/v1/status",
            (401, {}, {"message": "this key is not known here"}),
            "✗ the collector refuses the key hb_live_…cdef: this key is not known here\n    → pass the right one",
            1,
        ),
        ("/v1/status", (403, {}, {}), "✓ the collector knows the key, which may not read", 0),
        ("/v1/status", (200, {}, {"may": ["read"]}), "✗ the collector knows the key, but it may not send", 1),
        (
            "/v1/status",
            (500, {}, "oops"),
            "✗ the collector could not say whether it accepts the key: HTTP 500",
            1,
        ),
        ("/health", (200, {}, "<html>hello</html>"), "answers (HTTP 200), but not as a collector", 1),
        ("/health", (200, {}, "[" * 5000), "answers (HTTP 200), but not as a collector", 1),
        (
            "/health",
            (302, {"Location": "https://elsewhere.example"}, ""),
            "redirects to https://elsewhere.example",
            1,
        ),
        ("/health", (200, {}, {"version": "2.1.0"}), "! its version is 2.1.0, reads nothing compressed", 0),
        ("/health", (200, {}, {"version": "1.0\x1b[31m"}), "✓ its version is 1.0\\u001b[31m", 0),
    ],
)
def test_what_a_collector_may_say(
    sham: Sham,
    doctor: Callable[..., tuple[int, str]],
    page: str,
    answer: Answer,
    expected: str,
    code: int,
) -> None:
    sham.answers[page] = answer
    got, said = doctor("--endpoint", sham.url, "--api-key", KEY)
    assert expected in said
    assert got == code, said


def test_an_address_with_a_path_is_pointed_out(sham: Sham, doctor: Callable[..., tuple[int, str]]) -> None:
    sham.answers["/v1/health"] = (200, {}, {"version": "1.0.0"})  # as a collector answers there, too
    code, said = doctor("--endpoint", f"{sham.url}/v1", "--api-key", KEY)
    assert code == 1
    assert f"✗ {sham.url}/v1 does not serve what a collector does" in said
    assert "without a path such as /v1?" in said


def test_a_collector_without_the_status_page_is_asked_for_agents(
    sham: Sham, doctor: Callable[..., tuple[int, str]]
) -> None:
    del sham.answers["/v1/status"]
    sham.answers["/v1/agents?limit=1"] = (200, {}, {"data": []})
    code, said = doctor("--endpoint", sham.url, "--api-key", KEY)
    assert "✓ the collector accepts the key" in said
    assert code == 0


@pytest.mark.parametrize(("skew", "words"), [(3600.0, "behind"), (-90.0, "ahead of")])
def test_a_wrong_clock(sham: Sham, doctor: Callable[..., tuple[int, str]], skew: float, words: str) -> None:
    sham.skew = skew
    code, said = doctor("--endpoint", sham.url, "--api-key", KEY)
    assert code == 1
    assert f"s {words} the collector's\n    → set it by NTP" in said


def test_nobody_listens(doctor: Callable[..., tuple[int, str]]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        code, said = doctor("--endpoint", f"http://127.0.0.1:{port}")
    assert code == 1
    assert (
        f"✗ cannot reach http://127.0.0.1:{port}: connection refused\n    → start one with 'hiveboard serve'"
        in said
    )
    assert "no key is given" in said


def test_a_silent_endpoint_takes_less_than_five_seconds(doctor: Callable[..., tuple[int, str]]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        code, said = doctor("--endpoint", f"http://127.0.0.1:{silent.getsockname()[1]}")
        took = time.monotonic() - began
    assert code == 1
    assert "✗ " in said
    assert "no answer" in said
    assert took < 5


def test_an_answer_that_trickles_takes_less_than_five_seconds(
    doctor: Callable[..., tuple[int, str]],
) -> None:
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def trickle() -> None:
            peer, _ = server.accept()
            with peer:
                peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
                while not ended.wait(0.2):
                    peer.sendall(b"x")

        thread = threading.Thread(target=trickle, daemon=True)
        thread.start()
        began = time.monotonic()
        code, said = doctor("--endpoint", f"http://127.0.0.1:{server.getsockname()[1]}")
        took = time.monotonic() - began
        ended.set()
        thread.join(5)
    assert code == 1
    assert "no answer from" in said
    assert took < 5


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--api-key", "nonsense"), "✗ api_key must start with hb_live_"),
        (("--api-key", "hb_read_0123456789abcdef"), "✗ the key hb_read_…cdef is for reading: it cannot send"),
        (("--endpoint", "collector.example.com"), "✗ endpoint must be an http:// or https:// URL"),
        (("--endpoint", "http://192.0.2.1:9", "--api-key", ""), "✗ "),
    ],
)
def test_settings_that_are_wrong(
    doctor: Callable[..., tuple[int, str]],
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    expected: str,
) -> None:
    monkeypatch.setattr("hiveloop.commands.doctor._NETWORK_SECONDS", 0.3)
    code, said = doctor(*arguments)
    assert expected in said
    assert code == 1


def test_a_wrong_key_does_not_keep_the_endpoint_from_being_checked(
    sham: Sham, doctor: Callable[..., tuple[int, str]]
) -> None:
    code, said = doctor("--endpoint", sham.url, "--api-key", "nonsense")
    assert code == 1
    assert f"✓ a collector answers at {sham.url}" in said
    assert [path for _, path, _, _ in sham.heard] == ["/health"]


def test_variables(
    sham: Sham, doctor: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HIVELOOP_ENDPIONT", "x")
    monkeypatch.setenv("HIVELOOP_ENVIRONMENT", "staging")
    code, said = doctor("--endpoint", sham.url, "--api-key", KEY)
    assert "! nothing reads HIVELOOP_ENDPIONT\n    → did you mean HIVELOOP_ENDPOINT?" in said
    assert "✓ HIVELOOP_ENVIRONMENT=staging" in said
    assert code == 0
    monkeypatch.setenv("HIVELOOP_AUDIT", "x")
    assert "✗ HIVELOOP_AUDIT is set: nothing is sent" in doctor("--endpoint", sham.url)[1]


def test_adapters_are_listed_with_their_frameworks(
    sham: Sham, doctor: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from importlib import metadata

    real = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: "0.3.1" if name == "langchain-core" else real(name))
    code, said = doctor("--endpoint", sham.url, "--api-key", KEY)
    assert f"✓ adapter tenacity: tenacity {real('tenacity')} (supported: >=8.2.3)" in said
    assert "✗ adapter langchain: langchain-core 0.3.1 is not supported (>=1.0 is)" in said
    assert "    → pip install 'langchain-core>=1.0'" in said
    assert code == 1


@pytest.mark.parametrize(
    ("version", "versions", "within"),
    [
        ("1.0", ">=1.0.0", True),
        ("0.9.99", ">=1.0", False),
        ("1.13", ">=1.13,<2", True),
        ("2.0.0", ">=1.13,<2", False),
        ("1.13.0rc1", ">=1.13", True),
        ("0.7.5", "<0.8,>=0.5.1", True),
        ("1.4.9", "~=1.4.2", True),
        ("1.5", "~=1.4.2", False),
        ("1.5", "!=1.5", False),
        ("2", "===2", True),
        ("1.0", "", True),
    ],
)
def test_versions(version: str, versions: str, within: bool) -> None:
    assert is_within(version, versions) is within


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        (KEY, "hb_live_…cdef"),
        ("hb_live_short", "hb_live_…"),
        ("hb_x", "hb_…"),
        ("secretsecretsecret", "sec…cret"),
    ],
)
def test_a_key_is_masked(key: str, shown: str) -> None:
    assert masked(key) == shown


def test_colour_is_for_terminals_that_want_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert Paint(is_terminal=True)("x", "red") == "\x1b[31mx\x1b[0m"
    assert Paint(is_terminal=False)("x", "red") == "x"
    monkeypatch.setenv("NO_COLOR", "1")
    assert Paint(is_terminal=True)("x", "red") == "x"
    assert plain("a\x1b[2Jb\u202ec") == "a\\u001b[2Jb\\u202ec"


@pytest.mark.parametrize(
    "arguments", [("--help",), ("doctor", "--help"), ("audit", "--help"), ("--version",)]
)
def test_help(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 0
    assert "hiveloop" in capsys.readouterr().out


def test_without_a_command_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "audit" in capsys.readouterr().out
