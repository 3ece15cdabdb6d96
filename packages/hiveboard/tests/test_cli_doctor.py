"""The doctor: each thing that may be wrong is found, told on one line and followed by its fix."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hiveboard.cli import app
from hiveboard.instant import now_us
from hiveboard.store import StoreCondition
from msgspec import structs
from typer.testing import CliRunner

from .conftest import Collector, recent, running

RUNNER = CliRunner()


def examine(url: str, *more: str) -> tuple[int, list[str]]:
    result = RUNNER.invoke(app, ["doctor", "--url", url, *more], env={"HIVEBOARD_KEY": ""})
    return result.exit_code, result.stdout.splitlines()


def fix_of(lines: list[str], part: str) -> str:
    """What follows the failed line with this in it."""
    at = next(number for number, line in enumerate(lines) if part in line)
    assert lines[at][0] in "✗!", lines
    return lines[at + 1]


def test_a_good_collector_gets_only_ticks(tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    with running(store, keys=("hb_live_one",)) as collector:
        collector.store([recent()])
        code, lines = examine(collector.url, "--key", "hb_live_one", "--store", str(store))
    assert code == 0, lines
    assert {line[0] for line in lines} == {"✓"}
    assert any("the last event arrived" in line for line in lines)
    assert any("schema" in line for line in lines)


def test_a_missing_collector_a_stranger_and_a_bad_key_are_told_apart(tmp_path: Path, stranger: str) -> None:
    code, lines = examine("http://127.0.0.1:9")
    assert code == 1
    assert "hiveboard serve" in fix_of(lines, "nothing answers")
    code, lines = examine(stranger)
    assert code == 1
    assert "--port" in fix_of(lines, "is taken by something that is no HiveBoard")
    with running(tmp_path / "s.db", keys=("hb_live_one",)) as collector:
        code, lines = examine(collector.url, "--key", "hb_live_two")
        assert code == 1
        assert "hiveboard keys create" in fix_of(lines, "your key")


def test_a_key_that_only_sends_or_only_asks_is_told_what_it_may(tmp_path: Path) -> None:
    with running(tmp_path / "s.db", keys=("hb_live_one", "hb_read_one")) as collector:
        made = collector.request("POST", "/v1/keys", b'{"name": "agent", "scopes": ["ingest"]}').json[
            "raw_key"
        ]
        code, lines = examine(collector.url, "--key", made)
        assert code == 0, lines
        assert "✓ the key is good; it may write" in lines
        code, lines = examine(collector.url, "--key", "hb_read_one")
        assert code == 0, lines
        assert "ingest" in fix_of(lines, "the key cannot send events")


def test_silence_is_a_note_and_no_failure(collector: Collector) -> None:
    code, lines = examine(collector.url)
    assert code == 0
    assert "hiveloop.init" in fix_of(lines, "no event has arrived yet")


def test_a_wrong_clock_and_a_full_disk_are_found(tmp_path: Path) -> None:
    with running(tmp_path / "s.db", clock=lambda: now_us() - 3_600_000_000) as collector:
        healthy = collector.services.store.condition

        async def full() -> StoreCondition:
            return structs.replace(await healthy(), trouble="database or disk is full", free_bytes=10)

        collector.services.store.condition = full  # type: ignore[method-assign]
        code, lines = examine(collector.url)
    assert code == 1
    assert "NTP" in fix_of(lines, "the clocks differ by 3600")
    assert "free space" in fix_of(lines, "the store takes no change: database or disk is full")
    assert "retention" in fix_of(lines, "10 bytes are free")


def test_a_store_file_is_looked_at_without_a_collector(tmp_path: Path) -> None:
    text = tmp_path / "text.db"
    text.write_text("no database " * 200)
    code, lines = examine("http://127.0.0.1:9", "--store", str(text))
    assert code == 1
    assert "--store" in fix_of(lines, "text.db cannot be read")
    _, lines = examine("http://127.0.0.1:9", "--store", str(tmp_path / "none" / "s.db"))
    assert "mkdir" in fix_of(lines, "there is no store")
    assert not (tmp_path / "none").exists()


class _Stranger(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>hello</html>")

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def stranger() -> Iterator[str]:
    """An HTTP server that is no HiveBoard."""
    server = http.server.HTTPServer(("127.0.0.1", 0), _Stranger)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
